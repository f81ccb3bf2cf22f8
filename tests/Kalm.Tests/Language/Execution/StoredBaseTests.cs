using Kalm.Alignment;
using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Export;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Gguf;
using Kalm.Language.Sources.Safetensors;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Execution;

/// <summary>A base that stays in the blocks of its GGUF file.</summary>
public class StoredBaseTests : TorchTest
{
    private static readonly AdapterConfig Lora = new() { Rank = 4, Alpha = 8, TargetModules = ["q_proj", "gate_proj"] };

    [Fact]
    public void It_computes_what_the_restored_base_does_in_a_fraction_of_the_memory()
    {
        using var folder = new TemporaryFolder();
        using var graph = FamilyGraph.Make();
        using (var made = OpenedModel.Open(TinyModel.Make(folder, graph.Load())))
            ModelExport.ToGguf(made, folder.File("model.gguf"), GgufTensorType.Q8, null, TestContext.Current.CancellationToken);
        using var source = GgufSource.Open(folder.File("model.gguf"));
        Assert.True(source.IsQuantized);
        using var full = CausalModel.Load(source);
        using var held = CausalModel.Load(source, precision: BasePrecision.Stored);
        using var automatic = CausalModel.Load(source, precision: BasePrecision.Auto);
        Assert.Equal(ScalarType.Byte, automatic.Weights["model.layers.0.self_attn.q_proj.weight"].dtype);
        var matrix = held.Weights["model.layers.1.mlp.gate_proj.weight"];
        Assert.Equal(34, matrix.shape[1]);

        var initial = LowRank.Initialise(full.Config, Lora, 3);
        foreach (var (name, value) in initial)
            if (name.Contains("lora_B", StringComparison.Ordinal))
                value.copy_(randn(value.shape));
        using var learned = new ParameterSet(initial, CPU);
        var (expected, found) = (Run(full), Run(held));
        Assert.True((expected.Logits - found.Logits).abs().max().ReadNumber() < 1e-6);
        Assert.True(
            (expected.Gradient - found.Gradient).abs().max().ReadNumber() < 1e-6 * expected.Gradient.abs().max().ReadNumber() + 1e-9);
        Assert.True(expected.Gradient.abs().max().ReadNumber() > 0);

        (Tensor Logits, Tensor Gradient) Run(CausalModel model)
        {
            using var replica = learned.CreateReplica();
            using var decoder = new Decoder(model.Config, model.Weights, replica, Lora, CPU);
            int[] ids = [.. Enumerable.Range(0, 24).Select(at => at * 7 % 64)];
            using var block = decoder.Block([TokenRow.Sequence(ids, [.. Enumerable.Range(0, ids.Length)])]);
            var logits = decoder.Logits(decoder.Read(decoder.Embed(block.Tokens), block));
            (logits * logits).mean().backward();
            return (logits.detach().clone(), replica.Gradient.clone());
        }
    }

    [Theory]
    [InlineData(TensorType.F32)]
    [InlineData(TensorType.BF16)]
    [InlineData(TensorType.F16)]
    public void A_folder_has_no_blocks_to_stay_in_and_says_what_to_take(TensorType type)
    {
        using var folder = new TemporaryFolder();
        using var graph = FamilyGraph.Make();
        using (var source = SourceWeights.Open(TinyModel.Make(folder, graph.Load())))
            HuggingFaceExport.Write(Directory.CreateDirectory(folder.File("typed")).FullName, source, type);
        AssertRefused(folder.File("typed"));
        using var model = CausalModel.Load(folder.File("typed"), precision: BasePrecision.Auto);
        Assert.Equal(ScalarType.Float32, model.Weights["model.layers.0.self_attn.q_proj.weight"].dtype);
    }

    [Fact]
    public void Nor_has_a_file_that_is_not_quantized()
    {
        using var folder = new TemporaryFolder();
        using var graph = FamilyGraph.Make();
        using (var made = OpenedModel.Open(TinyModel.Make(folder, graph.Load())))
            ModelExport.ToGguf(made, folder.File("model.gguf"), GgufTensorType.BF16, null, TestContext.Current.CancellationToken);
        AssertRefused(folder.File("model.gguf"));
    }

    private static void AssertRefused(string model)
    {
        using var source = ModelSources.Open(model);
        Assert.Equal(
            $"base_precision: found stored on {model}; expected a quantized GGUF file on the CPU, without an adapter; of this model take "
                + "fp32 or int8, or on a GPU bf16",
            Assert.Throws<KalmException>(() => CausalModel.Load(source, precision: BasePrecision.Stored)).Message);
    }
}
