namespace Kalm.Language.Tokenization;

/// <summary>The one place that puts begin and end tokens around the ids of a text. What a text is used for decides, not what the tokenizer
/// would add by itself: that differs from family to family, and a model learns to end only what is ended.</summary>
public static class TokenSequences
{
    /// <summary>The start of what a model reads, a view or a prompt: the begin tokens where the tokenizer puts any, and never an end
    /// token.</summary>
    public static int[] Begin(this Tokenizer tokenizer, int[] tokens)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return tokenizer.BeginIds.Count > 0 ? [.. tokenizer.BeginIds, .. tokens] : tokens;
    }

    /// <summary>What a model learns to write, a response or the rest of a text: the tokens and the end token, once.</summary>
    /// <exception cref="KalmException">The tokenizer has no end token.</exception>
    public static int[] End(this Tokenizer tokenizer, int[] tokens)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(tokens);
        var end = tokenizer.EndId ?? throw new KalmException(
            "the tokenizer names no end token: a text could never end\nexpected eos_token in tokenizer_config.json, or eos_token_id in "
            + "generation_config.json or config.json");
        var length = tokens.Length;
        while (length > 0 && tokens[length - 1] == end)
            length--;
        return [.. tokens[..length], end];
    }

    /// <summary>A whole text to learn: begun and ended.</summary>
    /// <exception cref="KalmException">The tokenizer has no end token.</exception>
    public static int[] Whole(this Tokenizer tokenizer, string text)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return tokenizer.Begin(tokenizer.End(tokenizer.Encode(text)));
    }
}
