using System.Globalization;
using Kalm.Graph.Readers.Records;
using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers.Networks;

/// <summary>Adds the edges of files for programs that draw and count networks: their relation is one of their properties, or the key that
/// tells edges between the same nodes apart.</summary>
/// <param name="graph">Takes the facts.</param>
/// <param name="file">The file, for messages.</param>
/// <param name="nodes">The nodes that the file lists.</param>
internal sealed class NetworkEdges(GraphBuilder graph, string file, DeclaredNodes nodes)
{
    private static readonly string[] Directions = ["directed", "undirected", "mutual"];
    private readonly FactWriter writer = new(graph, file, "source and target");
    private readonly KeyUses uses = new(graph, file);
    private readonly Dictionary<string, int> relationOf = new(StringComparer.Ordinal);
    private readonly List<Keyed> keyed = [];
    private bool tellsUnnamed;

    /// <summary>Adds an edge.</summary>
    /// <param name="source">Its first node.</param>
    /// <param name="target">Its second.</param>
    /// <param name="id">Its id or key; null where it has none.</param>
    /// <param name="properties">What else is said of it.</param>
    /// <param name="place">Where it stands.</param>
    public void Add(string source, string target, string? id, List<Property> properties, Place place)
    {
        // networkx numbers edges by a key, and Gephi calls a direction type.
        properties.RemoveAll(property => string.IsNullOrWhiteSpace(property.Value) || (property.Key == "key" && IsNumber(property.Value))
            || (property.Key is "type" or "Type" && Directions.Contains(property.Value.ToLowerInvariant())));
        var relation = RelationIn(properties);
        if (relation < 0 && id is not null && !IsCounted(id))
            keyed.Add(new Keyed(source, target, id, [.. properties], place));
        else
            Add(source, target, relation, null, properties, place);
    }

    /// <summary>Adds what was held back: edges without a relation whose ids repeat bear it as their id.</summary>
    public void Finish()
    {
        var areRelations = keyed.DistinctBy(edge => edge.Id).Count() * 2 <= keyed.Count;
        if (keyed.Count > 0 && areRelations)
            graph.Used(file, "id of an edge", "relation, as edges share theirs");
        foreach (var edge in keyed)
            Add(edge.Source, edge.Target, -1, areRelations ? edge.Id : null, edge.Properties, edge.Place);
        keyed.Clear();
        if (tellsUnnamed)
            graph.Used(file, "edges without a relation", $"relation '{ColumnPlan.OnlyRelation}'");
        writer.Finish();
    }

    private void Add(string source, string target, int relation, string? key, List<Property> properties, Place place)
    {
        writer.Begin();
        writer.Put(ColumnRole.Head, "source", source);
        writer.Put(ColumnRole.Tail, "target", target);
        if (key is not null)
            writer.Put(ColumnRole.Relation, "id", key);
        for (var index = 0; index < properties.Count; index++)
        {
            var (name, value) = properties[index];
            var role = index == relation ? ColumnRole.Relation : ColumnRole.Attribute;
            uses.Tell(name, ColumnPlan.Words(role, name));
            writer.Put(role, name, value);
        }
        tellsUnnamed |= relation < 0 && key is null;
        if (writer.End(Split.Train, place, ColumnPlan.OnlyRelation) is not { } fact)
            return;
        nodes.Name(fact.Head);
        nodes.Name(fact.Tail);
    }

    private int RelationIn(List<Property> properties)
    {
        if (properties.Count == 0)
            return -1;
        var joined = string.Join('\n', properties.Select(property => property.Key));
        if (!relationOf.TryGetValue(joined, out var relation))
            relationOf.Add(joined, relation = Heading.Relation(properties.Select(property => property.Key)));
        return relation;
    }

    private static bool IsNumber(string text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    // 7 and e7.
    private static bool IsCounted(string id) => IsNumber(id.StartsWith('e') ? id[1..] : id);

    /// <summary>An edge whose id may be its relation.</summary>
    private sealed record Keyed(string Source, string Target, string Id, List<Property> Properties, Place Place);
}
