using System.Text;
using System.Text.Json;
using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers.JsonGraphs;

/// <summary>How a JSON file holds its facts.</summary>
internal enum JsonLayout
{
    /// <summary>Facts one behind another: lines, or the items of a list.</summary>
    Records,

    /// <summary>One object whose members are lists of nodes, of edges, of facts.</summary>
    Container,
}

/// <summary>What the beginning of a JSON file tells.</summary>
/// <param name="Layout">How it holds its facts.</param>
/// <param name="IsNeo4j">Whether they are written as Neo4j's APOC exports them.</param>
/// <param name="Because">What tells so, in words.</param>
internal sealed record JsonShape(JsonLayout Layout, bool IsNeo4j, string Because)
{
    /// <summary>Members in which nodes are listed.</summary>
    public static readonly string[] NodeLists = ["nodes", "vertices", "entities", "concepts"];

    /// <summary>Members in which edges are listed.</summary>
    public static readonly string[] EdgeLists =
        ["edges", "links", "relationships", "rels", "relations", "arcs", "triples", "triplets", "facts", "statements"];

    private static readonly string[] OfLinkedData = ["@context", "@graph", "@id", "@type", "@value"];

    /// <summary>Looks at the beginning of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="encoding">Its encoding; null for UTF-8.</param>
    /// <param name="isAsked">Whether the user says that it is JSON of facts, so that what its keys mean is not asked.</param>
    /// <returns>Null when it is no JSON, or none that holds facts.</returns>
    public static JsonShape? Of(GraphFile file, Encoding? encoding, bool isAsked = false)
    {
        if (!BeginsAsJson(file.Head))
            return null;
        var head = file.Head.ToArray();
        var look = new Look();
        try
        {
            using var json = new JsonStream(new GraphFile(file.Name, file.Shown, () => new MemoryStream(head)), encoding);
            look.At(json);
        }
        catch (Exception problem) when (problem is KalmException or InvalidOperationException)
        {
            // The beginning may be cut off anywhere; what was seen before counts. Faults are told when it is read.
        }
        look.Decide();
        if (look.IsLinkedData)
            return null;
        // The edges may begin far behind many nodes.
        if (look.Found is null && look.HasNodes && head.Length == GraphFile.HeadBytes)
            return new JsonShape(JsonLayout.Container, false, "a list of nodes");
        return look.Found ?? (isAsked ? new JsonShape(look.Guessed, false, file.Shown) : null);
    }

    /// <summary>Whether an object is a node or a relationship of Neo4j.</summary>
    public static bool IsOfNeo4j(JsonElement record) => record.ValueKind == JsonValueKind.Object
        && record.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String
        && ((type.ValueEquals("node") && record.TryGetProperty("id", out _))
            || (type.ValueEquals("relationship") && record.TryGetProperty("start", out _) && record.TryGetProperty("end", out _)));

    /// <summary>Whether a list is a fact. A list of lists of numbers is a matrix, unless it is called a list of edges.</summary>
    public static bool IsRow(JsonElement row, bool isNamed)
    {
        var kinds = row.EnumerateArray().Select(item => item.ValueKind).ToList();
        return kinds.Count is >= 3 and <= 12 && kinds.TrueForAll(kind => kind is not (JsonValueKind.Array or JsonValueKind.Object))
            && kinds.Take(2).All(kind => kind == JsonValueKind.String || (kind == JsonValueKind.Number && isNamed))
            && kinds[2] != JsonValueKind.Null;
    }

