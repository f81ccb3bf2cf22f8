using Kalm.Alignment;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Gguf;
using Kalm.Representation;
using Kalm.Tests.Alignment;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Model;

/// <summary>Counts every tensor of the process, so nothing else may run beside it.</summary>
[Collection(nameof(LeakTests))]
public class LoadingLeakTests
{
    [Theory]
    [InlineData(BasePrecision.Fp32)]
    [InlineData(BasePrecision.Bf16)]
    [InlineData(BasePrecision.EightBit)]
    public void Loading_leaves_no_handle_on_what_was_read(BasePrecision precision)
    {
        using var folder = new TemporaryFolder();
        using var graph = FamilyGraph.Make();
        using (var made = OpenedModel.Open(TinyModel.Make(folder, graph.Load())))
            ModelExport.ToGguf(made, folder.File("model.gguf"), GgufTensorType.F32, null, TestContext.Current.CancellationToken);
        using var source = GgufSource.Open(folder.File("model.gguf"));
        // What is kept for all models is made the first time.
        CausalModel.Load(source, null, precision).Dispose();
        var before = Tensor.TotalCount;
        // Fewer when the finalizer meets what an earlier test left.
        using (var model = CausalModel.Load(source, null, precision))
            Assert.InRange(Tensor.TotalCount, 1, before + model.Weights.Count);
        using (var model = CausalModel.LoadForReading(source))
            Assert.InRange(Tensor.TotalCount, 1, before + model.Weights.Count);
    }
}
