namespace Kalm.Graph.Readers.Cypher;

/// <summary>Reads patterns, (a:Label {key: value})-[:TYPE {key: value}]->(b), and makes or finds what they describe.</summary>
/// <param name="words">The words of the statement.</param>
/// <param name="store">Takes nodes and relationships.</param>
/// <param name="bound">What variables stand for.</param>
internal sealed class CypherPatterns(CypherWords words, CypherStore store, Dictionary<string, object?> bound)
{
    /// <summary>A node that is looked for.</summary>
    /// <param name="Labels">Its labels.</param>
    /// <param name="Properties">Its properties.</param>
    public sealed record Sought(List<string> Labels, Dictionary<string, object?> Properties);

    /// <summary>Makes what patterns describe.</summary>
    /// <param name="isMerge">Whether what is there already is taken instead.</param>
    /// <returns>Whether anything was made.</returns>
    public bool Make(bool isMerge)
    {
        var isNew = false;
        do
        {
            if (words.Next.Kind == CypherKind.Name)
            {
                words.Name();
                words.Expect('=');
            }
            var from = Node(isMerge, ref isNew);
            while (words.Next.Is('-') || words.Next.Is('<'))
                from = Relationship(from, isMerge, ref isNew);
        }
        while (words.Takes(','));
        return isNew;
    }

    /// <summary>Reads the nodes that a MATCH looks for.</summary>
    public Dictionary<string, Sought> Wanted()
    {
        var wanted = new Dictionary<string, Sought>(StringComparer.Ordinal);
        do
        {
            var (variable, labels, properties) = Description();
            if (words.Next.Is('-') || words.Next.Is('<'))
                throw new CypherProblem("a MATCH of relationships; expected one of nodes, each by its properties");
            if (variable is not null && !bound.ContainsKey(variable))
                wanted[variable] = new Sought(labels, properties);
        }
        while (words.Takes(','));
        return wanted;
    }

    /// <summary>Reads labels: :Person:Actor, or :Person&amp;Actor.</summary>
    public List<string> Labels()
    {
        var labels = new List<string>();
        while (words.Takes(':') || (labels.Count > 0 && words.Takes('&')))
            labels.Add(words.Name());
        return labels;
    }

    private (string? Variable, List<string> Labels, Dictionary<string, object?> Properties) Description()
    {
        words.Expect('(');
        var variable = words.Next.Kind is CypherKind.Name or CypherKind.QuotedName ? words.Name() : null;
        var labels = Labels();
        Dictionary<string, object?> properties = words.Next.Is('{') ? words.Map() : [];
        if (properties.Count == 0 && !words.Next.Is(')') && words.Value() is IReadOnlyDictionary<string, object?> map)
            properties = map.ToDictionary(StringComparer.Ordinal);
        words.Expect(')');
        return (variable, labels, properties);
    }

    private CypherNode Node(bool isMerge, ref bool isNew)
    {
        var line = words.Next.Line;
        var (variable, labels, properties) = Description();
        if (variable is not null && bound.TryGetValue(variable, out var known))
        {
            if (labels.Count > 0 || properties.Count > 0)
                throw new CypherProblem($"labels or properties of '{variable}', which is there already; expected its name alone, or SET");
            return known as CypherNode ?? throw new CypherProblem($"'{variable}', which is no node here; expected one");
        }
        if (isMerge && properties.Count == 0 && labels.Count > 0)
            throw new CypherProblem($"a MERGE by the label '{labels[0]}' alone; expected a property that one node has");
        var node = isMerge && properties.Count > 0 ? store.Find(labels, properties) : null;
        if (node is null)
        {
            node = store.Add(variable, labels, properties, line);
            isNew = true;
        }
        if (variable is not null)
            bound[variable] = node;
        return node;
    }

    private CypherNode Relationship(CypherNode from, bool isMerge, ref bool isNew)
    {
        var (line, isBackwards) = (words.Next.Line, words.Takes('<'));
        words.Expect('-');
        string? variable = null;
        List<string> types = [];
        Dictionary<string, object?> properties = [];
        if (words.Takes('['))
        {
            variable = words.Next.Kind is CypherKind.Name or CypherKind.QuotedName ? words.Name() : null;
            types = Labels();
            if (words.Next.Is('{'))
                properties = words.Map();
            else if (!words.Next.Is(']') && words.Value() is IReadOnlyDictionary<string, object?> map)
                properties = map.ToDictionary(StringComparer.Ordinal);
            words.Expect(']');
        }
        words.Expect('-');
        if (!words.Takes('>') && !isBackwards)
            throw new CypherProblem("a relationship without a direction; expected -> or <-");
        if (types.Count != 1)
            throw new CypherProblem($"a relationship {(types.Count == 0 ? "without a type" : "with several types")}; expected one type");
        var to = Node(isMerge, ref isNew);
        var count = store.Edges.Count;
        var edge = isBackwards ? store.Edge(to, types[0], from, line, !isMerge) : store.Edge(from, types[0], to, line, !isMerge);
        isNew |= store.Edges.Count > count;
        foreach (var (key, value) in properties)
            if (value is not null)
                edge.Properties[key] = value;
        if (variable is not null)
            bound[variable] = edge;
        return to;
    }
}
