namespace Kalm.Graph.Readers.Records;

/// <summary>Remembers which nodes a file lists, so that those which only edges name are told.</summary>
/// <param name="graph">Takes the warning.</param>
/// <param name="file">The file.</param>
internal sealed class DeclaredNodes(GraphBuilder graph, string file)
{
    private readonly HashSet<int> declared = [];
    private readonly HashSet<int> named = [];
    private PlaceCount repeated;

    /// <summary>How many are listed.</summary>
    public int Count => declared.Count;

    /// <summary>A node of the list.</summary>
    public void Declare(int entity, Place place)
    {
        if (!declared.Add(entity))
            repeated.Add(place);
    }

    /// <summary>Whether a node is listed so far.</summary>
    public bool Holds(int entity) => declared.Contains(entity);

    /// <summary>A node that an edge names.</summary>
    public void Name(int entity)
    {
        if (!declared.Contains(entity))
            named.Add(entity);
    }

    /// <summary>Warns of nodes that are listed twice, or not.</summary>
    public void Finish()
    {
        named.ExceptWith(declared);
        if (named.Count > 0)
            graph.Warnings.Add($"{file}: nodes that only edges name, such as '{graph.Entities.Id(named.Min())}': {named.Count:N0}");
        if (repeated.Count > 0)
            graph.Warnings.Add($"{repeated.First}: nodes that are listed again; what is said of them is joined: {repeated.Count:N0}");
    }
}
