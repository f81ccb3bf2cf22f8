using System.Text;
using Kalm.Graph;

namespace Kalm.Tests.Graph.Readers;

/// <summary>Whole files are read to the last fact, and damaged ones end in a message, whatever the damage.</summary>
public sealed class ReaderFuzzTests : IDisposable
{
    private const int Copies = 250;
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string, int> Formats()
    {
        var data = new TheoryData<string, int>();
        foreach (var format in new[] { "list.json", "lines.jsonl", "rows.jsonl", "nodelink.json", "import", "apoc.csv", "apoc.json", "g.graphml", "g.gml", "g.cypher" })
            for (var seed = 1; seed <= 3; seed++)
                data.Add(format, seed);
        return data;
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Awkward_names_come_back_as_they_were(string format, int seed)
    {
        var made = AwkwardGraph.Of(seed);
        var (path, _) = Write(made, format, Encoding.UTF8);
        var graph = KnowledgeGraph.Load(path);
        made.AssertRead(graph);
        if (format is not ("list.json" or "rows.jsonl"))
            made.AssertTexts(graph);
        Assert.Empty(graph.Reading.Skipped);
    }

    [Theory]
    [InlineData("list.json")]
    [InlineData("lines.jsonl")]
    [InlineData("nodelink.json")]
    [InlineData("apoc.json")]
    [InlineData("apoc.csv")]
    [InlineData("g.gml")]
    [InlineData("g.cypher")]
    public void Utf16_and_a_byte_order_mark_are_read_too(string format)
    {
        var made = AwkwardGraph.Of(4);
        foreach (var encoding in new Encoding[] { new UTF8Encoding(true), Encoding.Unicode, Encoding.BigEndianUnicode })
            made.AssertRead(KnowledgeGraph.Load(Write(made, format, encoding).Path));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Damaged_files_end_in_a_message(string format, int seed)
    {
        var (path, file) = Write(AwkwardGraph.Of(seed), format, new UTF8Encoding(false));
        var key = format switch { "import" or "apoc.csv" or "apoc.json" => "neo4j", "g.graphml" => "graphml", "g.gml" => "gml", "g.cypher" => "cypher", _ => "json" };
        var (read, refused) = await MangledFile.ReadAll(path, file, new GraphOptions { Format = key }, Copies, seed);
        Assert.Equal(Copies, read + refused);
        Assert.True(refused > 0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Damaged_nodes_of_neo4j_end_in_a_message(int seed)
    {
        var (path, _) = Write(AwkwardGraph.Of(seed), "import", new UTF8Encoding(false));
        var (read, refused) = await MangledFile.ReadAll(
            path, folder.File("import/nodes.csv"), new GraphOptions { Format = "neo4j" }, Copies, seed);
        Assert.Equal(Copies, read + refused);
        Assert.True(refused > 0);
    }

    public void Dispose() => folder.Dispose();

    private (string Path, string File) Write(AwkwardGraph made, string format, Encoding encoding)
    {
        if (format == "import")
        {
            var (nodes, edges) = made.Neo4jTables();
            folder.Write("import/nodes.csv", nodes);
            return (folder.File("import"), folder.Write("import/edges.csv", edges));
        }
        var path = folder.File(format);
        File.WriteAllText(path, format switch
        {
            "list.json" => made.JsonList(),
            "lines.jsonl" => made.JsonLines(),
            "rows.jsonl" => made.JsonRows(),
            "nodelink.json" => made.NodeLink(),
            "apoc.csv" => made.ApocTable(),
            "apoc.json" => made.ApocJson(),
            "g.graphml" => made.GraphMl(),
            "g.cypher" => made.Cypher(),
            _ => made.Gml(),
        }, encoding);
        return (path, path);
    }
}
