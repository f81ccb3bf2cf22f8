using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Language.Model;
using TorchSharp;

namespace Kalm.Tests.Alignment;

/// <summary>Counts every tensor of the process, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(LeakTests), DisableParallelization = true)]
[Collection(nameof(LeakTests))]
public class LeakTests
{
    [Theory]
    [InlineData(AlignmentMethod.Full, BasePrecision.Fp32, false)]
    [InlineData(AlignmentMethod.Full, BasePrecision.Fp32, true)]
    [InlineData(AlignmentMethod.Lora, BasePrecision.Fp32, false)]
    [InlineData(AlignmentMethod.Lora, BasePrecision.EightBit, false)]
    public void Steps_leave_no_tensors_behind(AlignmentMethod method, BasePrecision precision, bool gradientCache)
    {
        using var folder = new TemporaryFolder();
        using var graph = FamilyGraph.Make();
        var model = TinyModel.Make(folder, graph.Load());
        var counts = new List<long>();
        var options = new AlignmentOptions
        {
            Method = method,
            Threads = 2,
            Budget = new BudgetOptions { Steps = 54, Validations = 0 },
            Batches = new BatchOptions { Triples = 24, GradientCache = gradientCache },
            Optimizer = new OptimizerOptions
            {
                Kind = method == AlignmentMethod.Full ? OptimizerKind.Muon : OptimizerKind.Adamw, Dropout = 0.1, EmaDecay = 0.9,
            },
            Lora = new LoraOptions { BasePrecision = precision },
            Explicit = new ExplicitOptions { LogqCorrection = 1 },
            Implicit = new ImplicitOptions { Share = 0.1 },
        };

        AlignmentRun.Execute(new AlignmentInputs(model, graph.Path, folder.File("run")), options,
            new StepWatch(_ => counts.Add(torch.Tensor.TotalCount)), cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(54, counts.Count);
        // Never more; fewer when the finalizer meets what an earlier test left.
        Assert.All(counts[3..], count => Assert.InRange(count, 0, counts[3]));
    }
}
