using Kalm.Graph;

namespace Kalm.Completion;

/// <summary>Which split of a graph holds a fact. A fact of a relation that reads the same both ways is held in both directions.</summary>
/// <param name="graph">The graph.</param>
public sealed class FactSplits(KnowledgeGraph graph)
{
    private readonly (string Name, KnownFacts Facts)[] splits =
        [("train", graph.TrainFacts), ("valid", new KnownFacts(graph, graph.Valid)),
            ("test", new KnownFacts(graph, graph.Test))];

    /// <summary>The name of the first split that holds the fact: train, valid or test; null when none does.</summary>
    /// <param name="entity">The entity; null for one that the graph does not hold.</param>
    /// <param name="directedRelation">r, or r + R for its inverse.</param>
    /// <param name="answer">The other entity.</param>
    public string? Of(int? entity, int directedRelation, int answer) => entity is not { } known ? null : splits.FirstOrDefault(split =>
        split.Facts.Contains(known, directedRelation, answer)
        || (IsSymmetric(directedRelation) && split.Facts.Contains(known, graph.InverseOf(directedRelation), answer))).Name;

    /// <summary>All known answers of a query, ascending, each once.</summary>
    public int[] Answers(int entity, int directedRelation)
    {
        var answers = new SortedSet<int>();
        foreach (var (_, facts) in splits)
        {
            Add(facts.Answers(entity, directedRelation));
            if (IsSymmetric(directedRelation))
                Add(facts.Answers(entity, graph.InverseOf(directedRelation)));
        }
        return [.. answers];

        void Add(ReadOnlySpan<int> found)
        {
            foreach (var answer in found)
                answers.Add(answer);
        }
    }

    private bool IsSymmetric(int directedRelation) =>
        graph.DirectedRelationText(directedRelation) == graph.DirectedRelationText(graph.InverseOf(directedRelation));
}
