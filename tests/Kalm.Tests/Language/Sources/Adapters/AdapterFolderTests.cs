using Kalm.Engine;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Sources.Adapters;

public class AdapterFolderTests : TorchTest
{
    private static readonly string Tied = Path.Combine(Fixture.Folder, "llama_tiny");
    private static readonly string Untied = Path.Combine(Fixture.Folder, "llama_untied");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Ranks_and_alphas_of_single_modules_decide_their_scale(bool rankStabilized)
    {
        var files = new AdapterFiles()
            .Set("target_modules", """["q_proj", "up_proj"]""")
            .Set("rank_pattern", """{"model.layers.0.self_attn.q_proj": 1, ".*1\\.mlp\\.up_proj": 3}""")
            .Set("alpha_pattern", """{"q_proj": 10}""")
            .Set("use_rslora", rankStabilized ? "true" : "false")
            .Adapt("model.layers.0.self_attn.q_proj", 1, 32, 32).Adapt("model.layers.1.self_attn.q_proj", 2, 32, 32)
            .Adapt("model.layers.0.mlp.up_proj", 2, 32, 48).Adapt("model.layers.1.mlp.up_proj", 3, 32, 48);
        AssertMerges(files, ("model.layers.0.self_attn.q_proj", 10, 1), ("model.layers.1.self_attn.q_proj", 10, 2),
            ("model.layers.0.mlp.up_proj", 4, 2), ("model.layers.1.mlp.up_proj", 4, 3));

        void AssertMerges(AdapterFiles adapter, params (string Module, double Alpha, int Rank)[] expected)
        {
            using var folder = new TemporaryFolder();
            adapter.Write(folder.Path);
            using var merged = Open(Tied, folder.Path);
            using var plain = Open(Tied);
            foreach (var (name, _) in merged.Config.TensorShapes())
            {
                var (found, before) = (merged.Read(name), plain.Read(name));
                var module = expected.SingleOrDefault(adapted => adapted.Module + ".weight" == name);
                if (module.Module is null)
                    Assert.True(found.equal(before).all().ReadNumber() == 1, name);
                else
                    Fixture.AssertClose(Sum(before, adapter, module.Module, rankStabilized ? module.Alpha / Math.Sqrt(module.Rank) : module.Alpha / module.Rank), found, 1e-6);
            }
        }
    }

    [Fact]
    public void Every_linear_module_can_be_adapted_the_head_too()
    {
        using var folder = new TemporaryFolder();
        var config = ModelConfig.Load(Untied);
        var files = new AdapterFiles().Set("target_modules", "\".*(_proj|lm_head)\"");
        foreach (var (name, shape) in config.TensorShapes().Where(tensor => tensor.Shape.Length == 2 && tensor.Name != TensorNames.Embedding))
            files.Adapt(name[..^".weight".Length], 2, (int)shape[1], (int)shape[0]);
        files.Write(folder.Path);

        using var adapter = AdapterFolder.Open(folder.Path, config);

        Assert.Equal(2 * 7 + 1, adapter.Changes.Count);
        Assert.Contains(TensorNames.Head, adapter.Changes.Keys);
    }

    [Fact]
    public void All_linear_leaves_the_head_alone()
    {
        using var folder = new TemporaryFolder();
        var config = ModelConfig.Load(Untied);
        var files = new AdapterFiles().Set("target_modules", "\"all-linear\"");
        foreach (var (name, shape) in config.TensorShapes().Where(tensor => tensor.Name.EndsWith("_proj.weight", StringComparison.Ordinal)))
            files.Adapt(name[..^".weight".Length], 2, (int)shape[1], (int)shape[0]);
        files.Write(folder.Path);
        using var adapter = AdapterFolder.Open(folder.Path, config);
        Assert.DoesNotContain(TensorNames.Head, adapter.Changes.Keys);
    }

