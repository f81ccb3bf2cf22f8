using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Gguf;
using Kalm.Representation;

namespace Kalm.Tests.Language.Execution;

/// <summary>What is told before a model is read, against the bytes of the tensors once it is.</summary>
public class ModelMemoryTests : TorchTest
{
    [Theory]
    [InlineData(GgufTensorType.Q8)]
    [InlineData(GgufTensorType.BF16)]
    [InlineData(GgufTensorType.F32)]
    public void A_model_to_read_with_takes_what_was_told(GgufTensorType type)
    {
        using var folder = new TemporaryFolder();
        using var source = Made(folder, type);
        using var model = CausalModel.LoadForReading(source);
        Assert.Equal(Bytes(model), ModelMemory.Reading(source));
        Assert.Equal(
            2 * 4 * source.Config.LayerCount * source.Config.KeyValueHeadCount * source.Config.HeadDimension,
            ModelMemory.CachedToken(source.Config));
    }

    [Theory]
    [InlineData(BasePrecision.Fp32)]
    [InlineData(BasePrecision.Bf16)]
    [InlineData(BasePrecision.EightBit)]
    [InlineData(BasePrecision.Auto)]
    [InlineData(BasePrecision.Stored)]
    public void A_base_takes_what_was_told(BasePrecision precision)
    {
        using var folder = new TemporaryFolder();
        using var source = Made(folder, GgufTensorType.Q8);
        using var model = CausalModel.Load(source, null, precision);
        Assert.Equal(Bytes(model), ModelMemory.Base(source, precision));
    }

    [Fact]
    public void A_run_is_told_more_for_more_and_that_there_is_too_little()
    {
        using var folder = new TemporaryFolder();
        using var source = Made(folder, GgufTensorType.F32);
        var options = new AlignmentOptions { Threads = 2, Lora = new LoraOptions { BasePrecision = BasePrecision.Fp32 } };
        var small = AlignmentMemory.Of(source, options, learned: 1000, tokens: 10_000);
        var large = AlignmentMemory.Of(source, options, learned: 1000, tokens: 20_000);
        Assert.Equal(2 * small.Pass, large.Pass);
        Assert.Equal(1000 * 4 * 6, small.Learned);
        Assert.DoesNotContain("more than there is", small.ToString(), StringComparison.Ordinal);
        // A pass that does not fit is run in parts; what is learned cannot be.
        Assert.True(AlignmentMemory.Of(source, options, 1000, 1L << 40).Pass <= ModelMemory.Available / 4 + 1);
        Assert.Contains("more than there is", AlignmentMemory.Of(source, options, 1L << 40, 100).ToString(), StringComparison.Ordinal);
    }

    private static GgufSource Made(TemporaryFolder folder, GgufTensorType type)
    {
        using var graph = FamilyGraph.Make();
        using (var made = OpenedModel.Open(TinyModel.Make(folder, graph.Load())))
            ModelExport.ToGguf(made, folder.File("model.gguf"), type, null, TestContext.Current.CancellationToken);
        return GgufSource.Open(folder.File("model.gguf"));
    }

    // The storage type of a matrix that is held as stored is a number beside it, not a weight.
    private static long Bytes(CausalModel model) =>
        model.Weights.Values.Where(weight => weight.dim() > 0).Sum(weight => weight.numel() * weight.ElementSize);
}
