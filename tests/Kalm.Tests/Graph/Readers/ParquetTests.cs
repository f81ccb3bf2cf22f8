using Kalm.Graph;
using Parquet;
using Parquet.Schema;

namespace Kalm.Tests.Graph.Readers;

public sealed class ParquetTests : IDisposable
{
    private const int Copies = 250;
    private readonly TemporaryFolder folder = new();

    [Fact]
    public async Task Columns_go_by_their_names_and_others_are_attributes()
    {
        var graph = KnowledgeGraph.Load(await WriteFacts("facts.parquet"));
        People.AssertRead(graph);
        Assert.Equal("Parquet table of facts", graph.Format);
        Assert.Equal([new GraphAttribute("weight", "0.5"), new GraphAttribute("since", "2000"), new GraphAttribute("sure", "true")],
            graph.FactAttributes.Of(graph.Train[0]));
        Assert.Equal([new GraphAttribute("weight", "1.5"), new GraphAttribute("sure", "false")],
            graph.FactAttributes.Of(graph.Train[1]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_damaged_file_ends_in_a_message(int seed)
    {
        var path = await WriteFacts("facts.parquet");
        var (read, refused) = await MangledFile.ReadAll(path, path, new GraphOptions { Format = "parquet" }, Copies, seed);
        Assert.Equal(Copies, read + refused);
        Assert.True(refused > 0);
    }

    [Fact]
    public void A_table_of_another_program_is_read() => People.AssertRead(KnowledgeGraph.Load(GraphCases.Require("triples.parquet")));

    private async Task<string> WriteFacts(string name)
    {
        var path = folder.File(name);
        var (object_, subject, relation) =
            (new DataField<string>("object"), new DataField<string>("subject"), new DataField<string>("predicate"));
        var (weight, since, sure) = (new DataField<double>("weight"), new DataField<int?>("since"), new DataField<bool>("sure"));
        await using var stream = File.Create(path);
        await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(object_, subject, weight, relation, since, sure), stream);
        for (var start = 0; start < People.Facts.Count; start += 40)
        {
            var facts = People.Facts.Skip(start).Take(40).ToArray();
            using var group = writer.CreateRowGroup();
            await group.WriteAsync(object_, Array.ConvertAll(facts, fact => fact.Tail));
            await group.WriteAsync(subject, Array.ConvertAll(facts, fact => fact.Head));
            await group.WriteAsync<double>(weight, facts.Select((_, index) => index + 0.5).ToArray());
            await group.WriteAsync(relation, Array.ConvertAll(facts, fact => fact.Relation));
            await group.WriteAsync<int>(since, facts.Select((_, index) => index % 2 == 0 ? 2000 + index : (int?)null).ToArray());
            await group.WriteAsync<bool>(sure, facts.Select((_, index) => index % 2 == 0).ToArray());
        }
        return path;
    }

    public void Dispose() => folder.Dispose();
}