    private static bool BeginsAsJson(ReadOnlySpan<byte> head)
    {
        var text = head;
        if (text.StartsWith(Encoding.UTF8.Preamble))
            text = text[3..];
        else if (text.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || text.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            text = text[2..];
        text = text.TrimStart("\0 \t\r\n"u8);
        return text.Length > 0 && text[0] is (byte)'{' or (byte)'[';
    }

    /// <summary>Collects what tells.</summary>
    private sealed class Look
    {
        private readonly List<string> keys = [];
        private string? neo4jType;
        private bool holdsRecord;

        public bool HasNodes { get; private set; }

        public bool IsLinkedData { get; private set; }

        public JsonShape? Found { get; private set; }

        public JsonLayout Guessed { get; private set; }

        public void At(JsonStream json)
        {
            json.Peek();
            if (json.Token == JsonTokenType.StartArray)
            {
                json.Step();
                json.Peek();
                if (json.Token is JsonTokenType.StartObject or JsonTokenType.StartArray)
                    Record(json, "");
                else
                    Row(json);
            }
            else
            {
                Guessed = JsonLayout.Container;
                Members(json, keys, 0);
                if (Found is null && json.Peek())
                    Guessed = JsonLayout.Records;
            }
        }

        // What the keys of the first object tell goes before what lists in it do: they may be attributes of a fact.
        public void Decide()
        {
            if (keys.Count == 0)
                return;
            if (neo4jType is not null && (neo4jType == "node" ? keys.Contains("id") : keys.Contains("start") && keys.Contains("end")))
                Found = new JsonShape(JsonLayout.Records, true, $"an object with type {neo4jType}");
            else if (Heading.Roles(keys) is not null || (Found is null && holdsRecord))
                Found = new JsonShape(JsonLayout.Records, false, $"an object with the keys {string.Join(", ", keys)}");
        }

        // Lines of lists of three, or a list of texts that is no graph.
        private void Row(JsonStream json)
        {
            var items = new List<JsonValueKind>();
            while (json.Peek() && json.Token != JsonTokenType.EndArray)
            {
                using var item = json.Value();
                items.Add(item.RootElement.ValueKind);
            }
            json.Step();
            if (items.Count >= 3 && json.Peek() && json.Token == JsonTokenType.StartArray)
                Found = new JsonShape(JsonLayout.Records, false, "lists of three");
        }

        private void Members(JsonStream json, List<string> own, int depth)
        {
            json.Step();
            while (json.Peek() && json.Token == JsonTokenType.PropertyName)
            {
                var key = json.Name;
                own.Add(key);
                IsLinkedData |= OfLinkedData.Contains(key);
                json.Step();
                json.Peek();
                var isList = json.Token == JsonTokenType.StartArray;
                if (depth == 0 && key == "type" && json.Token == JsonTokenType.String)
                    LookForNeo4j(json);
                else if (isList || (json.Token == JsonTokenType.StartObject && IsListed(key)))
                    FirstOf(json, key, isList);
                else if (json.Token == JsonTokenType.StartObject && depth < JsonContainer.Deepest)
                    Members(json, [], depth + 1);
                else
                    json.Skip();
                if (IsLinkedData)
                    return;
            }
            json.Step();
            holdsRecord |= depth == 1 && Heading.Roles(own) is not null;
        }

        private void LookForNeo4j(JsonStream json)
        {
            using var type = json.Value();
            if (type.RootElement.GetString() is "node" or "relationship")
                neo4jType = type.RootElement.GetString();
        }

        private static bool IsListed(string key) => NodeLists.Contains(key) || EdgeLists.Contains(key);

        // Looks at a list's first item, or at the first member of an object of nodes by their ids, and goes over the rest.
        private void FirstOf(JsonStream json, string key, bool isList)
        {
            json.Step();
            HasNodes |= NodeLists.Contains(key);
            for (var isFirst = true; json.Peek() && json.Token is not (JsonTokenType.EndArray or JsonTokenType.EndObject); isFirst = false)
            {
                if (!isList)
                {
                    json.Step();
                    json.Peek();
                }
                if (isFirst && Found is null)
                    Record(json, key);
                else
                    json.Skip();
            }
            json.Step();
        }

        private void Record(JsonStream json, string key)
        {
            using var value = json.Value();
            var record = value.RootElement;
            var layout = key.Length > 0 ? JsonLayout.Container : JsonLayout.Records;
            var where = key.Length > 0 ? $"'{key}' with " : "";
            Guessed = layout;
            if (record.ValueKind == JsonValueKind.Object)
            {
                string[] names = [.. record.EnumerateObject().Select(member => member.Name)];
                if (names.Any(OfLinkedData.Contains))
                    IsLinkedData = true;
                else if (IsOfNeo4j(record))
                    Found = new JsonShape(layout, true, $"{where}objects with type {record.GetProperty("type").GetString()}");
                else if (!NodeLists.Contains(key) && JsonFacts.RolesOf(record) is not null)
                    Found = new JsonShape(layout, false, $"{where}objects with the keys {string.Join(", ", names)}");
            }
            else if (record.ValueKind == JsonValueKind.Array && IsRow(record, EdgeLists.Contains(key)))
            {
                Found = new JsonShape(layout, false, $"{where}lists of three");
            }
        }
    }
}
