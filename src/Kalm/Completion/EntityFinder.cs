using Kalm.Completion.Grounding;

namespace Kalm.Completion;

/// <summary>Finds entities as somebody types who need not know how they are written: by name and id, by what else they are called, by names
/// that are nearly the words, and by descriptions.</summary>
public static class EntityFinder
{
    /// <summary>Finds them: those of which the name or id holds the words as they stand first, and only then what else there is.</summary>
    /// <param name="completer">Knows the entities; its model is not asked.</param>
    /// <param name="words">The words.</param>
    /// <param name="most">At most so many.</param>
    public static IReadOnlyList<FoundEntity> Find(Completer completer, string words, int most)
    {
        ArgumentNullException.ThrowIfNull(completer);
        var (catalog, linker) = (completer.Catalog, completer.Grounder.Linker);
        var found = new List<FoundEntity>();
        var seen = new HashSet<int>();
        Add(catalog.Search(words, most), FoundBy.Name);
        if (found.Count >= most || string.IsNullOrWhiteSpace(words))
            return found;
        var asked = PlainWord.Of(words);
        Add(linker.Called(asked), FoundBy.Alias);
        Add(linker.Nearly(asked), FoundBy.Spelling);
        Add(Described(catalog, asked), FoundBy.Text);
        return found;

        void Add(IEnumerable<int> entities, FoundBy by)
        {
            foreach (var entity in entities)
            {
                if (found.Count >= most)
                    return;
                if (!catalog.IsHidden(entity) && seen.Add(entity))
                    found.Add(new FoundEntity(entity, by));
            }
        }
    }

    // All the words, in any order.
    private static IEnumerable<int> Described(Catalog catalog, List<PlainWord> words)
    {
        if (words.Count == 0 || words.Max(word => word.Text.Length) < 3)
            yield break;
        for (var number = 0; number < catalog.Numbers; number++)
        {
            var text = catalog[number].Description;
            if (words.All(word => text.Contains(word.Text, StringComparison.OrdinalIgnoreCase)))
                yield return number;
        }
    }
}
