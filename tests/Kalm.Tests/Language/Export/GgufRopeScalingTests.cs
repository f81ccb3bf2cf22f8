using System.Text.Json.Nodes;
using Kalm.Evaluation;
using Kalm.Language.Execution;
using Kalm.Language.Export;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Gguf;

namespace Kalm.Tests.Language.Export;

/// <summary>Stretched rotary positions in files of ours: read back they give what the folder gives, on a text far longer than the original
/// length.</summary>
public sealed class GgufRopeScalingTests : TorchTest
{
    private const string Yarn = """{"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 32, "rope_theta": 10000""";
    private const string Long = """
        {"rope_type": "longrope", "short_factor": [1, 1.1, 1.3, 2], "long_factor": [1, 2, 5, 9.5],
         "original_max_position_embeddings": 32, "rope_theta": 10000
        """;

    [Theory]
    [InlineData("llama", Yarn + "}", "llama.rope.scaling.type")]
    [InlineData("llama", Yarn + ", \"attention_factor\": 0.8}", "llama.rope.scaling.attn_factor")]
    [InlineData("llama", Yarn + ", \"mscale\": 0.7, \"mscale_all_dim\": 1.2}", "llama.rope.scaling.attn_factor")]
    [InlineData("qwen3", Yarn + "}", "qwen3.rope.scaling.original_context_length")]
    [InlineData("ministral3",
        Yarn + ", \"beta_fast\": 8, \"beta_slow\": 2, \"mscale\": 1, \"mscale_all_dim\": 0.5, \"llama_4_scaling_beta\": 0.3}",
        "mistral3.rope.scaling.yarn_log_multiplier")]
    [InlineData("ministral3", Yarn + ", \"mscale\": 2, \"mscale_all_dim\": 0.5}", "mistral3.rope.scaling.attn_factor")]
    [InlineData("ministral3",
        """{"rope_type": "default", "rope_theta": 10000, "original_max_position_embeddings": 32, "llama_4_scaling_beta": 0.3}""",
        "mistral3.attention.temperature_scale")]
    [InlineData("phi3", Long + "}", "phi3.rope.scaling.attn_factor")]
    [InlineData("phi3", Long + ", \"attention_factor\": 1.3}", "phi3.rope.scaling.attn_factor")]
    [InlineData("llama", Long + ", \"factor\": 3}", "llama.rope.scaling.attn_factor")]
    [InlineData(
        "hunyuan_v1_dense", """{"rope_type": "dynamic", "alpha": 50, "factor": 1, "rope_theta": 10000}""", "hunyuan-dense.rope.freq_base")]
    public void A_stretched_model_is_the_same_after_it_was_written_and_read(string family, string rope, string key)
    {
        using var folder = new TemporaryFolder();
        var model = Stretch(folder, family, rope);
        using (var source = SourceWeights.Open(model))
            GgufExport.Write(folder.File("made.gguf"), source, GgufTensorType.F32, "made");
        using var checkpoint = FolderSource.Open(model);
        using var file = GgufSource.Open(folder.File("made.gguf"));
        Assert.Contains(key, new IndependentGguf(folder.File("made.gguf")).Keys.Keys);
        Assert.Empty(file.Warnings);
        Assert.Equal(checkpoint.Config.QueryStretch?.Positions, file.Config.QueryStretch?.Positions);
        Assert.Equal(checkpoint.Config.RopeScaling?.RotaryFactor ?? 1, file.Config.RopeScaling?.RotaryFactor ?? 1, 1e-6);
        Assert.Equal(checkpoint.Config.RopeScaling?.TrainedPositions, file.Config.RopeScaling?.TrainedPositions);
        // Of a text within the original length and of one beyond.
        foreach (var length in (int[])[20, 120])
        {
            var (expected, found) = (Likelihood(checkpoint, length), Likelihood(file, length));
            Assert.Equal(expected, found, 1e-6 * expected);
        }
    }

    [Theory]
    [InlineData("llama", "{\"rope_type\": \"dynamic\", \"factor\": 2, \"rope_theta\": 10000}", "rope_scaling: found dynamic on llama")]
    [InlineData("llama", Yarn + ", \"truncate\": false}", "truncate: found false on llama")]
    [InlineData("llama", Yarn + ", \"beta_fast\": 8}", "beta_fast, beta_slow: found 8 and 1 on llama")]
    [InlineData("qwen2", Long + "}", "rope_scaling: found longrope on qwen2")]
    [InlineData("gemma3_text", Yarn + "}", "rope_scaling: found yarn on gemma3_text")]
    public void What_llama_cpp_cannot_do_is_refused_by_name(string family, string rope, string expected)
    {
        using var folder = new TemporaryFolder();
        using var source = SourceWeights.Open(Stretch(folder, family, rope));
        var error = Assert.Throws<KalmException>(() => GgufExport.Write(folder.File("made.gguf"), source, GgufTensorType.F32, "made"));
        Assert.StartsWith(expected, error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.File("made.gguf")));
    }

    [Fact]
    public void LongRoPE_is_told_to_differ_in_llama_cpp()
    {
        using var folder = new TemporaryFolder();
        using var source = SourceWeights.Open(Stretch(folder, "phi3", Long + "}"));
        Assert.Contains(GgufExport.Write(folder.File("made.gguf"), source, GgufTensorType.F32, "made"),
            warning => warning.Contains("more than 32 tokens", StringComparison.Ordinal));
    }

    private static string Stretch(TemporaryFolder folder, string family, string rope)
    {
        var target = Directory.CreateDirectory(folder.File("model")).FullName;
        var source = DataFolder.Require($"families/{family}");
        foreach (var file in Directory.EnumerateFiles(source).Where(file => Path.GetFileName(file) != ModelConfig.FileName))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(source, ModelConfig.FileName)))!.AsObject();
        config["rope_parameters"] = family == "gemma3_text"
            ? new JsonObject { ["full_attention"] = JsonNode.Parse(rope), ["sliding_attention"] = new JsonObject
            {
                ["rope_type"] = "default", ["rope_theta"] = 10000,
            } }
            : JsonNode.Parse(rope);
        config["max_position_embeddings"] = 128;
        if (config.ContainsKey("original_max_position_embeddings"))
            config["original_max_position_embeddings"] = 32;
        File.WriteAllText(Path.Combine(target, ModelConfig.FileName), config.ToJsonString());
        return target;
    }

    private static double Likelihood(IModelSource source, int length)
    {
        using var model = CausalModel.Load(source);
        using var decoder = new DecoderPool(model, null, null, 1);
        int[] ids = [.. Enumerable.Range(0, length).Select(at => at * 7 % 90)];
        return TextPerplexity.Measure(decoder, ids, 128, 128, null, TestContext.Current.CancellationToken).NegativeLogLikelihood;
    }
}
