using Kalm.Graph;

namespace Kalm.Completion.Grounding;

/// <summary>Where a question names entities.</summary>
/// <param name="Start">The first word of the name.</param>
/// <param name="Length">Its words.</param>
/// <param name="Entities">Those that bear it.</param>
/// <param name="IsCapitalised">Whether it was written with a capital.</param>
internal sealed record Mention(int Start, int Length, int[] Entities, bool IsCapitalised)
{
    /// <summary>The place behind it.</summary>
    public int End => Start + Length;
}

/// <summary>What a question names.</summary>
/// <param name="Mentions">In the question's order.</param>
/// <param name="Unknown">Proper names that the graph does not know.</param>
internal sealed record LinkedNames(IReadOnlyList<Mention> Mentions, IReadOnlyList<string> Unknown);

/// <summary>Finds the entities that a question names: by ids, names and further names, the longest first; then misspelled; then by a word
/// of the name. Prepared once for a graph, when first asked.</summary>
internal sealed class EntityLinker
{
    private const int MostWords = 12;
    private const int MostSharing = 8;
    private const int LeastLetters = 4;
    private readonly KnowledgeGraph graph;
    private readonly Func<PlainWord, bool> isRelationWord;
    private readonly Lazy<NameIndex> names;
    private readonly Lazy<Spelling> spelling;

    // What changed since: numbers that the names of the graph no longer speak for, and the names in their place.
    private readonly Catalog? catalog;
    private readonly HashSet<int> changed = [];
    private readonly Lazy<NameIndex> changedNames = new(() => new NameIndex([]));

    /// <summary>Of a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="isRelationWord">Whether a word stands in the words of a relation.</param>
    public EntityLinker(KnowledgeGraph graph, Func<PlainWord, bool> isRelationWord)
    {
        (this.graph, this.isRelationWord) = (graph, isRelationWord);
        names = new(() => new NameIndex(graph.Entities.Index()));
        spelling = new(() => new Spelling(graph));
    }

    private EntityLinker(EntityLinker other, Catalog catalog)
    {
        (graph, isRelationWord, names, spelling) = (other.graph, other.isRelationWord, other.names, other.spelling);
        (this.catalog, changed) = (catalog, [.. catalog.Changed]);
        changedNames = new(() => new NameIndex(
            changed.Where(number => !catalog.IsHidden(number)).Select(number => (number, catalog[number]))));
    }

    /// <summary>The same after changes.</summary>
    public EntityLinker With(Catalog now) => new(this, now);

    private int LongestName => Math.Max(names.Value.LongestName, changedNames.Value.LongestName);

    /// <summary>Finds them.</summary>
    public LinkedNames Find(IReadOnlyList<PlainWord> question)
    {
        PlainWord[] words = [.. question];
        var usesCapitals = words.Skip(1).Any(word => word.IsCapitalised) && words.Any(word => !word.IsCapitalised);
        var (mentions, taken, unknown) = (new List<Mention>(), new bool[words.Length], new List<string>());
        Exact(words, mentions, taken);
        DropCommonWords(words, mentions, taken, usesCapitals);
        for (var at = 0; at < words.Length; at++)
            if (!taken[at] && MayBeName(words[at], usesCapitals))
            {
                if (Misspelled(words, at, taken, out var nearest) is { } found)
                    Take(found, mentions, taken);
                else if (nearest.Count > 1)
                    unknown.Add(
                        $"{words[at].Text}, which may be {string.Join(" or ", nearest.Select(Name))}");
            }
        for (var at = 0; at < words.Length; at++)
            if (!taken[at] && words[at].Text.Length >= LeastLetters && MayBeName(words[at], usesCapitals)
                && Sharing(words[at]) is { Length: > 0 and <= MostSharing } sharing)
                Take(new Mention(at, 1, sharing, words[at].IsCapitalised), mentions, taken);
        // The first word has its capital from its place.
        if (usesCapitals)
            unknown.AddRange(words.Skip(1).Where((word, index) =>
                !taken[index + 1] && word.IsCapitalised && MayBeName(word, usesCapitals)).Select(word => word.Text));
        return new LinkedNames([.. mentions.OrderBy(mention => mention.Start)], unknown);
    }

    /// <summary>Further entities in whose longer names a mention of one word stands.</summary>
    public int[] WithWord(PlainWord word) =>
        Sharing(word) is { Length: <= MostSharing } sharing ? sharing : [];

    /// <summary>The entities that are called so, written as names usually are or not.</summary>
    public IEnumerable<int> Called(IReadOnlyList<PlainWord> words) => words.Count == 0 ? [] : Named([.. words]);

