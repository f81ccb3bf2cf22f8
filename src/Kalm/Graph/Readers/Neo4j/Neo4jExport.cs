using Kalm.Graph.Readers.JsonGraphs;

namespace Kalm.Graph.Readers.Neo4j;

/// <summary>What Neo4j imports and exports: tables of nodes and of relationships for its admin import, and the table and the JSON of
/// APOC.</summary>
internal sealed class Neo4jExport : IGraphReader
{
    /// <inheritdoc/>
    public string Key => "neo4j";

    /// <inheritdoc/>
    public string Name => "export of Neo4j";

    /// <inheritdoc/>
    public Recognition? Recognise(GraphFiles files, GraphOptions options)
    {
        var graph = new GraphBuilder(options);
        var tables = Neo4jTable.Find(files, graph);
        var texts = Texts(files, graph);
        GraphFile[] used = [.. tables.SelectMany(table => new[] { table.HeaderFile, table.File }).OfType<GraphFile>().Distinct(), .. texts];
        return used.Length == 0 ? null
            : new Recognition(Certainty.Certain, used, tables.Count > 0 ? $"{used[0].Shown}: a header of Neo4j"
                : $"{used[0].Shown}: JSON of APOC");
    }

    /// <inheritdoc/>
    public void Read(GraphFiles files, Recognition found, GraphBuilder graph)
    {
        var (tables, texts) = (Neo4jTable.Find(files, graph), Texts(files, graph));
        var nodes = new Neo4jNodes(graph);
        var listsNodes = texts.Count > 0 || tables.Exists(table => table.Header.IsOfNodes || table.Header.IsOfApoc);
        if (!listsNodes)
            graph.Warnings.Add($"{tables[0].File.Shown}: no table of nodes beside it; the ids serve as names");
        var edges = new Neo4jEdges(graph, nodes) { NodesAreImplied = !listsNodes };
        var (rows, json) = (new Neo4jRows(graph, nodes, edges), new Neo4jJson(graph, nodes, edges));
        foreach (var table in tables.Where(table => table.Header is { IsOfNodes: true, IsOfApoc: false }))
            rows.ReadNodes(table);
        foreach (var table in tables.Where(table => table.Header.IsOfApoc))
            rows.ReadBoth(table);
        foreach (var file in texts)
            json.Read(file);
        foreach (var table in tables.Where(table => table.Header is { IsOfNodes: false, IsOfApoc: false }))
            rows.ReadEdges(table);
        nodes.Finish();
        foreach (var table in tables.Where(table => table is { HeaderFile: null, Header.IsOnlyRow: true }))
            graph.Warnings.Add($"{table.File.Shown}: a header without rows; expected rows, or a file of the name without 'header'");
    }

    private static List<GraphFile> Texts(GraphFiles files, GraphBuilder graph) =>
        [.. files.Files.Where(file => files.IsSingle || file.Ending is ".json" or ".jsonl" or ".ndjson")
            .Where(file => JsonShape.Of(file, graph.Encoding) is { IsNeo4j: true })];
}
