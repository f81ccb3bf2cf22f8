using System.Collections.Immutable;
using Kalm.Graph;

namespace Kalm.Completion;

/// <summary>The entities of a graph and those added to it, by number, id, name and text. Safe to use from several threads.</summary>
public sealed class Catalog
{
    private ImmutableList<Entity> added;
    private FileStamp seen;

    private Catalog(KnowledgeGraph graph, string path)
    {
        (Graph, AddedPath) = (graph, path);
        (var written, seen) = Written();
        added = [.. written];
        Lookup = new GraphLookup(graph);
    }

    /// <summary>The entities of a graph, and those that were added to it.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="root">Where indices, and what was added, are kept.</param>
    /// <exception cref="KalmException">The file of added entities is not sound.</exception>
    public static Catalog Open(KnowledgeGraph graph, string root)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return new Catalog(graph, AddedEntities.PathOf(root, graph));
    }

    /// <summary>Where added entities are kept.</summary>
    public string AddedPath { get; }

    /// <summary>Finds what words mean in the graph.</summary>
    public GraphLookup Lookup { get; }

    /// <summary>The graph.</summary>
    public KnowledgeGraph Graph { get; }

    /// <summary>The number of entities.</summary>
    public int Count => Graph.Entities.Count + added.Count;

    /// <summary>What clients added.</summary>
    public ImmutableList<Entity> Added => added;

    /// <summary>An entity by its number.</summary>
    public Entity this[int index] => IsAdded(index) ? added[index - Graph.Entities.Count] : Graph.Entities[index];

    /// <summary>Whether a client added it.</summary>
    public bool IsAdded(int index) => index >= Graph.Entities.Count;

    /// <summary>The number of an id; null when there is none.</summary>
    public int? WithId(string id)
    {
        if (Graph.TryEntityIndex(id, out var index))
            return index;
        var place = added.FindIndex(entity => entity.Id == id);
        return place < 0 ? null : Graph.Entities.Count + place;
    }

    /// <summary>The entity that words mean: an id, a name, a description, or else a text of its own.</summary>
    /// <exception cref="KalmException">Several entities bear the name, or the words are blank.</exception>
    public QueryEntity Find(string words)
    {
        if (WithId(words) is { } id)
            return Of(id);
        if (Lookup.Entity(words) is { } known)
            return Of(known);
        var place = added.FindIndex(entity => entity.Name.Equals(words, StringComparison.OrdinalIgnoreCase) || entity.Description == words);
        return place < 0 ? new QueryEntity(null, words) : Of(Graph.Entities.Count + place);
    }

    /// <summary>The directed relation that words mean.</summary>
    /// <exception cref="KalmException">The graph has no such relation.</exception>
    public int FindRelation(string words) => Lookup.DirectedRelation(words);

    /// <summary>The entity as the start of a query.</summary>
    public QueryEntity Of(int index) => new(index, this[index].Description);

    /// <summary>The entities whose id or name holds the words, the best first: those that are the words, then those that begin with them,
    /// then those of which a word does, then the others; shorter names first.</summary>
    public IReadOnlyList<int> Search(string words, int most)
    {
        var found = new PriorityQueue<int, (int Kind, int Length, int Index)>();
        for (var index = 0; index < Count; index++)
            if (KindOf(this[index], words) is { } kind)
            {
                // Of the lowest priority first, so that the worst falls out.
                found.Enqueue(index, (-kind, -this[index].Name.Length, -index));
                if (found.Count > most)
                    found.Dequeue();
            }
        var best = new int[found.Count];
        for (var place = best.Length - 1; place >= 0; place--)
            best[place] = found.Dequeue();
        return best;
    }

    /// <summary>Whether the file of added entities is as it was when it was read or written last.</summary>
    public bool IsCurrent => FileStamp.Of(AddedPath) == seen;

    /// <summary>What the file of added entities holds now.</summary>
    /// <exception cref="KalmException">It is not sound.</exception>
    public (IReadOnlyList<Entity> Entities, FileStamp Stamp) Written()
    {
        // The stamp first: what is written meanwhile is read again.
        var stamp = FileStamp.Of(AddedPath);
        return (AddedEntities.Read(AddedPath, Graph), stamp);
    }

    /// <summary>Adds entities that the file holds, which are the last from now on.</summary>
    /// <param name="entities">The entities.</param>
    /// <param name="stamp">The file's when all that it holds has been added; else null.</param>
    public void Take(IReadOnlyList<Entity> entities, FileStamp? stamp) => (added, seen) = (added.AddRange(entities), stamp ?? seen);

    /// <summary>Adds an entity to the file and then here, as the last. One writer at a time.</summary>
    /// <exception cref="KalmException">The file cannot be written.</exception>
    public void Save(Entity entity)
    {
        AddedEntities.Write(AddedPath, added.Add(entity));
        Take([entity], FileStamp.Of(AddedPath));
    }

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
