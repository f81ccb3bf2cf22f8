using Kalm.Completion;
using Kalm.Engine;
using Kalm.Evaluation;
using Kalm.Representation;
using Kalm.Tests.Alignment;
using TorchSharp;

namespace Kalm.Tests.Evaluation;

/// <summary>Counts every tensor of the process, so nothing else may run beside it.</summary>
[Collection(nameof(LeakTests))]
public class MeasureLeakTests
{
    [Fact]
    public void Measures_and_completions_leave_no_tensors_behind()
    {
        NativeEngine.Initialize();
        using var folder = new TemporaryFolder();
        using var files = FamilyGraph.Make(4);
        var graph = files.Load();
        using var model = new LoadedModel(OpenedModel.Open(TinyModel.Make(folder, graph)), threads: 2);
        var texts = new TextIndex(graph, model.Wording);
        var counts = new List<long>();
        for (var round = 0; round < 10; round++)
        {
            using var completer = Completer.Open(
                model, Catalog.Open(graph, folder.File("index")), folder.File("index"), null, TestContext.Current.CancellationToken);
            var entity = QueryEntity.Of(graph, round);
            completer.Entities(entity, 1, 10);
            completer.Relations(entity, new QueryEntity(null, "a fish"), 10);
            Geometry.Measure(model.Decoder, graph, texts, graph.Test, 100, round, null, TestContext.Current.CancellationToken);
            Geometry.Similarities(model.Decoder, texts, [0, 1, 2]);
            TextPerplexity.Measure(model, "a fish of number 7, and a bird of number 8", 8, 4, null, TestContext.Current.CancellationToken);
            counts.Add(torch.Tensor.TotalCount);
        }
        // Never more; fewer when the finalizer meets what an earlier test left.
        Assert.All(counts[2..], count => Assert.InRange(count, 0, counts[2]));
    }
}
