namespace Kalm.Language.Tokenization;

/// <summary>Bounds what replacements make of a text: a few that feed each other could fill the memory.</summary>
internal static class TextLengthLimits
{
    /// <summary>The longest text that a part of tokenizer.json may put in the place of another.</summary>
    public const int LongestText = 100;

    private const int MostTimes = 100;
    private const int Allowance = 100;

    /// <summary>Refuses a text that has become more than a hundred times as long.</summary>
    /// <exception cref="KalmException">It has.</exception>
    public static void Check(string place, int before, int after)
    {
        if (after > Allowance + ((long)before * MostTimes))
            throw new KalmException(
                $"{place}: its replacements make {after} characters of {before}; expected at most {MostTimes} times as many");
    }

    /// <summary>The property <paramref name="name"/>, a text of bounded length.</summary>
    /// <exception cref="KalmException">It is missing, no text or too long.</exception>
    public static string ShortText(JsonPart part, string name)
    {
        var text = part.Require(name).Text();
        return text.Length <= LongestText ? text
            : throw part.Fault($"{name} has {text.Length} characters; supported: up to {LongestText}");
    }
}
