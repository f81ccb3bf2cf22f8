using System.Text.Json;
using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Execution.Kernels;
using Kalm.Language.Model;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Safetensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Execution;

/// <summary>Tiny random models of every family, against the likelihoods that transformers gives them (eager attention, F32).</summary>
public class FamilyReferenceTests : TorchTest
{
    private static readonly string[] Names =
    [
        "cohere2", "ernie4_5", "exaone4", "gemma2", "gemma3_text", "glm4",
        "gpt_neox", "granite", "hunyuan_v1_dense", "llama", "llama-dynamic-rope",
        "llama-linear-rope", "llama-llama3-rope", "llama-yarn-rope", "ministral3",
        "mistral", "olmo2", "olmo3", "phi3", "qwen2", "qwen2-window", "qwen3",
        "seed_oss", "smollm3", "stablelm", "starcoder2",
    ];

    public static IEnumerable<TheoryDataRow<string>> Families() => Names.Select(name => new TheoryDataRow<string>(name));

    [Theory]
    [MemberData(nameof(Families))]
    public void Likelihoods_and_logits_are_those_of_transformers(string name)
    {
        var (folder, expected) = Reference(name);
        using var model = CausalModel.Load(folder);
        Assert.Empty(model.Warnings);
        Assert.Equal(expected.GetProperty("ids").Integers(), model.Tokenizer.Encode(expected.GetProperty("text").GetString()!));

        AssertReference(expected, model);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_folder_written_again_is_the_same_model_in_the_same_names(string name)
    {
        var (folder, expected) = Reference(name);
        using var model = CausalModel.Load(folder);
        using var written = new TemporaryFolder();
        CausalModel.Save(written.Path, model.Config, model.Tokenizer, weight => model.Weights[weight].alias());

        using var again = CausalModel.Load(written.Path);

        Assert.Equivalent(model.Config with { TorchType = TensorType.F32 }, again.Config, strict: true);
        using var original = SafetensorsShards.Open(folder);
        using var copy = SafetensorsShards.Open(written.Path);
        Assert.Equal(original.Tensors.Select(tensor => tensor.Name).Order(), copy.Tensors.Select(tensor => tensor.Name).Order());
        AssertReference(expected, again);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_step_along_the_gradient_of_low_rank_matrices_lowers_the_loss_as_foretold(string name)
    {
        var (folder, expected) = Reference(name);
        using var model = CausalModel.Load(folder);
        var ids = expected.GetProperty("ids").Integers();
        var targets = model.Config.Projections
            .Select(module => model.Config.CheckpointName("model.layers.0." + module).Split('.')[^1]).ToList();
        var adapter = new AdapterConfig { Rank = 2, Alpha = 4, TargetModules = targets };
        using var learned = new ParameterSet(LowRank.Initialise(model.Config, adapter, 3), CPU);
        using var pool = new DecoderPool(model, learned, adapter, 1);
        TokenRow[] rows = [TokenRow.Sequence(ids, [.. Enumerable.Range(0, ids.Length - 1)])];
        int[][] labels = [ids[1..]];

        pool.ZeroGradients();
        var before = pool.LanguageModelPass(rows, labels, 1, 1);
        using var gradient = pool.SumGradients().clone();
        using var step = (-0.01 / gradient.norm().ReadNumber()).ToScalar();
        learned.Values.add_(gradient, step);
        pool.ZeroGradients();
        var after = pool.LanguageModelPass(rows, labels, 1, 1);

        Assert.Equal(expected.GetProperty("sum_nll").GetDouble() / (ids.Length - 1), before, 1e-5);
        Assert.Equal(0.01 * gradient.norm().ReadNumber(), before - after, 0.05 * (before - after));
    }

    private static void AssertReference(JsonElement expected, CausalModel model)
    {
        var ids = expected.GetProperty("ids").Integers();
        var all = Enumerable.Range(0, ids.Length).ToArray();
        foreach (var fused in new[] { true, false })
        {
            using var decoder = new Decoder(
                model.Config, model.Weights, null, null, CPU,
                kernels: fused ? null : new TorchKernels(model.Config));
            using var block = decoder.Block([TokenRow.Sequence(ids, all)]);
            var logits = decoder.Logits(decoder.Read(decoder.Embed(block.Tokens), block));
            Fixture.AssertClose(expected.GetProperty("last_logits").Doubles(), logits[^1], 1.5e-5);
        }
        using var pool = new DecoderPool(model, null, null, 2);
        var likelihoods = pool.LogLikelihoods([TokenRow.Sequence(ids, all[..^1])], [ids[1..]])[0];
        foreach (var (found, at) in likelihoods.Select((value, index) => (-value, index)))
            Assert.Equal(expected.GetProperty("nll")[at].GetDouble(), found, 1e-5);
        Assert.Equal(expected.GetProperty("sum_nll").GetDouble(), -likelihoods.Sum(value => (double)value), 1e-4);
    }

    private static (string Folder, JsonElement Expected) Reference(string name)
    {
        var root = DataFolder.Require("families");
        return (Path.Combine(root, name),
            JsonDocument.Parse(File.ReadAllText(Path.Combine(root, "reference.json"))).RootElement.GetProperty("models").GetProperty(name));
    }
}
