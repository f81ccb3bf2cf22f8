using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers.Records;

/// <summary>Takes the properties of nodes: name, description and types by their keys, everything else as attributes.</summary>
/// <param name="graph">Takes them.</param>
/// <param name="file">The file, for messages.</param>
internal sealed class NodeProperties(GraphBuilder graph, string file)
{
    private const string LabelKey = "label";
    private readonly Dictionary<string, (Kind Kind, int Rank)> kinds = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> labels = [];
    private readonly KeyUses uses = new(graph, file);

    private enum Kind
    {
        Attribute,
        Name,
        Text,
        Type,
        Label,
    }

    /// <summary>Whether the format has a place of its own for types; then a key called type is an attribute, and label a name.</summary>
    public bool HasTypesOfItsOwn { get; init; }

    /// <summary>Takes all that is said of a node.</summary>
    public void Set(int entity, IReadOnlyList<Property> properties)
    {
        var (name, text) = (Best(properties, Kind.Name), Best(properties, Kind.Text));
        for (var index = 0; index < properties.Count; index++)
        {
            var (key, value) = properties[index];
            if (string.IsNullOrWhiteSpace(value))
                continue;
            var (kind, rank) = KindOf(key);
            if (index == name)
                graph.SetName(entity, value, rank);
            else if (index == text)
                graph.SetText(entity, value, rank);
            else if (kind == Kind.Type)
                AddTypes(entity, value);
            else if (kind == Kind.Label && !labels.ContainsKey(entity))
                labels.Add(entity, value);
            else
                graph.AddAttribute(entity, key, value);
        }
    }

    /// <summary>Gives a node its types, which some formats write as :Person:Actor.</summary>
    public void AddTypes(int entity, string value)
    {
        if (!value.StartsWith(':'))
            graph.AddType(entity, value.Trim());
        else
            foreach (var type in value.Split(':', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                graph.AddType(entity, type);
    }

    /// <summary>Decides what a key called label is: the type where nodes share their labels, else the name, or an attribute of nodes that
    /// have one.</summary>
    public void Finish()
    {
        if (labels.Count == 0)
            return;
        var counts = labels.Values.CountBy(label => label).ToDictionary(StringComparer.Ordinal);
        var isType = labels.Values.Count(label => counts[label] > 1) * 2 >= labels.Count;
        uses.Tell(LabelKey, isType ? "type, as nodes share theirs" : "name, or attribute of an entity that has a name");
        foreach (var (entity, label) in labels)
            if (isType)
                AddTypes(entity, label);
            else if (graph.Entities.Name(entity) is not { } name)
                graph.SetName(entity, label, EntityKeys.RankOfName(LabelKey));
            else if (name != label)
                graph.AddAttribute(entity, LabelKey, label);
        labels.Clear();
    }

    private int Best(IReadOnlyList<Property> properties, Kind wanted)
    {
        var (best, least) = (-1, int.MaxValue);
        for (var index = 0; index < properties.Count; index++)
            if (KindOf(properties[index].Key) is var (kind, rank) && kind == wanted && rank < least
                && !string.IsNullOrWhiteSpace(properties[index].Value))
                (best, least) = (index, rank);
        return best;
    }

    private (Kind Kind, int Rank) KindOf(string key)
    {
        if (kinds.TryGetValue(key, out var known))
            return known;
        var plain = Heading.Key(key);
        var (nameRank, textRank) = (EntityKeys.RankOfName(plain), EntityKeys.RankOfText(plain));
        var kind = plain == LabelKey && !HasTypesOfItsOwn ? (Kind.Label, nameRank)
            : nameRank >= 0 ? (Kind.Name, nameRank)
            : textRank >= 0 ? (Kind.Text, textRank)
            : EntityKeys.IsType(plain) && !HasTypesOfItsOwn ? (Kind.Type, 0) : (Kind.Attribute, 0);
        kinds.Add(key, kind);
        if (kind.Item1 != Kind.Label)
            uses.Tell(key, kind.Item1 switch
            {
                Kind.Name => nameRank == 0 ? "name of the entity" : "name of the entity, or its attribute beside a better name",
                Kind.Text => textRank == 0 ? "description of the entity"
                    : "description of the entity, or its attribute beside a better one",
                Kind.Type => "type of the entity",
                _ => $"attribute '{key}' of the entity",
            });
        return kind;
    }
}