    /// <summary>The entities of whose names each of the words is one, begins one or nearly does either; the likest first.</summary>
    public IEnumerable<int> Nearly(IReadOnlyList<PlainWord> words)
    {
        Dictionary<int, int>? all = null;
        foreach (var word in words.Where(word =>
            word.Text.Length >= LeastLetters - 1 && !QuestionWords.IsStop(word.Text)))
        {
            var found = new Dictionary<int, int>();
            foreach (var (other, edits) in spelling.Value.NearOrBegun(word.Text).Prepend((word.Text, 0)))
            {
                var nearly = word with { Text = other };
                foreach (var entity in Sharing(nearly).Concat(Named([nearly])))
                    if (all is null || all.ContainsKey(entity))
                        found[entity] = Math.Min(found.GetValueOrDefault(entity, int.MaxValue), edits);
            }
            all = all is null ? found : found.ToDictionary(item => item.Key, item => item.Value + all[item.Key]);
        }
        return (all ?? []).OrderBy(item => item.Value).ThenBy(item => Name(item.Key).Length).ThenBy(item => item.Key)
            .Select(item => item.Key);
    }

    private void Exact(PlainWord[] words, List<Mention> mentions, bool[] taken)
    {
        for (var length = Math.Min(Math.Min(words.Length, LongestName + 1), MostWords); length > 0; length--)
            for (var start = 0; start + length <= words.Length; start++)
            {
                var span = words.AsSpan(start, length);
                if (taken.AsSpan(start, length).Contains(true) || QuestionWords.IsStop(span[0].Text) || QuestionWords.IsStop(span[^1].Text))
                    continue;
                if (Named(span) is { Length: > 0 } entities)
                    Take(new Mention(start, length, entities, span[0].IsCapitalised), mentions, taken);
            }
    }

    // A word of everyday that is an entity's name too, as all words are in WordNet, is one only where nothing else is named.
    private void DropCommonWords(PlainWord[] words, List<Mention> mentions, bool[] taken, bool usesCapitals)
    {
        foreach (var mention in mentions.Where(mention => mention.Length == 1 && !mention.IsCapitalised).ToList())
        {
            var isRelations = isRelationWord(words[mention.Start]);
            var isOtherwiseWritten = usesCapitals
                && mention.Entities.All(entity => PlainWord.Of(Name(entity)) is [{ IsCapitalised: true }, ..]);
            if (mentions.Count == 1 || !(isRelations || isOtherwiseWritten))
                continue;
            mentions.Remove(mention);
            taken[mention.Start] = false;
        }
    }

    private bool MayBeName(PlainWord word, bool usesCapitals) => word.Text.Length > 1 && (word.IsCapitalised || !usesCapitals)
        && !QuestionWords.IsStop(word.Text) && !QuestionWords.IsGeneric(word) && !isRelationWord(word)
        && !spelling.Value.IsCommon(word.Text);

    // The longest name that one misspelled word completes, with the fewest edits; none where several do equally.
    private Mention? Misspelled(PlainWord[] words, int at, bool[] taken, out IReadOnlyList<int> nearest)
    {
        var (best, found) = ((Length: 0, Edits: int.MaxValue), new List<(Mention Mention, int[] Entities)>());
        foreach (var (other, edits) in spelling.Value.Near(words[at].Text))
        {
            var corrected = (PlainWord[])words.Clone();
            corrected[at] = words[at] with { Text = other };
            for (var start = Math.Max(0, at - LongestName + 1); start <= at; start++)
                for (var end = Math.Min(words.Length, start + LongestName); end > at; end--)
                {
                    if (taken.AsSpan(start, end - start).Contains(true)
                        || (end - start, -edits).CompareTo((best.Length, -best.Edits)) < 0
                        || QuestionWords.IsStop(words[start].Text) || QuestionWords.IsStop(words[end - 1].Text)
                        || Named(corrected.AsSpan(start, end - start)) is not { Length: > 0 } entities)
                        continue;
                    if ((end - start, edits) != best)
                        found.Clear();
                    best = (end - start, edits);
                    found.Add((new Mention(start, end - start, entities, words[start].IsCapitalised), entities));
                }
        }
        nearest = [.. found.SelectMany(item => item.Entities).Distinct()];
        return found.Count == 1 ? found[0].Mention : null;
    }

    private static void Take(Mention mention, List<Mention> mentions, bool[] taken)
    {
        mentions.Add(mention);
        taken.AsSpan(mention.Start, mention.Length).Fill(true);
    }

    private string Name(int entity) => catalog is null ? graph.Entities[entity].Name : catalog[entity].Name;

    private int[] Named(ReadOnlySpan<PlainWord> name) => changed.Count == 0 ? names.Value.Named(name)
        : [.. names.Value.Named(name).Where(number => !changed.Contains(number)), .. changedNames.Value.Named(name)];

    private int[] Sharing(PlainWord word) => changed.Count == 0 ? names.Value.WithWord(word)
        : [.. names.Value.WithWord(word).Where(number => !changed.Contains(number)), .. changedNames.Value.WithWord(word)];
}
