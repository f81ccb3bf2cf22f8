namespace Kalm.Graph;

/// <summary>A fact of the graph as it stands in a split file.</summary>
/// <param name="Head">Index of the head in <see cref="KnowledgeGraph.Entities"/>.</param>
/// <param name="Relation">Index of the relation in <see cref="KnowledgeGraph.Relations"/>.</param>
/// <param name="Tail">Index of the tail in <see cref="KnowledgeGraph.Entities"/>.</param>
public readonly record struct Triple(int Head, int Relation, int Tail);

/// <summary>The side of a triple that is predicted.</summary>
public enum Side
{
    /// <summary>The query is (head, relation, ?).</summary>
    Tail,

    /// <summary>The query is (tail, inverse relation, ?).</summary>
    Head,
}

/// <summary>A triple read in one direction: the query (<paramref name="Head"/>, <paramref name="DirectedRelation"/>) and its answer.
/// A triple (h, r, t) gives two of them: (h, r, t) and (t, r + number of relations, h).</summary>
/// <param name="Head">Index of the entity the query starts from.</param>
/// <param name="DirectedRelation">0 ≤ r &lt; R for relation r read forward, r + R for its inverse.</param>
/// <param name="Tail">Index of the entity that answers the query.</param>
public readonly record struct DirectedRow(int Head, int DirectedRelation, int Tail);
