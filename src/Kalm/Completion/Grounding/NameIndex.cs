using System.Text.RegularExpressions;
using Kalm.Graph;

namespace Kalm.Completion.Grounding;

/// <summary>The entities of a graph by their names: by whole ones (names and ids), by further ones (attributes, and what descriptions say
/// they are or were called), and by words of names. Twelve bytes a name or word; a look-up halves a sorted list.</summary>
internal sealed partial class NameIndex
{
    private static readonly HashSet<string> AliasAttributes =
    [
        "alias", "aliases", "altlabel", "alternativelabel", "alternatename", "alternativename", "alsoknownas", "synonym", "synonyms",
        "nickname", "shortname", "abbreviation", "acronym",
    ];

    private readonly KeyTable names;
    private readonly KeyTable aliases;
    private readonly KeyTable words;

    /// <summary>Reads names, once.</summary>
    /// <param name="entities">The entities, each with its number.</param>
    public NameIndex(IEnumerable<(int Number, Entity Entity)> entities)
    {
        var (whole, further, single) = (new KeyList(), new KeyList(), new KeyList());
        foreach (var (index, entity) in entities)
        {
            var name = PlainWord.Of(entity.Name).ToArray();
            LongestName = Math.Max(LongestName, name.Length);
            whole.Add(PlainWord.Key(name), index);
            whole.Add(PlainWord.Key([.. PlainWord.OfId(entity.Id)]), index);
            if (name.Length > 1)
                foreach (var word in name.Where(word => !QuestionWords.IsStop(word.Text)))
                    single.Add(PlainWord.Key([word]), index);
            foreach (var alias in AliasesOf(entity))
                further.Add(PlainWord.Key([.. PlainWord.Of(alias)]), index);
        }
        (names, aliases, words) = (whole.ToTable(), further.ToTable(), single.ToTable());
    }

    /// <summary>The most words in a name.</summary>
    public int LongestName { get; }

    /// <summary>The entities of a name or id; where there are none, those also called so.</summary>
    public int[] Named(ReadOnlySpan<PlainWord> name)
    {
        var key = PlainWord.Key(name);
        return names.Of(key) is { Length: > 0 } found ? found : aliases.Of(key);
    }

    /// <summary>The entities in whose name of several words this one stands.</summary>
    public int[] WithWord(PlainWord word) => words.Of(PlainWord.Key([word]));

    private static IEnumerable<string> AliasesOf(Entity entity)
    {
        foreach (var (name, value) in entity.Attributes)
            if (AliasAttributes.Contains(string.Concat(PlainWord.OfId(name).Select(word => word.Text))))
                yield return value;
        foreach (Match match in Called().Matches(entity.Description))
            yield return match.Groups[1].Value;
    }

    [GeneratedRegex(@"\b(?:called|known as)\s+(\p{Lu}[\p{L}\p{M}'’-]*(?:\s+\p{Lu}[\p{L}\p{M}'’-]*)*)")]
    private static partial Regex Called();

    private sealed class KeyList
    {
        private readonly List<ulong> keys = [];
        private readonly List<int> entities = [];

        public void Add(ulong key, int entity)
        {
            keys.Add(key);
            entities.Add(entity);
        }

        public KeyTable ToTable()
        {
            var (sorted, values) = (keys.ToArray(), entities.ToArray());
            Array.Sort(sorted, values);
            return new KeyTable(sorted, values);
        }
    }

    private sealed class KeyTable(ulong[] keys, int[] entities)
    {
        /// <summary>The entities of a key, ascending, each once.</summary>
        public int[] Of(ulong key)
        {
            var at = Array.BinarySearch(keys, key);
            if (at < 0)
                return [];
            var (first, end) = (at, at + 1);
            while (first > 0 && keys[first - 1] == key)
                first--;
            while (end < keys.Length && keys[end] == key)
                end++;
            return [.. entities[first..end].Distinct().Order()];
        }
    }
}
