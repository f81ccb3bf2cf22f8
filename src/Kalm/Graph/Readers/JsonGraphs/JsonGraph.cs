using System.Text.Json;
using Kalm.Graph.Readers.Records;

namespace Kalm.Graph.Readers.JsonGraphs;

/// <summary>Facts as JSON: lines, a list, an object that holds lists of nodes and of edges or facts.</summary>
internal sealed class JsonGraph : IGraphReader
{
    private static readonly string[] Endings = [".json", ".jsonl", ".ndjson", ".jsonlines"];

    // Lists of these names hold edges and nothing else; of the others the first item tells.
    private static readonly string[] OfEdgesOnly = ["edges", "links", "triples", "triplets", "facts"];

    /// <inheritdoc/>
    public string Key => "json";

    /// <inheritdoc/>
    public string Name => "JSON of facts";

    /// <inheritdoc/>
    public Recognition? Recognise(GraphFiles files, GraphOptions options)
    {
        var isAsked = options.Format == Key || options.Columns is not null;
        var encoding = new GraphBuilder(options).Encoding;
        var found = files.Files.Where(file => files.IsSingle || Endings.Contains(file.Ending))
            .Select(file => (File: file, Shape: JsonShape.Of(file, encoding, isAsked && files.IsSingle)))
            .Where(item => item.Shape is { IsNeo4j: false }).ToList();
        if (found.Count == 0)
            return null;
        // Beside splits, other files are no part of the graph.
        var splits = found.Where(item => SplitNames.Of(item.File.Stem, out _) is not null).ToList();
        if (splits.Exists(item => SplitNames.Of(item.File.Stem, out _) == Split.Train))
            found = splits;
        return new Recognition(files.IsSingle ? Certainty.Certain : Certainty.Likely, [.. found.Select(item => item.File)],
            $"{found[0].File.Shown}: {found[0].Shape!.Because}");
    }

    /// <inheritdoc/>
    public void Read(GraphFiles files, Recognition found, GraphBuilder graph)
    {
        var areSplits = found.Files.Count > 1 && found.Files.Any(file => SplitNames.Of(file.Stem, out _) == Split.Train);
        foreach (var file in found.Files.OrderBy(SplitOf))
        {
            if (areSplits)
                graph.Used(file.Shown, "(name)", SplitOf(file).ToString().ToLowerInvariant());
            var facts = new JsonFacts(graph, file, SplitOf(file));
            if (JsonShape.Of(file, graph.Encoding, isAsked: true) is { Layout: JsonLayout.Container })
            {
                DeclareNodes(file, graph, facts);
                ReadEdges(file, graph, facts);
            }
            else
            {
                using var json = new JsonStream(file, graph.Encoding);
                JsonRecords.Read(json, graph, facts.Add);
            }
            facts.Finish();
        }
        graph.NameOfId ??= ReadableId.OfEntity;

        Split SplitOf(GraphFile file) => areSplits && SplitNames.Of(file.Stem, out _) is { } split ? split : Split.Train;
    }

    // Nodes first, wherever they stand: an edge may name one by its place in their list.
    private static void DeclareNodes(GraphFile file, GraphBuilder graph, JsonFacts facts)
    {
        using var json = new JsonStream(file, graph.Encoding);
        var objects = 0;
        for (; json.Peek(); objects++)
            if (json.Token == JsonTokenType.StartObject)
                JsonContainer.Walk(json, Take, _ => { });
            else
                json.Skip();
        facts.HasOneList = objects == 1;

        bool Take(string key)
        {
            if (!JsonShape.NodeLists.Contains(key))
                return false;
            graph.Used(file.Shown, $"'{key}'", "list of nodes");
            foreach (var (id, node) in JsonContainer.Items(json))
                facts.Declare(node, id, json.Place);
            return true;
        }
    }

    private static void ReadEdges(GraphFile file, GraphBuilder graph, JsonFacts facts)
    {
        var uses = new KeyUses(graph, file.Shown);
        using var json = new JsonStream(file, graph.Encoding);
        while (json.Peek())
        {
            if (json.Token == JsonTokenType.StartObject)
            {
                JsonContainer.Walk(json, Take, Leave);
                continue;
            }
            graph.Bad(json.Place, "something that is no object; expected objects that hold lists of nodes, edges or facts");
            json.Skip();
        }

        bool Take(string key)
        {
            if (JsonShape.NodeLists.Contains(key))
            {
                json.Skip();
                return true;
            }
            // An object is looked into, unless it is a list of edges by their ids.
            if (json.Token == JsonTokenType.StartObject && !OfEdgesOnly.Contains(key))
                return false;
            bool? areFacts = null;
            foreach (var (_, record) in JsonContainer.Items(json))
            {
                areFacts ??= AreFacts(key, record);
                if (areFacts == true)
                    facts.Add(record, json.Place);
            }
            uses.Tell(key, areFacts == true ? "list of facts" : "left out");
            return true;
        }

        void Leave(string key)
        {
            if (key == "directed" && json.Token == JsonTokenType.False)
                uses.Tell(key, "edges without a direction, read once, from source to target");
            else
                uses.Tell(key, "left out");
        }
    }

    private static bool AreFacts(string key, JsonElement first) => first.ValueKind switch
    {
        JsonValueKind.Object => OfEdgesOnly.Contains(key) || JsonFacts.RolesOf(first) is not null,
        JsonValueKind.Array => JsonShape.EdgeLists.Contains(key) || JsonShape.IsRow(first, false),
        _ => false,
    };
}
