using Kalm.Graph;
using Parquet;
using Parquet.Schema;

namespace Kalm.Tests.Graph.Readers;

public sealed class GraphRagTests : IDisposable
{
    private const int Copies = 250;
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Edges_of_another_program_keep_their_sentences()
    {
        var graph = KnowledgeGraph.Load(GraphCases.Require("graphrag"));
        Assert.Equal((46, 1, 68), (graph.Entities.Count, graph.RelationCount, graph.Train.Count));
        Assert.Equal("is related to", graph.Relations[0].Text);
        Assert.All(graph.Train, fact =>
        {
            var (head, tail) = (graph.Entities[fact.Head].Name, graph.Entities[fact.Tail].Name);
            var sentence = graph.FactAttributes.Of(fact).Single(attribute => attribute.Name == "description").Value;
            Assert.StartsWith(head + " ", sentence, StringComparison.OrdinalIgnoreCase);
            Assert.EndsWith(" " + tail, sentence, StringComparison.OrdinalIgnoreCase);
        });
    }

    [Fact]
    public async Task Titles_are_names_and_what_joins_tables_is_left_out()
    {
        await WriteTables();
        folder.Write("rag/stats.json", "{\"total\": 3}");
        var graph = KnowledgeGraph.Load(folder.File("rag"));
        Assert.Equal(["ANN", "ROME", "ALONE"], graph.Entities.Select(entity => entity.Name));
        Assert.Equal("a potter, in Rome", graph.Entities[0].Description);
        Assert.Equal(["PERSON"], graph.Entities[0].Types);
        Assert.Equal([new GraphAttribute("degree", "1")], graph.Entities[0].Attributes);
        Assert.Equal([new Triple(0, 0, 1)], graph.Train);
        Assert.Equal([new GraphAttribute("description", "Ann lives in Rome"), new GraphAttribute("weight", "2.5")],
            graph.FactAttributes.Of(graph.Train[0]));
        Assert.Contains(new ColumnUse("entities.parquet", "'human_readable_id'", "left out"), graph.Reading.Columns);
        Assert.Equal(["stats.json"], graph.Reading.Unread.Select(file => file.File));
    }

    [Fact]
    public async Task Relationships_may_stand_alone()
    {
        await WriteTables();
        var graph = KnowledgeGraph.Load(folder.File("rag/relationships.parquet"));
        Assert.Equal("output of GraphRAG", graph.Format);
        Assert.Equal(["ANN", "ROME"], graph.Entities.Select(entity => entity.Name));
    }

    [Theory]
    [InlineData("entities.parquet")]
    [InlineData("relationships.parquet")]
    public async Task A_table_that_breaks_off_is_named_rather_than_passed_over(string name)
    {
        await WriteTables();
        var stop = TestContext.Current.CancellationToken;
        var whole = await File.ReadAllBytesAsync(folder.File("rag/" + name), stop);
        await File.WriteAllBytesAsync(folder.File("rag/" + name), whole[..^20], stop);
        foreach (var format in new[] { null, "graphrag" })
            Assert.StartsWith($"{name}: cannot be read to its end", Assert.Throws<KalmException>(
                () => KnowledgeGraph.Load(folder.File("rag"), new GraphOptions { Format = format })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("entities.parquet", 1)]
    [InlineData("entities.parquet", 2)]
    [InlineData("relationships.parquet", 1)]
    [InlineData("relationships.parquet", 2)]
    public async Task Damaged_tables_end_in_a_message(string name, int seed)
    {
        await WriteTables();
        var (read, refused) = await MangledFile.ReadAll(
            folder.File("rag"), folder.File("rag/" + name), new GraphOptions { Format = "graphrag" }, Copies, seed);
        Assert.Equal(Copies, read + refused);
        Assert.True(refused > 0);
    }

    public void Dispose() => folder.Dispose();

    private async Task WriteTables()
    {
        Directory.CreateDirectory(folder.File("rag"));
        await Write("entities.parquet", ("title", ["ANN", "ROME", "ALONE"]), ("type", ["PERSON", "CITY", ""]),
            ("description", ["a potter,\nin Rome", "a city", "nothing"]), ("human_readable_id", [0, 1, 2]), ("degree", [1, 1, 0]));
        await Write("relationships.parquet", ("id", ["x"]), ("source", ["ANN"]), ("target", ["ROME"]),
            ("description", ["Ann lives in Rome"]), ("weight", [2.5]));
    }

    private async Task Write(string name, params (string Name, object[] Values)[] columns)
    {
        var fields = Array.ConvertAll(columns, column => column.Values[0] switch
        {
            string => (DataField)new DataField<string>(column.Name),
            int => new DataField<int>(column.Name),
            _ => new DataField<double>(column.Name),
        });
        await using var stream = File.Create(folder.File("rag/" + name));
        await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields), stream);
        using var group = writer.CreateRowGroup();
        for (var index = 0; index < fields.Length; index++)
            await (columns[index].Values[0] switch
            {
                string => group.WriteAsync(fields[index], columns[index].Values.Cast<string>().ToArray()),
                int => group.WriteAsync<int>(fields[index], columns[index].Values.Cast<int>().ToArray()),
                _ => group.WriteAsync<double>(fields[index], columns[index].Values.Cast<double>().ToArray()),
            });
    }
}
