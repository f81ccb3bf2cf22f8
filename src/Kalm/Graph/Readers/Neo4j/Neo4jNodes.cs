namespace Kalm.Graph.Readers.Neo4j;

/// <summary>The nodes by their ids, which are unique in a group of them.</summary>
/// <param name="graph">Takes them.</param>
internal sealed class Neo4jNodes(GraphBuilder graph)
{
    private const int Undeclared = -1;
    private readonly List<string> groups = [];
    private readonly List<int> groupOf = [];
    private PlaceCount repeated;
    private PlaceCount shared;

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>The node of an id, which is added where it is new. An id that another group has already gets its group before it.</summary>
    public int Declare(string id, string group, Place place)
    {
        var number = NumberOf(group);
        if (Find(id, number) is >= 0 and var known)
        {
            repeated.Add(place);
            return known;
        }
        var own = id;
        while (graph.Entities.TryFind(own, out _))
            own = $"{(group.Length > 0 ? group : "node")}:{own}";
        if (own != id)
            shared.Add(place);
        var entity = graph.Entities.FindOrAdd(own, out _);
        while (groupOf.Count <= entity)
            groupOf.Add(Undeclared);
        groupOf[entity] = number;
        Count++;
        return entity;
    }

    /// <summary>The node that a relationship names; -1 where there is none.</summary>
    public int Find(string id, string group)
    {
        // Where all nodes are of one group, it need not be named.
        var number = groups.IndexOf(group);
        if (groups.Count == 1 && (group.Length == 0 || groups[0].Length == 0))
            number = 0;
        return number < 0 ? -1 : Find(id, number);
    }

    /// <summary>Tells what was remarkable.</summary>
    public void Finish()
    {
        if (repeated.Count > 0)
            graph.Warnings.Add($"{repeated.First}: nodes that stand there again; what is said of them is joined: {repeated.Count:N0}");
        if (shared.Count > 0)
            graph.Warnings.Add($"{shared.First}: ids that nodes of another group have, too; they are written with their group before them: "
                + $"{shared.Count:N0}");
    }

    private int Find(string id, int group)
    {
        var name = groups[group].Length > 0 ? groups[group] : "node";
        for (var own = id; graph.Entities.TryFind(own, out var entity); own = $"{name}:{own}")
            if (entity < groupOf.Count && groupOf[entity] == group)
                return entity;
        return -1;
    }

    private int NumberOf(string group)
    {
        var number = groups.IndexOf(group);
        if (number < 0)
        {
            number = groups.Count;
            groups.Add(group);
        }
        return number;
    }
}
