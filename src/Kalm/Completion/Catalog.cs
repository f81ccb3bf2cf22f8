using Kalm.Graph;

namespace Kalm.Completion;

/// <summary>The entities and reviewed facts of a graph after all changes of a log, by number, id, name and text. Immutable: a change makes
/// another catalog. An entity keeps its number as long as it is there.</summary>
public sealed class Catalog
{
    private readonly CatalogState state;

    private Catalog(GraphLookup lookup, ChangeLog log, CatalogState state) => (Lookup, Log, this.state) = (lookup, log, state);

    /// <summary>The entities of a graph, and what was made of them.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="root">Where indices, and the log of changes, are kept.</param>
    /// <returns>What the log tells up to its damage, if it has any.</returns>
    /// <exception cref="KalmException">What an earlier version added cannot be taken over.</exception>
    public static Catalog Open(KnowledgeGraph graph, string root)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return new Catalog(new GraphLookup(graph), ChangeLog.Of(root, graph), CatalogState.Of(graph)).Follow().Catalog;
    }

    /// <summary>How far the log of changes has been read.</summary>
    public ChangeLog Log { get; }

    /// <summary>Finds what words mean in the graph as its files tell it.</summary>
    public GraphLookup Lookup { get; }

    /// <summary>The graph, as its files tell it.</summary>
    public KnowledgeGraph Graph => state.Graph;

    /// <summary>The number of the last change that is in it; 0 for none.</summary>
    public long Number => state.Number;

    /// <summary>What was said of facts.</summary>
    public ReviewedFacts Reviewed => state.Reviewed;

    /// <summary>The number of entities that are there.</summary>
    public int Count => Numbers - state.Hidden.Count;

    /// <summary>The numbers of entities: all below this one, also of those that are gone.</summary>
    public int Numbers => Graph.Entities.Count + state.Added.Count;

    /// <summary>What clients added, in the order of their numbers.</summary>
    public IEnumerable<Entity> Added => state.AddedIds.Values.Order().Select(number => state[number]);

    /// <summary>How many were added or are otherwise than in the graph.</summary>
    public int ChangedCount => state.AddedIds.Count + state.Edited.Count;

    /// <summary>The numbers of all that the graph's files do not tell as they are.</summary>
    internal IReadOnlySet<int> Changed =>
        new SortedSet<int>([.. state.Edited.Keys, .. state.Hidden, .. Enumerable.Range(Graph.Entities.Count, state.Added.Count)]);

    /// <summary>An entity by its number; of one that is gone, what it was.</summary>
    public Entity this[int number] => state[number];

    /// <summary>Whether a client added it.</summary>
    public bool IsAdded(int number) => number >= Graph.Entities.Count;

    /// <summary>Whether it is gone.</summary>
    public bool IsHidden(int number) => state.Hidden.Contains(number);

    /// <summary>Whether the model reads of it what the graph's files tell.</summary>
    public bool IsAsInGraph(int number) => !IsAdded(number)
        && (!state.Edited.TryGetValue(number, out var edited) || edited.Description == Graph.Entities[number].Description);

    /// <summary>The number of an id; null when there is no such entity, or no longer.</summary>
    public int? WithId(string id) => state.NumberOf(id) is { } number && !IsHidden(number) ? number : null;

    /// <summary>The number of an id of the graph whose entity is hidden; null when there is none.</summary>
    public int? HiddenWithId(string id) => state.NumberOf(id) is { } number && IsHidden(number) ? number : null;

    /// <summary>The entity that words mean: an id, a name, a description, or else a text of its own.</summary>
    /// <exception cref="KalmException">Several entities bear the name, or the words are blank.</exception>
    public QueryEntity Find(string words)
    {
        if (WithId(words) is { } id)
            return Of(id);
        if (Lookup.Entity(words, number => !IsHidden(number) && !state.Edited.ContainsKey(number)) is { } known)
            return Of(known);
        foreach (var number in state.Edited.Keys.Concat(state.AddedIds.Values).Order())
            if (!IsHidden(number) && (this[number].Name.Equals(words, StringComparison.OrdinalIgnoreCase)
                || this[number].Description == words))
                return Of(number);
        return new QueryEntity(null, words);
    }

    /// <summary>The directed relation that words mean.</summary>
    /// <exception cref="KalmException">The graph has no such relation.</exception>
    public int FindRelation(string words) => Lookup.DirectedRelation(words);

    /// <summary>The entity as the start of a query.</summary>
    public QueryEntity Of(int number) => new(number, this[number].Description);

    /// <summary>The entities whose id or name holds the words, the best first: those that are the words, then those that begin with them,
    /// then those of which a word does, then the others; shorter names first.</summary>
    public IReadOnlyList<int> Search(string words, int most)
    {
        var found = new PriorityQueue<int, (int Kind, int Length, int Number)>();
        for (var number = 0; number < Numbers; number++)
            if (!IsHidden(number) && KindOf(this[number], words) is { } kind)
            {
                // Of the lowest priority first, so that the worst falls out.
                found.Enqueue(number, (-kind, -this[number].Name.Length, -number));
                if (found.Count > most)
                    found.Dequeue();
            }
        var best = new int[found.Count];
        for (var place = best.Length - 1; place >= 0; place--)
            best[place] = found.Dequeue();
        return best;
    }

    /// <summary>A page of all entities, by their ids in ordinal order: whatever is added or deleted between two pages, one that is there
    /// all the while is on one of them.</summary>
    /// <param name="after">The id before the first, which need not be there any more; null begins.</param>
    /// <param name="most">At most so many.</param>
    public IReadOnlyList<int> Page(string? after, int most) =>
        [.. Lookup.IdsAfter(after).Where(number => !IsHidden(number)).Take(most)
            .Concat(state.AddedIds.Where(pair => after is null || string.CompareOrdinal(pair.Key, after) > 0).Select(pair => pair.Value))
            .OrderBy(number => this[number].Id, StringComparer.Ordinal).Take(most)];

    /// <summary>Reads on in the log.</summary>
    /// <returns>The catalog after what was read, and the numbers of entities whose text or presence is another there.</returns>
    public (Catalog Catalog, IReadOnlySet<int> Touched) Follow()
    {
        var (now, touched) = (state, new SortedSet<int>());
        var log = Log.Read(change => now = now.With(change, touched));
        return (new Catalog(Lookup, log, now), touched);
    }

    /// <summary>The catalog after a change that is not in the log yet.</summary>
    /// <param name="change">The change.</param>
    /// <param name="touched">Gains the number of the entity whose text or presence is another now.</param>
    /// <exception cref="KalmException">It does not fit what is there.</exception>
    public Catalog With(Change change, ISet<int> touched) => new(Lookup, Log, state.With(change, touched));

    /// <summary>The same, its changes on disk.</summary>
    /// <param name="changes">Those by which it differs from what the log tells.</param>
    /// <exception cref="KalmException">The log cannot be written.</exception>
    public Catalog Appended(IReadOnlyList<Change> changes) => new(Lookup, Log.Append(changes), state);

    private static int? KindOf(Entity entity, string words)
    {
        if (entity.Id.Equals(words, StringComparison.OrdinalIgnoreCase) || entity.Name.Equals(words, StringComparison.OrdinalIgnoreCase))
            return 0;
        var at = entity.Name.IndexOf(words, StringComparison.OrdinalIgnoreCase);
        if (at == 0)
            return 1;
        if (at > 0)
            return entity.Name.Contains(' ' + words, StringComparison.OrdinalIgnoreCase) ? 2 : 3;
        return entity.Id.Contains(words, StringComparison.OrdinalIgnoreCase) ? 4 : null;
    }
}
