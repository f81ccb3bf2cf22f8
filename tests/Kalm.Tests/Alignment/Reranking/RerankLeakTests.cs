using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Alignment.Reranking;
using Kalm.Completion;
using Kalm.Completion.Reranking;
using Kalm.Representation;
using TorchSharp;

namespace Kalm.Tests.Alignment.Reranking;

/// <summary>Counts every tensor of the process, so nothing else may run beside it.</summary>
[Collection(nameof(LeakTests))]
public class RerankLeakTests
{
    [Fact]
    public void Steps_and_verdicts_leave_no_tensors_behind()
    {
        using var folder = new TemporaryFolder();
        using var files = FamilyGraph.Make(4);
        var graph = files.Load();
        var run = folder.File("run");
        var options = new AlignmentOptions
        {
            Method = AlignmentMethod.Full, Threads = 2, Budget = new BudgetOptions { Steps = 2, Validations = 0 },
            Optimizer = new OptimizerOptions { Kind = OptimizerKind.Muon, EmaDecay = 0.9, LearningRate = 1e-3 },
            Rerank = new RerankOptions { Steps = 30, Queries = 8, Depth = 10 },
        };
        AlignmentRun.Execute(new AlignmentInputs(TinyModel.Make(folder, graph), files.Path, run), options,
            cancellation: TestContext.Current.CancellationToken);
        var counts = new List<long>();
        RerankRun.Execute(OpenedModel.Open(run), graph, new RerankInputs(run, options),
            new StepWatch(_ => counts.Add(torch.Tensor.TotalCount)), TestContext.Current.CancellationToken);
        Assert.Equal(30, counts.Count);
        // Never more; fewer when the finalizer meets what an earlier test left.
        Assert.All(counts[3..], count => Assert.InRange(count, 0, counts[3]));

        var path = Path.Combine(run, Reranker.FolderName, RerankerDescription.FileName);
        Json.Write(path, Json.Read<RerankerDescription>(path) with { Weights = new RerankWeights(1, 1, 1) });
        counts.Clear();
        for (var round = 0; round < 10; round++)
        {
            using (var model = new LoadedModel(OpenedModel.Open(run), threads: 2))
            using (var completer = Completer.Open(model, graph, cancellation: TestContext.Current.CancellationToken))
                completer.Rerank(completer.Entities(QueryEntity.Of(graph, round), 1, 10), QueryEntity.Of(graph, round), 1);
            counts.Add(torch.Tensor.TotalCount);
        }
        Assert.All(counts[2..], count => Assert.InRange(count, 0, counts[2]));
    }
}
