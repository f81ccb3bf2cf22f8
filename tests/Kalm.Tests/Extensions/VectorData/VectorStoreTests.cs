using Kalm.Completion;
using Kalm.Extensions.VectorData;
using Kalm.Graph;
using Kalm.Representation;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.VectorData;

namespace Kalm.Tests.Extensions.VectorData;

public sealed class VectorStoreTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly KnowledgeGraph graph;
    private readonly LoadedModel model;
    private readonly Completer completer;
    private readonly KalmVectorStore store;
    private readonly VectorStoreCollection<string, EntityRecord> entities;

    public VectorStoreTests()
    {
        using var files = FamilyGraph.Make();
        graph = files.Load();
        model = new LoadedModel(OpenedModel.Open(TinyModel.Make(folder, graph)), threads: 2);
        completer = Open();
        store = new KalmVectorStore(completer, isWriting: true);
        entities = store.GetCollection<string, EntityRecord>("entities");
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_vector_finds_every_entity_in_the_order_of_cosines()
    {
        var own = (await entities.GetAsync("bird16", new() { IncludeVectors = true }, Cancellation))!;
        var found = await Found(entities.SearchAsync(own.Vector!.Value, 5, null, Cancellation));
        Assert.Equal(graph.Entities.Select((_, number) => Cosine(number, own.Vector.Value.Span)).OrderDescending().Take(5),
            found.Select(result => result.Score!.Value), (left, right) => Math.Abs(left - right) < 1e-5);
        Assert.Equal("bird16", found[0].Record.Id);
        Assert.Null(found[0].Record.Vector);
        foreach (var other in new[]
        {
            entities.SearchAsync(own.Vector.Value.ToArray(), 5, null, Cancellation),
            entities.SearchAsync(new Embedding<float>(own.Vector.Value), 5, null, Cancellation),
            entities.SearchAsync(own.Text, 5, null, Cancellation),
        })
            Assert.Equal(found.Select(result => result.Record.Id), (await Found(other)).Select(result => result.Record.Id));

        var rest = await Found(entities.SearchAsync(own.Vector.Value, 3, new() { Skip = 2, IncludeVectors = true }, Cancellation));
        Assert.Equal(
            found.Skip(2).Select(result => (result.Record.Id, result.Score)), rest.Select(result => (result.Record.Id, result.Score)));
        Assert.All(rest, result => Assert.Equal(
            completer.Index.Vectors.Row(graph.EntityIndex(result.Record.Id)).ToArray(), result.Record.Vector!.Value.ToArray()));
        var near = await Found(entities.SearchAsync(own.Vector.Value, 104, new() { ScoreThreshold = found[2].Score!.Value }, Cancellation));
        Assert.Equal(3, near.Count);

        double Cosine(int number, ReadOnlySpan<float> vector)
        {
            var sum = 0.0;
            foreach (var (place, value) in completer.Index.Vectors.Row(number).ToArray().Index())
                sum += value * vector[place];
            return sum;
        }
    }

    [Fact]
    public async Task A_query_finds_what_the_engine_answers()
    {
        var (entity, relation) = (completer.Catalog.Find("bird16"), completer.Catalog.FindRelation("kind_of"));
        var found = await Found(entities.SearchAsync(new EntityQuery("bird16", "kind_of"), 7, null, Cancellation));
        Assert.Equal(
            completer.Entities(entity, relation, 7).Select(answer => (graph.Entities[answer.Entity].Id, (double?)(float)answer.Score)),
            found.Select(result => (result.Record.Id, result.Score)));
    }

    [Fact]
    public async Task Filters_look_at_id_name_and_text_and_are_refused_at_the_vector()
    {
        var found = await Found(entities.SearchAsync(
            "a fish", 9, new() { Filter = record => record.Text.Contains("a fish of", StringComparison.Ordinal) && record.Id != "fish9" },
            Cancellation));
        Assert.Equal(9, found.Count);
        Assert.All(found, result => Assert.Contains("a fish of", result.Record.Text, StringComparison.Ordinal));
        var listed = new List<string>();
        await foreach (var record in entities.GetAsync(
            record => record.Name.StartsWith("frog", StringComparison.Ordinal), 3,
            new() { Skip = 1, OrderBy = order => order.Descending(record => record.Name) },
            Cancellation))
            listed.Add(record.Id);
        Assert.Equal(
            graph.Entities.Where(entity => entity.Name.StartsWith("frog", StringComparison.Ordinal)).Select(entity => entity.Id)
                .OrderDescending(StringComparer.Ordinal).Skip(1).Take(3), listed);
        var error = await Assert.ThrowsAsync<NotSupportedException>(() => Found(entities.SearchAsync(
            "a fish", 9, new() { Filter = record => record.Vector != null }, Cancellation)));
        Assert.Equal("filter: found Vector; expected Id, Name or Text", error.Message);
    }

    [Fact]
    public async Task What_is_written_is_found_by_this_store_and_by_another_over_the_same_index()
    {
        await entities.UpsertAsync(
            [
                new() { Id = "owl", Name = "owl", Text = "owl, a bird of the night" },
                new() { Id = "crab", Name = "crab", Text = "crab, changed" },
            ],
            Cancellation);
        await entities.DeleteAsync(["fish", "nobody"], Cancellation);
        using var other = Open();
        var read = new KalmVectorStore(other).Entities;
        foreach (var collection in new[] { entities, read })
        {
            Assert.Equal("owl", (await Found(collection.SearchAsync("owl, a bird of the night", 1, null, Cancellation)))[0].Record.Id);
            Assert.Equal("crab, changed", (await collection.GetAsync("crab", null, Cancellation))!.Text);
            Assert.Null(await collection.GetAsync("fish", null, Cancellation));
        }
        var written = (await entities.GetAsync("owl", new() { IncludeVectors = true }, Cancellation))!;
        await entities.UpsertAsync(written with { Name = "Owl" }, Cancellation);
        Assert.Equal("Owl", (await read.GetAsync("owl", null, Cancellation))!.Name);

        var foreign = await Assert.ThrowsAsync<KalmException>(
            () => entities.UpsertAsync(written with { Text = "owl, something else" }, Cancellation));
        Assert.StartsWith("Vector: found one that 'owl' does not have; expected none", foreign.Message, StringComparison.Ordinal);
        Assert.Equal("Name: found a blank text; expected one", (await Assert.ThrowsAsync<KalmException>(
            () => entities.UpsertAsync(written with { Name = " " }, Cancellation))).Message);
        var refused = await Assert.ThrowsAsync<NotSupportedException>(() => read.DeleteAsync("owl", Cancellation));
        Assert.Contains("reading only", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_there_is_refused_by_its_name()
    {
        Assert.Equal(["entities"], await store.ListCollectionNamesAsync(Cancellation).ToListAsync(Cancellation));
        Assert.Contains("found 'others'", Assert.Throws<NotSupportedException>(
            () => store.GetCollection<string, EntityRecord>("others")).Message, StringComparison.Ordinal);
        Assert.Contains("found Int32 and EntityRecord", Assert.Throws<NotSupportedException>(
            () => store.GetCollection<int, EntityRecord>("entities")).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<NotSupportedException>(() => store.EnsureCollectionDeletedAsync("entities", Cancellation));
        Assert.Contains("found Int32", (await Assert.ThrowsAsync<NotSupportedException>(
            () => Found(entities.SearchAsync(3, 1, null, Cancellation)))).Message, StringComparison.Ordinal);
        Assert.Contains("found a vector of 3 numbers; expected 32", (await Assert.ThrowsAsync<KalmException>(
            () => Found(entities.SearchAsync(new float[3], 1, null, Cancellation)))).Message, StringComparison.Ordinal);
        Assert.Contains("kind_of", (await Assert.ThrowsAsync<KalmException>(
            () => Found(entities.SearchAsync(new EntityQuery("bird", "kindof"), 1, null, Cancellation)))).Message,
            StringComparison.Ordinal);
    }

    private Completer Open() => Completer.Open(model, graph, null, Cancellation);

    private static async Task<List<VectorSearchResult<EntityRecord>>> Found(IAsyncEnumerable<VectorSearchResult<EntityRecord>> results) =>
        await results.ToListAsync(Cancellation);

    public void Dispose()
    {
        store.Dispose();
        completer.Dispose();
        model.Dispose();
        folder.Dispose();
    }
}
