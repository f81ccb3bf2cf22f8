using Kalm.Graph;

namespace Kalm.Representation;

/// <summary>The texts of a graph as the model sees them: encoded once, with equal texts under one number, because two entities with the
/// same encoded description (text twins) cannot be told apart, and a relation with the same text in both directions is symmetric.</summary>
public sealed class TextIndex
{
    /// <summary>Encodes every entity's description and every relation's two texts, on all cores.</summary>
    public TextIndex(KnowledgeGraph graph, Wording wording)
    {
        Wording = wording;
        (Descriptions, EntityText) =
            TokenTexts.Number(graph.Entities.Count, index => wording.Description(graph.Entities[index].Description));
        (Relations, RelationText) =
            TokenTexts.Number(2 * graph.RelationCount, index => wording.Relation(graph.DirectedRelationText(index)));
    }

    /// <summary>The wording behind the ids.</summary>
    public Wording Wording { get; }

    /// <summary>For each entity the number of its text; a text that none before it had has the next number.</summary>
    public int[] EntityText { get; }

    /// <summary>For each directed relation the number of its text.</summary>
    public int[] RelationText { get; }

    /// <summary>The ids of each distinct description, a new array at each reading.</summary>
    public IReadOnlyList<int[]> Descriptions { get; }

    /// <summary>The ids of each distinct relation text, likewise.</summary>
    public IReadOnlyList<int[]> Relations { get; }

    /// <summary>The number of the query (entity, directed relation): equal for equal query texts, and in the order of the
    /// descriptions.</summary>
    public long QueryText(int entity, int directedRelation) =>
        (long)EntityText[entity] * Relations.Count + RelationText[directedRelation];

    /// <summary>The number of the description in a query.</summary>
    public int EntityTextOf(long queryText) => (int)(queryText / Relations.Count);

    /// <summary>The number of the relation text in a query.</summary>
    public int RelationTextOf(long queryText) => (int)(queryText % Relations.Count);
}
