namespace Kalm.Graph;

/// <summary>A node of the graph.</summary>
/// <param name="Id">What the split files call it.</param>
/// <param name="Name">What people call it; other entities may bear the same name.</param>
/// <param name="Description">The long text that the model reads; never empty.</param>
public sealed record Entity(string Id, string Name, string Description)
{
    /// <summary>What kind of thing it is, in words; empty where the files do not say.</summary>
    public IReadOnlyList<string> Types { get; init; } = [];

    /// <summary>What is known of it beside its facts.</summary>
    public IReadOnlyList<GraphAttribute> Attributes { get; init; } = [];

    /// <summary>Whether two entities are the same in every member.</summary>
    public bool Equals(Entity? other) => other is not null && Id == other.Id && Name == other.Name && Description == other.Description
        && Types.SequenceEqual(other.Types) && Attributes.SequenceEqual(other.Attributes);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, Name, Description);
}
