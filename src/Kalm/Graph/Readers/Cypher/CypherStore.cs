namespace Kalm.Graph.Readers.Cypher;

/// <summary>What a statement of Cypher asks for and cannot have.</summary>
/// <param name="message">What was found and what was expected.</param>
internal sealed class CypherProblem(string message) : Exception(message);

/// <summary>A node that a script makes.</summary>
/// <param name="Variable">What the script calls it; null where it has no name there.</param>
/// <param name="Line">Where it is made.</param>
internal sealed record CypherNode(string? Variable, int Line)
{
    /// <summary>Its labels.</summary>
    public List<string> Labels { get; } = [];

    /// <summary>Its properties.</summary>
    public Dictionary<string, object> Properties { get; } = new(StringComparer.Ordinal);
}

/// <summary>A relationship that a script makes.</summary>
/// <param name="Start">Where it begins.</param>
/// <param name="Type">Its type.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Line">Where it is made.</param>
internal sealed record CypherEdge(CypherNode Start, string Type, CypherNode End, int Line)
{
    /// <summary>Its properties.</summary>
    public Dictionary<string, object> Properties { get; } = new(StringComparer.Ordinal);
}

/// <summary>The nodes and relationships that scripts have made so far.</summary>
internal sealed class CypherStore
{
    private readonly List<CypherNode> nodes = [];
    private readonly List<CypherEdge> edges = [];
    private readonly Dictionary<(int, string, int), CypherEdge> known = [];
    private readonly Dictionary<CypherNode, int> numbers = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, Dictionary<string, List<CypherNode>>> indexes = new(StringComparer.Ordinal);

    /// <summary>The nodes, in the order they were made.</summary>
    public IReadOnlyList<CypherNode> Nodes => nodes;

    /// <summary>The relationships, in the order they were made.</summary>
    public IReadOnlyList<CypherEdge> Edges => edges;

    /// <summary>Makes a node.</summary>
    public CypherNode Add(string? variable, IEnumerable<string> labels, Dictionary<string, object?> properties, int line)
    {
        var node = new CypherNode(variable, line);
        numbers.Add(node, nodes.Count);
        nodes.Add(node);
        node.Labels.AddRange(labels.Distinct(StringComparer.Ordinal));
        foreach (var (key, value) in properties)
            Set(node, key, value);
        return node;
    }

    /// <summary>Makes a relationship, or finds it.</summary>
    /// <param name="start">Where it begins.</param>
    /// <param name="type">Its type.</param>
    /// <param name="end">Where it ends.</param>
    /// <param name="line">Where it is made.</param>
    /// <param name="isNew">Whether it is made though there is one.</param>
    public CypherEdge Edge(CypherNode start, string type, CypherNode end, int line, bool isNew)
    {
        var key = (numbers[start], type, numbers[end]);
        if (known.TryGetValue(key, out var found) && !isNew)
            return found;
        var edge = new CypherEdge(start, type, end, line);
        known.TryAdd(key, edge);
        edges.Add(edge);
        return edge;
    }

    /// <summary>Gives a node a property; null takes it away.</summary>
    public void Set(CypherNode node, string key, object? value)
    {
        if (value is null)
        {
            node.Properties.Remove(key);
            return;
        }
        node.Properties[key] = value;
        if (indexes.TryGetValue(key, out var index))
            Note(index, node, value);
    }

    /// <summary>The one node with some labels and properties; null where there is none.</summary>
    /// <exception cref="CypherProblem">There are several, or nothing is said of it.</exception>
    public CypherNode? Find(IReadOnlyList<string> labels, Dictionary<string, object?> properties)
    {
        if (properties.Count == 0)
            throw new CypherProblem($"a node by {(labels.Count > 0 ? $"the label '{labels[0]}'" : "nothing")} alone; expected a property "
                + "that one node has");
        CypherNode? found = null;
        foreach (var node in Having(properties.First()))
        {
            if (ReferenceEquals(node, found) || !labels.All(node.Labels.Contains)
                || !properties.All(property => node.Properties.TryGetValue(property.Key, out var own) && IsSame(own, property.Value)))
                continue;
            found = found is null ? node : throw new CypherProblem($"several nodes with {Words(properties)}; expected one");
        }
        return found;
    }

    /// <summary>Properties as messages show them.</summary>
    public static string Words(Dictionary<string, object?> properties) =>
        string.Join(" and ", properties.Select(property => $"{property.Key} '{CypherValues.Text(property.Value)}'"));

    // What had the property before and has another value now is told by whoever compares.
    private List<CypherNode> Having(KeyValuePair<string, object?> property)
    {
        if (!indexes.TryGetValue(property.Key, out var index))
        {
            indexes.Add(property.Key, index = new Dictionary<string, List<CypherNode>>(StringComparer.Ordinal));
            foreach (var node in nodes)
                if (node.Properties.TryGetValue(property.Key, out var own))
                    Note(index, node, own);
        }
        return index.TryGetValue(CypherValues.Text(property.Value), out var having) ? having : [];
    }

    private static void Note(Dictionary<string, List<CypherNode>> index, CypherNode node, object value)
    {
        var text = CypherValues.Text(value);
        if (!index.TryGetValue(text, out var having))
            index.Add(text, having = []);
        having.Add(node);
    }

    private static bool IsSame(object own, object? value) => value is not null && CypherValues.Text(own) == CypherValues.Text(value);
}
