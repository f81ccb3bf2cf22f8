using System.Text.Json;
using Kalm.Graph.Readers.Records;
using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers.JsonGraphs;

/// <summary>Reads facts: objects with head, relation and tail under any of their usual keys, or lists of the three.</summary>
/// <param name="graph">Takes them.</param>
/// <param name="file">The file, for messages.</param>
/// <param name="split">Where they go.</param>
internal sealed class JsonFacts(GraphBuilder graph, GraphFile file, Split split)
{
    private const string Expected = "an object with head, relation and tail, or a list of the three";
    private static readonly string[] KindsOfTerms = ["uri", "bnode", "literal", "typed-literal"];
    private readonly JsonRows rows = new(graph, file, split);
    private readonly FactKeys keys = new(graph, file.Shown);
    private readonly FactWriter writer = new(graph, file.Shown, Expected);
    private readonly JsonNodes nodes = new(graph, file.Shown);
    private readonly List<Property> flattened = [];
    private string[] lastKeys = [];
    private ColumnRole[]? lastRoles;

    /// <summary>Whether the file has one list of nodes, so that an edge may name them by their places.</summary>
    public bool HasOneList { set => nodes.HasOneList = value; }

    /// <summary>What the keys of a record hold, also where the record lies in a member of it; null when it is no fact.</summary>
    public static ColumnRole[]? RolesOf(JsonElement record) => Heading.Roles(KeysOf(record))
        ?? record.EnumerateObject().Where(member => member.Value.ValueKind == JsonValueKind.Object)
            .Select(member => Heading.Roles(KeysOf(member.Value))).FirstOrDefault(roles => roles is not null);

    /// <summary>Reads a record.</summary>
    public void Add(JsonElement record, Place place)
    {
        try
        {
            if (record.ValueKind == JsonValueKind.Object)
                AddObject(record, place);
            else if (record.ValueKind == JsonValueKind.Array)
                rows.Add(record, place);
            else
                graph.Bad(place, $"{JsonText.NameOf(record)}; expected {Expected}");
        }
        catch (InvalidOperationException problem)
        {
            graph.Bad(place, NoUnicode(problem));
        }
    }

    /// <summary>Reads a node of a list; see <see cref="JsonNodes.Declare"/>.</summary>
    public void Declare(JsonElement node, string? id, Place place)
    {
        try
        {
            nodes.Declare(node, id, place);
        }
        catch (InvalidOperationException problem)
        {
            graph.Bad(place, NoUnicode(problem));
        }
    }

    /// <summary>Reads what was held back, and tells what was remarkable.</summary>
    public void Finish()
    {
        rows.Finish();
        writer.Finish();
        nodes.Finish();
    }

