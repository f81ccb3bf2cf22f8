using Kalm.Graph;

namespace Kalm.Alignment;

/// <summary>The facts that train holds among the entities of a batch beside those that were drawn. Their descriptions are encoded for the
/// batch in any case, so that each costs the tokens of a relation only.</summary>
/// <param name="graph">The graph.</param>
internal sealed class InducedFacts(KnowledgeGraph graph)
{
    // The facts of a hub are met from their other ends, unless those are hubs too.
    private const int MostOfAnEntity = 4096;

    /// <summary>The rows of a batch, followed by those of the further facts, in an order that depends on the batch alone.</summary>
    public IReadOnlyList<DirectedRow> AddTo(IReadOnlyList<DirectedRow> drawn)
    {
        var entities = drawn.SelectMany(row => new[] { row.Head, row.Tail }).Distinct().ToList();
        var present = entities.ToHashSet();
        var rows = new List<DirectedRow>(drawn);
        var seen = drawn.Select(Once).ToHashSet();
        foreach (var entity in entities)
        {
            var facts = graph.AskedFacts.FactsOf(entity);
            var relations = facts.Relations.Span;
            var tails = facts.Tails.Span;
            if (tails.Length > MostOfAnEntity)
                continue;
            for (var index = 0; index < tails.Length; index++)
            {
                if (!present.Contains(tails[index]))
                    continue;
                Add(new DirectedRow(entity, relations[index], tails[index]));
                Add(new DirectedRow(tails[index], graph.InverseOf(relations[index]), entity));
            }
        }
        return rows;

        void Add(DirectedRow row)
        {
            if (seen.Add(Once(row)))
                rows.Add(row);
        }
    }

    // A symmetric relation reads the same both ways, and train may hold either.
    private DirectedRow Once(DirectedRow row) =>
        row.DirectedRelation >= graph.RelationCount && graph.Relations[row.DirectedRelation - graph.RelationCount].IsSymmetric
            ? row with { DirectedRelation = row.DirectedRelation - graph.RelationCount } : row;
}
