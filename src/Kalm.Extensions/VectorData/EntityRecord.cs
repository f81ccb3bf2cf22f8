namespace Kalm.Extensions.VectorData;

/// <summary>An entity of a graph as a record of a vector store.</summary>
public sealed record EntityRecord
{
    /// <summary>The entity's id, by which it is found: the key.</summary>
    public required string Id { get; init; }

    /// <summary>What people call it.</summary>
    public required string Name { get; init; }

    /// <summary>What the model reads.</summary>
    public required string Text { get; init; }

    /// <summary>The model's vector of the text, of unit length; null where it was not asked for. It is never taken from a record that is
    /// written: the model makes it of the text.</summary>
    public ReadOnlyMemory<float>? Vector { get; init; }
}

/// <summary>What can be searched with in place of a text or a vector: the question which entities complete a triple.</summary>
/// <param name="Entity">The entity it starts at: an id, a name, or a text that the graph does not hold. It is no answer itself.</param>
/// <param name="Relation">A relation's id or text; its inverse text reads it backwards.</param>
public sealed record EntityQuery(string Entity, string Relation);
