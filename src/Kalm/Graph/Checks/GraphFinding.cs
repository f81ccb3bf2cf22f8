namespace Kalm.Graph.Checks;

/// <summary>How much a finding matters.</summary>
public enum FindingSeverity
{
    /// <summary>Worth knowing.</summary>
    Note,

    /// <summary>Lowers what a model can learn, or blurs what its figures mean.</summary>
    Warning,

    /// <summary>Makes figures wrong.</summary>
    Serious,
}

/// <summary>Something of a kind that the doctor found in a graph.</summary>
/// <param name="Name">What was found.</param>
/// <param name="Count">How often; at least once.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Explanation">What was counted and what follows from it, in a line.</param>
/// <param name="Examples">Up to <see cref="GraphDoctor.ExamplesShown"/>.</param>
public sealed record GraphFinding(string Name, int Count, FindingSeverity Severity, string Explanation, IReadOnlyList<string> Examples);

/// <summary>From which length on a description counts as truncated.</summary>
/// <param name="Limit">The longest description that is read whole.</param>
/// <param name="Unit">What is counted, in words.</param>
/// <param name="Measure">The length of a text.</param>
public sealed record TextLimit(int Limit, string Unit, Func<string, int> Measure)
{
    /// <summary>Stands for the usual limit of 50 tokens when no tokenizer is at hand: 37 words at 0.75 words a token.</summary>
    public static TextLimit InWords { get; } = new(37, "words, about 50 tokens", CountWords);

    /// <summary>What white space separates.</summary>
    internal static int CountWords(string text)
    {
        var words = 0;
        var inWord = false;
        foreach (var character in text)
        {
            var isSpace = char.IsWhiteSpace(character);
            words += !isSpace && !inWord ? 1 : 0;
            inWord = !isSpace;
        }
        return words;
    }
}
