using Kalm.Graph;

namespace Kalm.Completion.Grounding;

/// <summary>Words of names that are nearly a given one, and which words are too common to be misspelled names.</summary>
internal sealed class Spelling
{
    private const int LeastLetters = 4;
    private const int ManyLetters = 8;
    private const int CommonIn = 3;
    // What is common shows in so many descriptions as well as in all.
    private const int DescriptionsLookedAt = 50_000;
    private readonly ILookup<int, string> byLength;
    private readonly HashSet<string> common = [];

    /// <summary>Reads the names and descriptions of a graph, once.</summary>
    public Spelling(KnowledgeGraph graph)
    {
        byLength = graph.Entities.SelectMany(entity => PlainWord.Of(entity.Name)).Select(word => word.Text)
            .Where(word => word.Length >= LeastLetters - 1).Distinct().ToLookup(word => word.Length);
        var (counts, every) = (new Dictionary<string, int>(), Math.Max(1, graph.Entities.Count / DescriptionsLookedAt));
        for (var entity = 0; entity < graph.Entities.Count; entity += every)
            foreach (var word in PlainWord.Of(graph.Entities[entity].Description)
                .Where(word => !word.IsCapitalised).Select(word => word.Text).Distinct())
                if ((counts[word] = counts.GetValueOrDefault(word) + 1) >= CommonIn)
                    common.Add(word);
    }

    /// <summary>Whether descriptions use a word often, and not as a name.</summary>
    public bool IsCommon(string word) => common.Contains(word);

    /// <summary>The words of names within as many edits as a typing error makes: one in 4 to 7 letters, two in more.</summary>
    public IEnumerable<(string Word, int Edits)> Near(string word)
    {
        var most = MostEdits(word);
        if (most == 0)
            yield break;
        for (var length = word.Length - most; length <= word.Length + most; length++)
            foreach (var other in byLength[length])
                if (Edits(word, other, most) is { } edits)
                    yield return (other, edits);
    }

    /// <summary>The same, and longer words that begin with it or, where it has at least four letters, with one edit of it.</summary>
    public IEnumerable<(string Word, int Edits)> NearOrBegun(string word)
    {
        var most = Math.Min(1, MostEdits(word));
        return Near(word).Concat(byLength.Where(words => words.Key > word.Length).SelectMany(words => words)
            .Select(other => (Word: other, Edits: Edits(word, other.AsSpan(0, word.Length), most)))
            .Where(item => item.Edits is not null).Select(item => (item.Word, item.Edits!.Value + 1)));
    }

    /// <summary>How many edits a word may be away from what was meant.</summary>
    public static int MostEdits(string word) => word.Length < LeastLetters ? 0 : word.Length < ManyLetters ? 1 : 2;

    /// <summary>The fewest letters to insert, delete, replace or exchange with the next that turn one word into the other (optimal string
    /// alignment); null when there are more than allowed.</summary>
    public static int? Edits(ReadOnlySpan<char> left, ReadOnlySpan<char> right, int most)
    {
        if (Math.Abs(left.Length - right.Length) > most)
            return null;
        var (before, above, row) = (new int[right.Length + 1], new int[right.Length + 1], new int[right.Length + 1]);
        for (var column = 0; column <= right.Length; column++)
            above[column] = column;
        for (var line = 1; line <= left.Length; line++)
        {
            row[0] = line;
            var fewest = line;
            for (var column = 1; column <= right.Length; column++)
            {
                var edits = Math.Min(
                    above[column - 1] + (left[line - 1] == right[column - 1] ? 0 : 1), 1 + Math.Min(above[column], row[column - 1]));
                if (line > 1 && column > 1 && left[line - 1] == right[column - 2] && left[line - 2] == right[column - 1])
                    edits = Math.Min(edits, before[column - 2] + 1);
                row[column] = edits;
                fewest = Math.Min(fewest, edits);
            }
            if (fewest > most)
                return null;
            (before, above, row) = (above, row, before);
        }
        return above[right.Length] <= most ? above[right.Length] : null;
    }
}
