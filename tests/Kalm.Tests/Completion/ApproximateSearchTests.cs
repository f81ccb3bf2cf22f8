using Kalm.Completion;
using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Tests.Completion;

public sealed class ApproximateSearchTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly KnowledgeGraph graph;
    private readonly LoadedModel model;

    public ApproximateSearchTests()
    {
        using var files = FamilyGraph.Make(200);
        graph = files.Load();
        model = new LoadedModel(OpenedModel.Open(TinyModel.Make(folder, graph)), threads: 2);
    }

    [Fact]
    public void It_finds_nearly_all_that_is_best_with_the_scores_and_nearly_the_probabilities_of_the_exact_search()
    {
        var exact = Answers(approximately: false, out _);
        var found = Answers(approximately: true, out var recall);

        Assert.InRange(recall!.Recall, 0.9, 1);
        Assert.Equal((graph.Entities.Count, model.Model.Config.HiddenSize), (recall.Entities, recall.Width));
        Assert.Contains("of the ten best", recall.ToString(), StringComparison.Ordinal);
        var both = exact.Zip(found).Sum(pair => pair.First.Keys.Intersect(pair.Second.Keys).Count());
        Assert.InRange(both / (double)exact.Sum(answers => answers.Count), 0.9, 1);
        foreach (var (right, near) in exact.Zip(found))
            foreach (var (entity, candidate) in near.Where(pair => right.ContainsKey(pair.Key)))
            {
                Assert.Equal(right[entity].Score, candidate.Score, 1e-5);
                Assert.Equal(right[entity].Split, candidate.Split);
                Assert.InRange(candidate.Probability, right[entity].Probability * 0.9, right[entity].Probability * 1.1);
            }
    }

    [Fact]
    public void What_changed_since_it_was_made_is_found_where_it_is_now()
    {
        using var completer = Open();
        completer.Index.SearchApproximately(model, graph, cancellation: TestContext.Current.CancellationToken);
        var vectors = completer.Index.Vectors;
        var asked = QueryEntity.Of(graph, 20);
        var best = completer.Entities(asked, 0, 5);
        // The last of the graph and a new one take the place of the best, which is gone.
        var place = vectors.Row(best[0].Entity).ToArray();
        vectors.Take([
            new VectorRow(best[0].Entity, null, true), new VectorRow(graph.Entities.Count - 1, place, false),
            new VectorRow(graph.Entities.Count, place, false),
        ]);
        using var scope = TorchSharp.torch.NewDisposeScope();
        var query = TorchSharp.torch.tensor(place).view(1, -1);
        var hits = completer.Find(query, [new SearchRequest(null, [], 3)])[0].Hits;
        Assert.Equal([graph.Entities.Count - 1, graph.Entities.Count], hits.Take(2).Select(hit => hit.Entity));
        Assert.DoesNotContain(hits, hit => hit.Entity == best[0].Entity);
        Assert.Equal(graph.Entities.Count, completer.Find(query, [
            new SearchRequest(null, [], 1) { Rejected = [graph.Entities.Count - 1] }])[0].Hits[0].Entity);
    }

    [Fact]
    public void It_is_made_once_and_anew_where_its_file_is_damaged()
    {
        _ = Answers(approximately: true, out var made);
        var file = Assert.Single(Directory.GetFiles(folder.File("index"), "neighbours.usearch", SearchOption.AllDirectories));
        var written = File.GetLastWriteTimeUtc(file);
        _ = Answers(approximately: true, out var kept);
        Assert.Equal(made, kept);
        Assert.Equal(written, File.GetLastWriteTimeUtc(file));
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..1000]);
        _ = Answers(approximately: true, out var again);
        Assert.Equal(made!.Bytes, new FileInfo(file).Length);
        Assert.Equal(made.Recall, again!.Recall, 0.05);
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(file)!, "neighbours.usearch*"));
    }

    private List<Dictionary<int, EntityCandidate>> Answers(bool approximately, out NeighbourRecall? recall)
    {
        using var completer = Open();
        recall = approximately
            ? completer.Index.SearchApproximately(model, graph, cancellation: TestContext.Current.CancellationToken) : null;
        return [.. graph.Test.Take(20).Select(triple => completer.Entities(QueryEntity.Of(graph, triple.Head), triple.Relation, 10)
            .ToDictionary(candidate => candidate.Entity))];
    }

    private Completer Open() => Completer.Open(
        model, Catalog.Open(graph, folder.File("index")), folder.File("index"), null, TestContext.Current.CancellationToken);

    public void Dispose()
    {
        model.Dispose();
        folder.Dispose();
    }
}