    [Theory]
    [InlineData("base_model.model.", "")]
    [InlineData("lora_A.weight", "lora_A.default.weight")]
    public void Tensor_names_may_be_spelled_as_in_memory(string from, string to)
    {
        using var folder = new TemporaryFolder();
        AdapterFiles.For(ModelConfig.Load(Tied)).Rename(name => name.Replace(from, to, StringComparison.Ordinal)).Write(folder.Path);
        using var adapter = AdapterFolder.Open(folder.Path, ModelConfig.Load(Tied));
        Assert.Equal(2, adapter.Changes.Count);
    }

    [Fact]
    public void Modules_saved_whole_replace_the_base_s()
    {
        using var folder = new TemporaryFolder();
        var files = AdapterFiles.For(ModelConfig.Load(Untied)).Set("modules_to_save", """["lm_head", "model.norm"]""")
            .Put("base_model.model.lm_head.weight", 60, 48).Put("base_model.model.model.norm.modules_to_save.default.weight", 48);
        files.Write(folder.Path);
        using var merged = Open(Untied, folder.Path);
        Fixture.AssertClose(Doubles(files, "base_model.model.lm_head.weight"), merged.Read("lm_head.weight"), 0);
        Fixture.AssertClose(Doubles(files, "base_model.model.model.norm.modules_to_save.default.weight"), merged.Read("model.norm.weight"), 0);
        using var plain = Open(Untied);
        Assert.True(merged.Read(TensorNames.Embedding).equal(plain.Read(TensorNames.Embedding)).all().ReadNumber() == 1);
    }

