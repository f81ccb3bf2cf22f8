using System.Collections.Immutable;
using Kalm.Evaluation;
using Kalm.Graph;

namespace Kalm.Server.Indexing;

/// <summary>The entities of a graph and those added to it, by number, id, name and text. Safe to use from several threads.</summary>
internal sealed class Catalog
{
    private readonly GraphLookup lookup;
    private ImmutableList<Entity> added;

    /// <summary>Prepares the look-ups.</summary>
    public Catalog(KnowledgeGraph graph, IReadOnlyList<Entity> added)
    {
        Graph = graph;
        lookup = new GraphLookup(graph);
        this.added = [.. added];
    }

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
        if (lookup.Entity(words) is { } known)
            return Of(known);
        var place = added.FindIndex(entity => entity.Name.Equals(words, StringComparison.OrdinalIgnoreCase) || entity.Description == words);
        return place < 0 ? new QueryEntity(null, words) : Of(Graph.Entities.Count + place);
    }

    /// <summary>The directed relation that words mean.</summary>
    /// <exception cref="KalmException">The graph has no such relation.</exception>
    public int FindRelation(string words) => lookup.DirectedRelation(words);

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

    /// <summary>Adds an entity, which is the last from now on.</summary>
    public void Add(Entity entity) => added = added.Add(entity);

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
