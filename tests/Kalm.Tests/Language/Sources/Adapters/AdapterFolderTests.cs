using Kalm.Engine;
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
                    Fixture.AssertClose(Sum(before, adapter, module.Module,
                        rankStabilized ? module.Alpha / Math.Sqrt(module.Rank) : module.Alpha / module.Rank), found, 1e-6);
            }
        }
    }

    [Fact]
    public void Every_linear_module_can_be_adapted_the_head_too()
    {
        using var folder = new TemporaryFolder();
        var config = ModelConfig.Load(Untied);
        var files = new AdapterFiles().Set("target_modules", "\".*(_proj|lm_head)\"");
        foreach (var (name, shape) in config.TensorShapes()
            .Where(tensor => tensor.Shape.Length == 2 && tensor.Name != TensorNames.Embedding))
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
    [InlineData("base_model.model.", "base_model.")]
    [InlineData("base_model.model.", "model.")]
    [InlineData("base_model.model.model.", "base_model.model.")]
    [InlineData("base_model.model.model.", "base_model.model.model.language_model.")]
    [InlineData("base_model.model.model.", "base_model.model.language_model.model.")]
    [InlineData("base_model.model.", "base_model.model._orig_mod.")]
    [InlineData("base_model.model.", "module.base_model.model.")]
    [InlineData("mlp.", "mlp._checkpoint_wrapped_module.")]
    [InlineData("lora_A.weight", "lora_A.default.weight")]
    [InlineData("lora_A.weight", "lora_A.sft.weight")]
    public void Tensor_names_may_be_spelled_in_any_wrapper(string from, string to)
    {
        using var folder = new TemporaryFolder();
        AdapterFiles.For(ModelConfig.Load(Tied)).Rename(name => name.Replace(from, to, StringComparison.Ordinal)).Write(folder.Path);
        using var adapter = AdapterFolder.Open(folder.Path, ModelConfig.Load(Tied));
        Assert.Equal(2, adapter.Changes.Count);
        Assert.Empty(adapter.Warnings);
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
        Fixture.AssertClose(
            Doubles(files, "base_model.model.model.norm.modules_to_save.default.weight"), merged.Read("model.norm.weight"), 0);
        using var plain = Open(Untied);
        Assert.True(merged.Read(TensorNames.Embedding).equal(plain.Read(TensorNames.Embedding)).all().ReadNumber() == 1);
    }

    [Fact]
    public void A_tied_model_stays_so_when_embedding_and_head_are_saved_alike()
    {
        using var folder = new TemporaryFolder();
        var files = AdapterFiles.For(ModelConfig.Load(Tied)).Set("modules_to_save", """["embed_tokens", "lm_head"]""")
            .Put("base_model.model.model.embed_tokens.weight", 60, 32);
        files.Tensors["base_model.model.lm_head.weight"] = files.Tensors["base_model.model.model.embed_tokens.weight"];
        files.Write(folder.Path);
        Assert.True(OpenAdapter().Config.TieWordEmbeddings);
        files.Put("base_model.model.lm_head.weight", 60, 32).Write(folder.Path);
        Assert.False(OpenAdapter().Config.TieWordEmbeddings);

        AdapterFolder OpenAdapter()
        {
            using var adapter = AdapterFolder.Open(folder.Path, ModelConfig.Load(Tied));
            return adapter;
        }
    }

    public static TheoryData<string, string[]> Unfit => new()
    {
        { "rank", ["layers.0.mlp.up_proj.lora_A.weight", "[2, 32]", "[3, 32]"] },
        { "missing", ["layers.1.mlp.up_proj.lora_B.weight", "missing"] },
        { "pattern", ["target_modules", "attn_[abc]", "matches no module", "q_proj"] },
        { "target", ["target_modules", "c_attn", "matches no module", "q_proj"] },
        { "layer", ["target_modules", "up_proj", "layers 5"] },
        { "dora", ["lora_magnitude_vector", "missing", "[48]"] },
        { "unsaved", ["lm_head", "missing"] },
        { "twice", ["twice"] },
        { "integers", ["I32", "lora_A"] },
        { "nothing", ["none of its", "q_proj"] },
        { "hidden", ["model.embed_tokens.weight", "[60, 31]", "[60, 32]"] },
        { "vocabularies", ["lm_head.weight", "[62, 48]", "[61, 48]"] },
        { "half a vocabulary", ["model.embed_tokens.weight", "61 tokens", "60", "lm_head"] },
        { "token", ["trainable_token_indices", "60"] },
        { "token rows", ["trainable_tokens_delta", "[2, 32]", "[1, 32]"] },
        { "token module", ["trainable_token_indices", "'q_proj'"] },
        { "leading columns", ["r: found 64", "[48, 32]"] },
    };

    [Theory]
    [MemberData(nameof(Unfit))]
    public void An_adapter_that_does_not_fit_is_refused_by_name(string fault, string[] mentioned)
    {
        using var folder = new TemporaryFolder();
        var path = fault is "unsaved" or "vocabularies" or "half a vocabulary" ? Untied : Tied;
        var files = AdapterFiles.For(ModelConfig.Load(path));
        const string Embedding = "base_model.model.model.embed_tokens";
        _ = fault switch
        {
            "rank" => files.Put("base_model.model.model.layers.0.mlp.up_proj.lora_A.weight", 3, 32),
            "missing" => files.Tensors.Remove("base_model.model.model.layers.1.mlp.up_proj.lora_B.weight") ? files : null,
            "pattern" => files.Set("target_modules", "\"attn_[abc]\""),
            "target" => files.Set("target_modules", """["c_attn"]"""),
            "layer" => files.Set("layers_to_transform", "[5]"),
            "dora" => files.Set("use_dora", "true"),
            "unsaved" => files.Set("modules_to_save", """["lm_head"]"""),
            "twice" => files.Put("model.layers.0.mlp.up_proj.lora_A.default.weight", 2, 32),
            "integers" => files,
            "nothing" => files.Rename(name => name.Replace("mlp", "moe", StringComparison.Ordinal)),
            "hidden" => files.Put(Embedding + ".weight", 60, 31),
            "vocabularies" => files.Put(Embedding + ".weight", 61, 48).Put("base_model.model.lm_head.weight", 62, 48),
            "half a vocabulary" => files.Put(Embedding + ".weight", 61, 48),
            "token" => files.Set("trainable_token_indices", "[60]").Put(Embedding + ".token_adapter.trainable_tokens_delta", 1, 32),
            "token rows" => files.Set("trainable_token_indices", "[5]").Put(Embedding + ".token_adapter.trainable_tokens_delta", 2, 32),
            "token module" => files.Set("trainable_token_indices", """{"q_proj": [5]}"""),
            _ => files.Set("r", "64").Set("init_lora_weights", "\"olora\""),
        };
        files.Write(folder.Path, fault == "integers" ? TensorType.I32 : TensorType.F32);
        var message = Assert.Throws<KalmException>(() => Open(path, folder.Path)).Message;
        foreach (var word in mentioned)
            Assert.Contains(word, message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string[]> Odd => new()
    {
        { "stranger", ["2 tensors", "layers.7.mlp.up_proj.lora_A.weight", "ignored"] },
        { "target", ["target_modules", "'c_attn'"] },
        { "layer", ["layers_to_transform", "5"] },
        { "saved", ["modules_to_save", "'score'"] },
        { "untouched", ["no matrices for", "model.layers.1.mlp.up_proj"] },
        { "magnitude", ["lora_magnitude_vector", "ignored"] },
        { "bias", ["lora_B.bias", "ignored"] },
        { "zero", ["every B is zero"] },
    };

    [Theory]
    [MemberData(nameof(Odd))]
    public void What_PEFT_passes_over_is_named(string oddity, string[] mentioned)
    {
        using var folder = new TemporaryFolder();
        var files = AdapterFiles.For(ModelConfig.Load(Tied));
        const string First = "base_model.model.model.layers.0.mlp.up_proj.", Second = "base_model.model.model.layers.1.mlp.up_proj.";
        _ = oddity switch
        {
            "stranger" => files.Adapt("model.layers.7.mlp.up_proj", 2, 32, 48),
            "target" => files.Set("target_modules", """["up_proj", "c_attn"]"""),
            "layer" => files.Set("layers_to_transform", "[0, 1, 5]"),
            "saved" => files.Set("modules_to_save", """["score"]"""),
            "untouched" => files.Tensors.Remove(Second + "lora_B.weight") && files.Tensors.Remove(Second + "lora_A.weight") ? files : null,
            "magnitude" => files.Put(First + "lora_magnitude_vector", 48),
            "bias" => files.Put(First + "lora_B.bias", 48),
            _ => Zeroed(files),
        };
        files.Write(folder.Path);
        using var merged = Open(Tied, folder.Path);
        var warning = Assert.Single(merged.Warnings);
        foreach (var word in mentioned)
            Assert.Contains(word, warning, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fingerprint_knows_a_base_in_any_type_and_no_other_base()
    {
        using var folder = new TemporaryFolder();
        using var source = Open(Tied);
        Kalm.Language.Export.HuggingFaceExport.Write(folder.Path, source, TensorType.BF16);
        Assert.Equal(FingerprintOf(Tied), FingerprintOf(folder.Path));
        Assert.NotEqual(FingerprintOf(Tied), FingerprintOf(Untied));
    }

    private static SourceWeights Open(string folder, string? adapter = null) => SourceWeights.Open(folder, adapter);

    private static string FingerprintOf(string folder)
    {
        using var model = FolderSource.Open(folder);
        return BaseFingerprint.Of(model);
    }

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
        var (down, up) = (files.Tensors[$"base_model.model.{module}.lora_A.weight"],
            files.Tensors[$"base_model.model.{module}.lora_B.weight"]);
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
