using System.Text.Json;
using Kalm.Graph.Readers.JsonGraphs;
using Kalm.Graph.Readers.Records;

namespace Kalm.Graph.Readers.Neo4j;

/// <summary>Reads JSON as APOC exports it: nodes and relationships as lines, as one list, or in the members of one object.</summary>
/// <param name="graph">Takes what they hold.</param>
/// <param name="nodes">The nodes.</param>
/// <param name="edges">The relationships.</param>
internal sealed class Neo4jJson(GraphBuilder graph, Neo4jNodes nodes, Neo4jEdges edges)
{
    private const string Expected = "an object with the type node or relationship";
    private readonly List<Property> properties = [];

    /// <summary>Reads a file. A relationship may stand before its nodes: from the first such on, they are read when all nodes are
    /// known.</summary>
    public void Read(GraphFile file)
    {
        var about = new NodeProperties(graph, file.Shown) { HasTypesOfItsOwn = true };
        var (record, waitingFrom) = (0, int.MaxValue);
        Walk(file, false, (value, place) =>
        {
            record++;
            if (IsOfType(value, "node"))
                AddNode(value, about, place);
            else if (!IsOfType(value, "relationship"))
                graph.Bad(place, $"{Beginning(value)}; expected {Expected}");
            else if (waitingFrom == int.MaxValue && AddEdge(value, about, place) is not null)
                waitingFrom = record;
        });
        record = 0;
        if (waitingFrom < int.MaxValue)
            Walk(file, true, (value, place) =>
            {
                if (++record >= waitingFrom && IsOfType(value, "relationship") && AddEdge(value, about, place) is { } problem)
                    graph.Bad(place, problem);
            });
        about.Finish();
        graph.Used(file.Shown, "'start', 'label', 'end'", "head, relation, tail");
        graph.Used(file.Shown, "'labels'", "types");
    }

    private void Walk(GraphFile file, bool isSilent, Action<JsonElement, Place> take)
    {
        using var json = new JsonStream(file, graph.Encoding);
        if (JsonShape.Of(file, graph.Encoding) is { Layout: JsonLayout.Container })
        {
            json.Peek();
            JsonContainer.Walk(json, _ =>
            {
                foreach (var (_, value) in JsonContainer.Items(json))
                    Take(value, json.Place);
                return true;
            }, _ => { });
        }
        else
        {
            JsonRecords.Read(json, graph, Take, isSilent);
        }

        void Take(JsonElement value, Place place)
        {
            try
            {
                take(value, place);
            }
            catch (InvalidOperationException problem)
            {
                if (!isSilent)
                    graph.Bad(place, $"a text that is no Unicode ({problem.Message.TrimEnd('.')}); expected whole characters");
            }
        }
    }

    private void AddNode(JsonElement node, NodeProperties about, Place place)
    {
        if (IdOf(node) is not { Length: > 0 } id || id.AsSpan().IndexOfAny('\t', '\r', '\n') >= 0)
        {
            graph.Bad(place, "a node without an id on one line; expected id, labels and properties");
            return;
        }
        var entity = nodes.Declare(id, "", place);
        Describe(node, entity, about);
    }

    private void Describe(JsonElement node, int entity, NodeProperties about)
    {
        properties.Clear();
        if (node.TryGetProperty("properties", out var own) && own.ValueKind == JsonValueKind.Object)
            JsonText.Flatten("properties", own, properties);
        about.Set(entity, properties);
        if (node.TryGetProperty("labels", out var labels) && labels.ValueKind == JsonValueKind.Array)
            foreach (var label in labels.EnumerateArray())
                graph.AddType(entity, JsonText.Of(label) ?? "");
    }

    private string? AddEdge(JsonElement edge, NodeProperties about, Place place)
    {
        var (start, end) = (EndOf(edge, "start", about, place), EndOf(edge, "end", about, place));
        var type = edge.TryGetProperty("label", out var label) && label.ValueKind == JsonValueKind.String ? label.GetString()!.Trim() : "";
        properties.Clear();
        if (edge.TryGetProperty("properties", out var own) && own.ValueKind == JsonValueKind.Object)
            JsonText.Flatten("properties", own, properties);
        return edges.Add(start, type, end, properties, place);
    }

    // A relationship that is exported alone brings what is known of its nodes along.
    private Neo4jEnd EndOf(JsonElement edge, string name, NodeProperties about, Place place)
    {
        if (!edge.TryGetProperty(name, out var end) || IdOf(end) is not { } id)
            return new Neo4jEnd("", "");
        if (id.Length > 0 && end.ValueKind == JsonValueKind.Object && end.TryGetProperty("properties", out _) && nodes.Find(id, "") < 0)
            Describe(end, nodes.Declare(id, "", place), about);
        return new Neo4jEnd(id, "");
    }

    private static string? IdOf(JsonElement node) => node.ValueKind != JsonValueKind.Object ? JsonText.Of(node)?.Trim()
        : node.TryGetProperty("id", out var id) ? JsonText.Of(id)?.Trim() : null;

    private static bool IsOfType(JsonElement value, string type) => value.ValueKind == JsonValueKind.Object
        && value.TryGetProperty("type", out var own) && own.ValueKind == JsonValueKind.String && own.ValueEquals(type);

    private static string Beginning(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length <= 60 ? text : text[..60] + "…";
    }
}
