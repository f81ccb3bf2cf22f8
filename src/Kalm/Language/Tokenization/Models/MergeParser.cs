using Kalm.Files;

namespace Kalm.Language.Tokenization.Models;

/// <summary>Makes a merge table of pairs of pieces.</summary>
internal sealed class MergeParser
{
    private readonly List<Merge> merges = [];
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> ids;
    private readonly int prefixLength;

    /// <summary>Begins with a vocabulary.</summary>
    public MergeParser(TokenizerDefinition definition)
    {
        ids = definition.ModelIds().GetAlternateLookup<ReadOnlySpan<char>>();
        prefixLength = definition.SubwordPrefix.Length;
    }

    /// <summary>How many pairs there are.</summary>
    public int Count => merges.Count;

    /// <summary>Adds a pair with a space between; returns what is wrong with it, empty where it is no pair, or null.</summary>
    public string? Add(string pair)
    {
        var space = pair.IndexOf(' ', StringComparison.Ordinal);
        return space < 0 || pair.IndexOf(' ', space + 1) >= 0 ? "" : Add(pair.AsSpan(0, space), pair.AsSpan(space + 1));
    }

    /// <summary>Adds a pair; returns what is wrong with it, or null. The mark of a piece that continues a word is not repeated within the
    /// whole.</summary>
    public string? Add(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        if (!ids.TryGetValue(left, out var leftId))
            return Missing(left);
        if (!ids.TryGetValue(right, out var rightId))
            return Missing(right);
        var whole = string.Concat(left, right[Math.Min(prefixLength, right.Length)..]);
        if (!ids.TryGetValue(whole, out var result))
            return Missing(whole);
        merges.Add(new(leftId, rightId, result));
        return null;

        static string Missing(ReadOnlySpan<char> piece) => $"'{FileFault.Plain(piece.ToString())}' is not in the vocabulary";
    }

    /// <summary>The table.</summary>
    public MergeTable Finish() => new(merges);
}
