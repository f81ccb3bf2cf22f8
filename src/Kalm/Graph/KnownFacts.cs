namespace Kalm.Graph;

/// <summary>The known answers of every query (entity, directed relation), by ids, over the splits it was built from:
/// what the standard evaluation protocol removes from the candidates.</summary>
public sealed class KnownFacts
{
    private readonly AnswerTable facts;

    /// <summary>Collects the facts of the given splits of a graph in both directions.</summary>
    public KnownFacts(KnowledgeGraph graph, params IReadOnlyList<Triple>[] splits)
    {
        ArgumentNullException.ThrowIfNull(graph);
        facts = new AnswerTable(graph.Entities.Count, splits.SelectMany(graph.Rows));
    }

    /// <summary>The known tails of a query, sorted and distinct; empty when there is none.</summary>
    public ReadOnlySpan<int> Answers(int entity, int directedRelation) => facts.Of(entity, directedRelation);

    /// <summary>The facts that an entity is in, read from it: directed relations, ascending, and the tail of each.</summary>
    public (ReadOnlyMemory<int> Relations, ReadOnlyMemory<int> Tails) FactsOf(int entity) => facts.Of(entity);

    /// <summary>The directed relations that an entity is in, ascending, each with where its facts lie in <see cref="FactsOf"/>.</summary>
    public List<(int DirectedRelation, int From, int To)> RelationsOf(int entity)
    {
        var relations = FactsOf(entity).Relations.Span;
        var found = new List<(int, int, int)>();
        for (int from = 0, to; from < relations.Length; from = to)
        {
            for (to = from + 1; to < relations.Length && relations[to] == relations[from];)
                to++;
            found.Add((relations[from], from, to));
        }
        return found;
    }

    /// <summary>Whether the fact (entity, directed relation, tail) is known.</summary>
    public bool Contains(int entity, int directedRelation, int tail) => Answers(entity, directedRelation).BinarySearch(tail) >= 0;
}
