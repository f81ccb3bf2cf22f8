using System.Text;
using Kalm.Language.Tokenization.Decoding;

namespace Kalm.Language.Tokenization;

/// <summary>Turns tokens that come one at a time into text: gives out what is complete, never half a character. All parts together are
/// what <see cref="Tokenizer.Decode(IReadOnlyList{int})"/> makes of all tokens. Not for several threads at once.</summary>
public sealed class StreamingDecoder
{
    private readonly Tokenizer tokenizer;
    private readonly DecodingRun run;
    private readonly StringBuilder text = new();

    internal StreamingDecoder(Tokenizer tokenizer, bool continues)
    {
        this.tokenizer = tokenizer;
        run = new(tokenizer.Definition.Decoding, continues);
    }

    /// <summary>The text that is complete with this token; empty while a character is not. Tokens of single bytes are complete with the
    /// first token that is none.</summary>
    public string Add(int id)
    {
        if (tokenizer.FragmentOf(id) is { } token)
            run.Add(token, text);
        return Take();
    }

    /// <summary>What is left when no more tokens come: a replacement character where one was begun and not finished.</summary>
    public string Finish()
    {
        run.Finish(text);
        return Take();
    }

    private string Take()
    {
        var taken = text.ToString();
        text.Clear();
        return taken;
    }
}
