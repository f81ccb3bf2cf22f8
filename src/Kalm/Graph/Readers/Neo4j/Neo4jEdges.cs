using Kalm.Graph.Readers.Records;

namespace Kalm.Graph.Readers.Neo4j;

/// <summary>Adds relationships, whose nodes must be there.</summary>
/// <param name="graph">Takes the facts.</param>
/// <param name="nodes">The nodes.</param>
internal sealed class Neo4jEdges(GraphBuilder graph, Neo4jNodes nodes)
{
    /// <summary>Whether nodes may be missing, because no file lists any.</summary>
    public bool NodesAreImplied { get; init; }

    /// <summary>Adds one.</summary>
    /// <param name="start">Where it begins.</param>
    /// <param name="type">Its type.</param>
    /// <param name="end">Where it ends.</param>
    /// <param name="properties">What else is said of it.</param>
    /// <param name="place">Where it stands.</param>
    /// <returns>What is wrong; null where nothing is.</returns>
    public string? Add(Neo4jEnd start, string type, Neo4jEnd end, IReadOnlyList<Property> properties, Place place)
    {
        if (string.IsNullOrWhiteSpace(start.Id) || string.IsNullOrWhiteSpace(end.Id) || type.Length == 0)
            return $"no {(type.Length == 0 ? "type" : string.IsNullOrWhiteSpace(start.Id) ? "start" : "end")}; "
                + "expected start, end and type of a relationship";
        var (head, tail) = (Find(start), Find(end));
        if (head < 0 || tail < 0)
        {
            var (missing, name) = head < 0 ? (start, "start") : (end, "end");
            var group = missing.Group.Length > 0 ? $" of the group '{missing.Group}'" : "";
            return $"{name} '{missing.Id}', which no node{group} has; expected the id of one of the {nodes.Count:N0} nodes";
        }
        if (type.AsSpan().IndexOfAny('\t', '\r', '\n') >= 0)
            return "a tab or a line end in the type; expected a name on one line";
        var fact = new Triple(head, graph.Relations.FindOrAdd(type, out _), tail);
        graph.Add(Split.Train, fact, place);
        foreach (var (key, value) in properties)
            graph.AddAttribute(fact, key, value);
        return null;
    }

    private int Find(Neo4jEnd end) => NodesAreImplied ? graph.Entities.FindOrAdd(end.Id, out _) : nodes.Find(end.Id, end.Group);
}

/// <summary>An end of a relationship.</summary>
/// <param name="Id">The node's id; empty where there is none.</param>
/// <param name="Group">The group that the id is of.</param>
internal readonly record struct Neo4jEnd(string Id, string Group);
