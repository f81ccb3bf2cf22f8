namespace Kalm.Graph;

/// <summary>A node of the graph.</summary>
/// <param name="Id">What the split files call it.</param>
/// <param name="Name">What people call it; other entities may bear the same name.</param>
/// <param name="Description">The long text that the model reads; never empty.</param>
public sealed record Entity(string Id, string Name, string Description);
