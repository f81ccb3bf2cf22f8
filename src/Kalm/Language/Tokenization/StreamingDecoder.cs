using System.Text;

namespace Kalm.Language.Tokenization;

/// <summary>Turns tokens that come one at a time into text: gives out what is complete, never half a character. All parts together are
/// what <see cref="Tokenizer.Decode(IReadOnlyList{int})"/> makes of all tokens. Not for several threads at once.</summary>
public sealed class StreamingDecoder
{
    private readonly Tokenizer _tokenizer;
    private readonly Decoder _characters = Encoding.UTF8.GetDecoder();
    private int _leadingLeft;
    private bool _first;

    internal StreamingDecoder(Tokenizer tokenizer, bool continues)
    {
        _tokenizer = tokenizer;
        _first = !continues;
        _leadingLeft = continues ? 0 : tokenizer.Definition.Decoding.LeadingCount;
    }

    /// <summary>The text that is complete with this token; empty while a character is not.</summary>
    public string Add(int id)
    {
        if (_tokenizer.BytesOf(id, _first) is not { } bytes)
            return "";
        _first = false;
        return Read(bytes, flush: false);
    }

    /// <summary>What is left when no more tokens come: a replacement character where one was begun and not finished.</summary>
    public string Finish() => Read([], flush: true);

    private string Read(byte[] bytes, bool flush)
    {
        var buffer = new char[_characters.GetCharCount(bytes, flush)];
        var text = buffer.AsSpan(0, _characters.GetChars(bytes, buffer, flush));
        var cut = _tokenizer.Definition.Decoding.CountLeading(text, _leadingLeft);
        // Only what comes before the first other character is cut.
        _leadingLeft = cut < text.Length ? 0 : _leadingLeft - cut;
        return text[cut..].ToString();
    }
}
