using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Completion;

/// <summary>Scores the directed relations between two entities: the mean cosine of both queries and their answers, (head, r) with the tail
/// and (tail, r inverse) with the head, a relation that reads the same both ways
/// standing once.</summary>
public sealed class RelationScores
{
    private readonly int[][] forward;
    private readonly int[][] backward;

    /// <summary>Prepares the relations of a graph.</summary>
    public RelationScores(KnowledgeGraph graph, Wording wording)
    {
        Directed = [.. Enumerable.Range(0, 2 * graph.RelationCount).Where(relation =>
            relation < graph.RelationCount
                || graph.DirectedRelationText(relation) != graph.DirectedRelationText(graph.InverseOf(relation)))];
        forward = [.. Directed.Select(relation => wording.Relation(graph.DirectedRelationText(relation)))];
        backward = [.. Directed.Select(relation => wording.Relation(graph.DirectedRelationText(graph.InverseOf(relation))))];
    }

    /// <summary>The relations that are scored.</summary>
    public int[] Directed { get; }

    /// <summary>The views that scoring a pair takes: the head's, then the tail's.</summary>
    public IReadOnlyList<ViewRequest> Views(int[] head, int[] tail) => [new(head, true, forward), new(tail, true, backward)];

    /// <summary>A score for each of <see cref="Directed"/>.</summary>
    /// <param name="vectors">The vectors of <see cref="Views"/>.</param>
    public float[] Of(IReadOnlyList<float[]> vectors)
    {
        var (head, tail) = (vectors[0], vectors[Directed.Length + 1]);
        return [.. Directed.Select((_, index) =>
            (EntityVectors.Dot(vectors[index + 1], tail) + EntityVectors.Dot(vectors[Directed.Length + 2 + index], head)) / 2)];
    }
}