    [Fact]
    public void A_tied_model_takes_an_embedding_and_the_same_as_head_but_no_other()
    {
        using var folder = new TemporaryFolder();
        var files = AdapterFiles.For(ModelConfig.Load(Tied)).Set("modules_to_save", """["embed_tokens", "lm_head"]""")
            .Put("base_model.model.model.embed_tokens.weight", 60, 32);
        files.Tensors["base_model.model.lm_head.weight"] = files.Tensors["base_model.model.model.embed_tokens.weight"];
        files.Write(folder.Path);
        using (var adapter = AdapterFolder.Open(folder.Path, ModelConfig.Load(Tied)))
            Assert.Equal([TensorNames.Embedding], adapter.Changes.Keys);

        files.Put("base_model.model.lm_head.weight", 60, 32).Write(folder.Path);
        Assert.Contains("tied", Assert.Throws<KalmException>(() => AdapterFolder.Open(folder.Path, ModelConfig.Load(Tied))).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string[]> Unfit => new()
    {
        { "rank", ["layers.0.mlp.up_proj.lora_A.weight", "[2, 32]", "[3, 32]"] },
        { "missing", ["layers.1.mlp.up_proj.lora_B.weight", "missing"] },
        { "zero", ["every lora_B is zero"] },
        { "stranger", ["layers.7.mlp.up_proj.lora_A.weight", "adapts nothing"] },
        { "target", ["target_modules", "'c_attn'", "q_proj"] },
        { "pattern", ["target_modules", "attn_[abc]", "matches no linear module"] },
        { "layer", ["layers_to_transform", "5"] },
        { "embedding", ["lora_embedding_A", "adapters of the embedding are not supported"] },
        { "dora", ["lora_magnitude_vector", "DoRA is not supported"] },
        { "bias", ["lora_B.bias", "biases"] },
        { "saved", ["modules_to_save", "'score'", "lacks"] },
        { "unsaved", ["lm_head", "missing"] },
        { "whole", ["model.layers.0.mlp.down_proj.weight", "adapts nothing"] },
        { "twice", ["twice"] },
        { "vocabulary", ["model.embed_tokens.weight", "[61, 32]", "[60, 32]"] },
    };

    [Theory]
    [MemberData(nameof(Unfit))]
    public void An_adapter_that_does_not_fit_is_refused_by_name(string fault, string[] mentioned)
    {
        using var folder = new TemporaryFolder();
        var (path, model) = (fault == "unsaved" ? Untied : Tied, ModelConfig.Load(fault == "unsaved" ? Untied : Tied));
        var files = AdapterFiles.For(model);
        _ = fault switch
        {
            "rank" => files.Put("base_model.model.model.layers.0.mlp.up_proj.lora_A.weight", 3, 32),
            "missing" => files.Tensors.Remove("base_model.model.model.layers.1.mlp.up_proj.lora_B.weight") ? files : null,
            "zero" => Zeroed(files),
            "stranger" => files.Adapt("model.layers.7.mlp.up_proj", 2, 32, 48),
            "target" => files.Set("target_modules", """["up_proj", "c_attn"]"""),
            "pattern" => files.Set("target_modules", "\"attn_[abc]\""),
            "layer" => files.Set("layers_to_transform", "[0, 1, 5]"),
            "embedding" => files.Put("base_model.model.model.embed_tokens.lora_embedding_A", 2, 60),
            "dora" => files.Put("base_model.model.model.layers.0.mlp.up_proj.lora_magnitude_vector", 48),
            "bias" => files.Put("base_model.model.model.layers.0.mlp.up_proj.lora_B.bias", 48),
            "saved" => files.Set("modules_to_save", """["score"]"""),
            "unsaved" => files.Set("modules_to_save", """["lm_head"]"""),
            "whole" => files.Put("base_model.model.model.layers.0.mlp.down_proj.weight", 32, 48),
            "twice" => files.Put("model.layers.0.mlp.up_proj.lora_A.default.weight", 2, 32),
            _ => files.Put("base_model.model.model.embed_tokens.weight", 61, 32),
        };
        files.Write(folder.Path);
        var message = Assert.Throws<KalmException>(() => Open(path, folder.Path)).Message;
        foreach (var word in mentioned)
            Assert.Contains(word, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pickled_adapter_is_named()
    {
        using var folder = new TemporaryFolder();
        folder.Write(AdapterConfig.FileName, new AdapterFiles().Config.ToJsonString());
        folder.Write("adapter_model.bin", "");
        Assert.Contains("adapter_model.bin is not read", Assert.Throws<KalmException>(() => AdapterFolder.Open(folder.Path, ModelConfig.Load(Tied))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_fingerprint_knows_a_base_in_any_type_and_no_other_base()
    {
        using var folder = new TemporaryFolder();
        using var source = Open(Tied);
        Kalm.Language.Export.HuggingFaceExport.Write(folder.Path, source, TensorType.BF16);
        Assert.Equal(BaseFingerprint.Of(Tied), BaseFingerprint.Of(folder.Path));
        Assert.NotEqual(BaseFingerprint.Of(Tied), BaseFingerprint.Of(Untied));
    }

    private static MergedCheckpoint Open(string folder, string? adapter = null) =>
        MergedCheckpoint.Open(folder, adapter, null, TestContext.Current.CancellationToken);

    private static AdapterFiles Zeroed(AdapterFiles files)
    {
        foreach (var (name, (_, values)) in files.Tensors)
            if (name.Contains("lora_B", StringComparison.Ordinal))
                Array.Clear(values);
        return files;
    }

    // W + scale B A by hand.
    private static double[] Sum(Tensor weight, AdapterFiles files, string module, double scale)
    {
        var (down, up) = (files.Tensors[$"base_model.model.{module}.lora_A.weight"], files.Tensors[$"base_model.model.{module}.lora_B.weight"]);
        var (rank, inputs) = (down.Shape[0], down.Shape[1]);
        return [.. weight.data<float>().Select((value, at) =>
        {
            var (row, column) = (at / inputs, at % inputs);
            double sum = value;
            for (var index = 0; index < rank; index++)
                sum += scale * up.Values[row * rank + index] * down.Values[index * inputs + column];
            return sum;
        })];
    }

    private static double[] Doubles(AdapterFiles files, string name) => [.. files.Tensors[name].Values.Select(value => (double)value)];
}
