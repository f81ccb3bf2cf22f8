using Kalm.Graph;

namespace Kalm.Completion;

/// <summary>Which split of a graph holds a fact, or whether it was accepted since. A fact of a relation that reads the same both ways is
/// held in both directions.</summary>
public sealed class FactSplits
{
    /// <summary>What stands for a split where a fact was accepted since.</summary>
    public const string Added = "added";

    private readonly KnowledgeGraph graph;
    private readonly (string Name, KnownFacts Facts)[] splits;
    private readonly ReviewedFacts reviewed;

    private FactSplits(KnowledgeGraph graph, (string Name, KnownFacts Facts)[] splits, ReviewedFacts reviewed) =>
        (this.graph, this.splits, this.reviewed) = (graph, splits, reviewed);

    /// <summary>The facts of a graph's splits.</summary>
    public FactSplits(KnowledgeGraph graph)
        : this(graph, [("train", graph.TrainFacts), ("valid", new KnownFacts(graph, graph.Valid)),
            ("test", new KnownFacts(graph, graph.Test))], ReviewedFacts.None(graph))
    {
    }

    /// <summary>The same splits beside other reviewed facts.</summary>
    public FactSplits With(ReviewedFacts facts) => new(graph, splits, facts);

    /// <summary>The name of the first split that holds the fact: train, valid, test or added; null when none does.</summary>
    /// <param name="entity">The entity, by its number in the catalog; null for a text.</param>
    /// <param name="directedRelation">r, or r + R for its inverse.</param>
    /// <param name="answer">The other entity.</param>
    public string? Of(int? entity, int directedRelation, int answer) => entity is not { } known ? null
        : Split(known, directedRelation, answer)
            ?? (reviewed.Of(known, directedRelation, answer) is { IsAccepted: true } ? Added : null);

    /// <summary>All known answers of a query, ascending, each once.</summary>
    public int[] Answers(int entity, int directedRelation)
    {
        var answers = new SortedSet<int>(reviewed.Answers(entity, directedRelation, areAccepted: true));
        if (entity < graph.Entities.Count)
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

    /// <summary>What was rejected as an answer of a query, ascending, each once.</summary>
    public int[] Rejected(int entity, int directedRelation) => reviewed.Answers(entity, directedRelation, areAccepted: false);

    /// <summary>Whether a fact was rejected.</summary>
    public bool IsRejected(int? entity, int directedRelation, int answer) =>
        entity is { } known && reviewed.Of(known, directedRelation, answer) is { IsAccepted: false };

    private string? Split(int entity, int directedRelation, int answer) => entity >= graph.Entities.Count ? null
        : splits.FirstOrDefault(split => split.Facts.Contains(entity, directedRelation, answer)
            || (IsSymmetric(directedRelation) && split.Facts.Contains(entity, graph.InverseOf(directedRelation), answer))).Name;

    private bool IsSymmetric(int directedRelation) =>
        graph.DirectedRelationText(directedRelation) == graph.DirectedRelationText(graph.InverseOf(directedRelation));
}
