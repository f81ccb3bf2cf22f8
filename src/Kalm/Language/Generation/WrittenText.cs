using Kalm.Language.Tokenization;

namespace Kalm.Language.Generation;

/// <summary>The text of a growing sequence of tokens, given out only as far as it is certain: no half character, nothing that may turn out
/// to be the beginning of a stop text.</summary>
internal sealed class WrittenText(Tokenizer tokenizer, IReadOnlyList<string> stops)
{
    private readonly List<int> tokens = [];
    private readonly StreamingDecoder decoder = tokenizer.DecodeStream();
    private string decoded = "";
    private int given;

    /// <summary>The tokens so far.</summary>
    public IReadOnlyList<int> Tokens => tokens;

    /// <summary>Whether a stop text has come.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>All the text that is certain.</summary>
    public string Text => decoded[..given];

    /// <summary>Adds a token.</summary>
    /// <returns>The text that has become certain, often empty.</returns>
    public string Add(int token)
    {
        tokens.Add(token);
        decoded += decoder.Add(token);
        var complete = decoded.Length;
        foreach (var stop in stops)
        {
            var at = decoded.IndexOf(stop, Math.Max(0, given), StringComparison.Ordinal);
            if (at >= 0)
                (complete, IsStopped) = (Math.Min(complete, at), true);
        }
        return Give(IsStopped ? complete : complete - Held(decoded.AsSpan(0, complete)));
    }

    /// <summary>Gives out what was held back.</summary>
    public string Finish()
    {
        if (IsStopped)
            return "";
        decoded += decoder.Finish();
        return Give(decoded.Length);
    }

    // The longest end of the text that begins a stop text.
    private int Held(ReadOnlySpan<char> text)
    {
        var longest = 0;
        foreach (var stop in stops)
            for (var length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
                if (text.EndsWith(stop.AsSpan(0, length)))
                    longest = length;
        return longest;
    }

    private string Give(int end)
    {
        if (end <= given)
            return "";
        var piece = decoded[given..end];
        given = end;
        return piece;
    }
}