    private void AddObject(JsonElement record, Place place)
    {
        if (Roles(record) is { } roles)
        {
            writer.Begin();
            if (Put(record, roles, place))
                End(place);
            return;
        }
        // {"data": {"source": …}}, and what stands beside it.
        foreach (var member in record.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.Object || Roles(member.Value) is not { } inner)
                continue;
            writer.Begin();
            if (!Put(member.Value, inner, place))
                return;
            foreach (var other in record.EnumerateObject().Where(other => !other.NameEquals(member.Name)))
                PutAttribute(other.Name, other.Value);
            End(place);
            return;
        }
        graph.Bad(place, $"keys {string.Join(", ", KeysOf(record).Take(8).Select(key => $"'{key}'"))}; expected {Expected}, or what the "
            + "keys "
            + "hold, in their order, by --columns, such as head,relation,tail");
    }

    private static string NoUnicode(InvalidOperationException problem) =>
        $"a text that is no Unicode ({problem.Message.TrimEnd('.')}); expected whole characters";

    private void End(Place place)
    {
        // Where no record has a relation, all are edges of one kind.
        var isEdge = !keys.HasRelation || (lastRoles is not null && !lastRoles.Contains(ColumnRole.Relation));
        writer.End(split, place, isEdge ? ColumnPlan.OnlyRelation : null);
    }

    private bool Put(JsonElement record, ColumnRole[] roles, Place place)
    {
        var (index, literal, headIsNumber) = (0, (string?)null, false);
        foreach (var member in record.EnumerateObject())
        {
            var (role, value) = (roles[index++], member.Value);
            switch (role)
            {
                case ColumnRole.Tail when IsLiteral(value):
                    literal = TermOf(value) ?? JsonText.Of(value);
                    break;
                case ColumnRole.Head or ColumnRole.Tail when value.ValueKind != JsonValueKind.Null:
                    headIsNumber |= role == ColumnRole.Head && value.ValueKind == JsonValueKind.Number;
                    if ((TermOf(value) ?? nodes.Endpoint(value)) is not { } id)
                    {
                        graph.Bad(place, $"{JsonText.NameOf(value)} as {member.Name}; expected a text, or an object with id or name");
                        return false;
                    }
                    writer.Put(role, member.Name, id);
                    break;
                case ColumnRole.Relation when value.ValueKind == JsonValueKind.Object:
                    PutRelation(value);
                    break;
                case ColumnRole.Relation when value.ValueKind == JsonValueKind.Array:
                    graph.Bad(place, $"a list as {member.Name}; expected a text");
                    return false;
                case ColumnRole.Attribute:
                    PutAttribute(member.Name, value);
                    break;
                default:
                    if (JsonText.Of(value) is { } text)
                        writer.Put(role, member.Name, text);
                    else
                        PutAttribute(member.Name, value);
                    break;
            }
        }
        // Where heads are numbers, numbers are ids.
        if (literal is not null && headIsNumber)
            writer.Put(ColumnRole.Tail, "", literal);
        else if (literal is not null)
            writer.PutLiteral(literal);
        return true;
    }

    private void PutRelation(JsonElement value)
    {
        if (TermOf(value) is { } term)
        {
            writer.Put(ColumnRole.Relation, "", term);
            return;
        }
        var members = value.EnumerateObject().Where(member => JsonText.Of(member.Value) is { Length: > 0 })
            .Select(member => (Rank: EntityKeys.RankOfId(Heading.Key(member.Name)), Name: Heading.Key(member.Name), Text: JsonText.Of(
                member.Value)!))
            .Where(member => member.Rank >= 0 || member.Name == "type").OrderBy(member => member.Rank < 0 ? int.MaxValue : member.Rank)
                .ToList();
        if (members.Count == 0)
            return;
        writer.Put(ColumnRole.Relation, "", members[0].Text);
        if (members.FindIndex(1, member => EntityKeys.RankOfName(member.Name) >= 0) is > 0 and var words)
            writer.Put(ColumnRole.RelationText, "", members[words].Text);
    }

    private void PutAttribute(string key, JsonElement value)
    {
        flattened.Clear();
        JsonText.Flatten(key, value, flattened);
        foreach (var (name, text) in flattened)
            writer.Put(ColumnRole.Attribute, name, text);
    }

    // A number beside a list of nodes is one of them.
    private bool IsLiteral(JsonElement value) =>
        (value.ValueKind is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False && !nodes.AreListed)
        || (TermOf(value) is not null && value.GetProperty("type").GetString() is "literal" or "typed-literal");

    // {"type": "uri", "value": "http://…"}, as answers of SPARQL have it.
    private static string? TermOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String
        && KindsOfTerms.Contains(type.GetString()) && value.TryGetProperty("value", out var text) ? JsonText.Of(text) : null;

    // Most records have the keys of the one before.
    private ColumnRole[]? Roles(JsonElement record)
    {
        if (IsLikeLast(record))
            return lastRoles;
        var names = KeysOf(record);
        var roles = keys.Roles(names);
        if (roles is not null)
            (lastKeys, lastRoles) = (names, roles);
        return roles;
    }

    private bool IsLikeLast(JsonElement record)
    {
        var index = 0;
        foreach (var member in record.EnumerateObject())
            if (index >= lastKeys.Length || !member.NameEquals(lastKeys[index++]))
                return false;
        return index == lastKeys.Length && index > 0;
    }

    private static string[] KeysOf(JsonElement record) => [.. record.EnumerateObject().Select(member => member.Name)];
}
