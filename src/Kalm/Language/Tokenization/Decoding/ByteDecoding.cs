using System.Text;

namespace Kalm.Language.Tokenization.Decoding;

/// <summary>Reads the letters of pieces as bytes, which together are UTF-8; what is not becomes U+FFFD. Added tokens stand for their
/// text.</summary>
internal sealed record ByteLevelDecoding : DecodingStep
{
    public override bool Joins => true;

    public override DecodingState Begin(bool continues) => new State();

    private sealed class State : DecodingState
    {
        private readonly Decoder characters = Encoding.UTF8.GetDecoder();

        public override void Add(Fragment fragment, List<Fragment> output) =>
            Read(fragment.IsAdded ? Encoding.UTF8.GetBytes(fragment.Text) : ByteAlphabet.Read(fragment.Text), flush: false, output);

        public override void Finish(List<Fragment> output) => Read([], flush: true, output);

        private void Read(byte[] bytes, bool flush, List<Fragment> output)
        {
            var text = new char[characters.GetCharCount(bytes, flush)];
            characters.GetChars(bytes, text, flush);
            if (text.Length > 0)
                output.Add(new(new(text), IsAdded: false));
        }
    }
}

/// <summary>Reads <c>&lt;0x0A&gt;</c> as a byte. Such tokens that follow each other are UTF-8 together, or each becomes U+FFFD: so they
/// wait for the first other token.</summary>
internal sealed record ByteTokenDecoding : DecodingStep
{
    public override DecodingState Begin(bool continues) => new State();

    private sealed class State : DecodingState
    {
        private readonly List<byte> bytes = [];

        public override void Add(Fragment fragment, List<Fragment> output)
        {
            if (ByteToken.Read(fragment.Text) is { } value)
            {
                bytes.Add(value);
                return;
            }
            Finish(output);
            output.Add(fragment);
        }

        public override void Finish(List<Fragment> output)
        {
            var content = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes);
            if (System.Text.Unicode.Utf8.IsValid(content))
            {
                if (bytes.Count > 0)
                    output.Add(new(Encoding.UTF8.GetString(content), IsAdded: false));
            }
            else
            {
                // One for each, and each a fragment of its own.
                for (var count = 0; count < bytes.Count; count++)
                    output.Add(new("\uFFFD", IsAdded: false));
            }
            bytes.Clear();
        }
    }
}
