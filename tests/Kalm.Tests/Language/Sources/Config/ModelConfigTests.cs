using System.Text.Json;
using System.Text.Json.Nodes;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Tests.Language.Sources.Config;

public sealed class ModelConfigTests : IDisposable
{
    private const string Llama3 =
        """{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Reads_every_field()
    {
        var config = Load(("num_key_value_heads", "2"), ("head_dim", "32"), ("rms_norm_eps", "1e-05"), ("rope_theta", "500000.0"),
            ("max_position_embeddings", "4096"), ("tie_word_embeddings", "true"), ("bos_token_id", "3"), ("eos_token_id", "[4, 5]"),
            ("torch_dtype", "\"bfloat16\""));
        Assert.Equal((64, 96, 2, 4, 2, 32, 100),
            (config.HiddenSize, config.IntermediateSize, config.LayerCount, config.HeadCount, config.KeyValueHeadCount,
                config.HeadDimension, config.VocabularySize));
        Assert.Equal((1e-5, 500000.0, 4096, true), (config.NormEpsilon, config.RopeTheta, config.MaxPositions, config.TieWordEmbeddings));
        Assert.Equal(3, config.BeginTokenId);
        Assert.Equal([4, 5], config.EndTokenIds);
        Assert.Equal(TensorType.BF16, config.TorchType);
        Assert.Null(config.RopeScaling);
    }

    [Fact]
    public void Absent_keys_have_the_defaults_of_Llama()
    {
        var config = Load();
        Assert.Equal((4, 16, 1e-6, 10000.0, 2048, false),
            (config.KeyValueHeadCount, config.HeadDimension, config.NormEpsilon, config.RopeTheta, config.MaxPositions,
                config.TieWordEmbeddings));
        Assert.Equal(1, config.BeginTokenId);
        Assert.Equal([2], config.EndTokenIds);
        Assert.Equal(TensorType.F32, config.TorchType);
    }

    [Theory]
    [InlineData("head_dim", "null")]
    [InlineData("rope_scaling", "null")]
    [InlineData("rope_scaling", """{"type":"default"}""")]
    [InlineData("rope_scaling", """{"rope_type":"default"}""")]
    [InlineData("rope_parameters", """{"rope_type":"default","rope_theta":10000.0}""")]
    [InlineData("sliding_window", "null")]
    [InlineData("quantization_config", "null")]
    [InlineData("attention_bias", "false")]
    [InlineData("hidden_act", "\"silu\"")]
    [InlineData("pretraining_tp", "1")]
    public void Accepts_what_changes_nothing(string key, string value)
    {
        var config = Load((key, value));
        Assert.Equal((16, 10000.0), (config.HeadDimension, config.RopeTheta));
        Assert.Null(config.RopeScaling);
    }

    [Fact]
    public void Accepts_the_newer_spellings()
    {
        var config = Load(("rope_parameters", """{"rope_theta":123.0}"""), ("dtype", "\"float16\""), ("bos_token_id", "null"),
            ("eos_token_id", "null"));
        Assert.Equal((123.0, TensorType.F16), (config.RopeTheta, config.TorchType));
        Assert.Null(config.BeginTokenId);
        Assert.Empty(config.EndTokenIds);
    }

    [Theory]
    [InlineData("rope_scaling")]
    [InlineData("rope_parameters")]
    public void Reads_the_scaling_of_Llama_3(string key) =>
        Assert.Equal(new Llama3Scaling(8, 1, 4, 8192), Load((key, Llama3)).RopeScaling);

    [Theory]
    [InlineData("""{"type":"linear","factor":2.5}""")]
    [InlineData("""{"rope_type":"linear","type":"linear","factor":2.5}""")]
    public void Reads_linear_scaling(string value) => Assert.Equal(new LinearScaling(2.5), Load(("rope_scaling", value)).RopeScaling);

    [Fact]
    public void Rotary_frequencies_are_scaled()
    {
        Assert.Equal([1, 0.1, 0.01, 0.001], Load(("head_dim", "8")).RotaryFrequencies(), new Near());
        Assert.Equal([0.5, 0.05, 0.005, 0.0005],
            Load(("head_dim", "8"), ("rope_scaling", """{"type":"linear","factor":2}""")).RotaryFrequencies(), new Near());
        // Wavelengths 6.3, 63, 628, 6283 with an original length of 400: below 100 kept, above 400 divided by 8, and those between blended.
        Assert.Equal(
            [1, 0.1, 0.00125, 0.000125],
            Load(("head_dim", "8"), ("rope_scaling", Llama3.Replace("8192", "400", StringComparison.Ordinal))).RotaryFrequencies(),
            new Near());
        // An original length of 1256.637 = 2 pi 200: the wavelength of 0.01 is half of it, so (2 - 1) / (4 - 1) of the frequency is kept.
        Assert.Equal(0.01 / 3 + 0.00125 * 2 / 3, new Llama3Scaling(8, 1, 4, 1257).Scale(0.01), 1e-5);
    }

    [Theory]
    [InlineData("model_type", "\"gpt_oss\"", "found \"gpt_oss\", expected a supported architecture: llama")]
    [InlineData("model_type", "absent", "found nothing")]
    [InlineData("hidden_size", "absent", "found nothing, expected a whole number")]
    [InlineData("hidden_size", "64.5", "found 64.5")]
    [InlineData("hidden_size", "\"64\"", "found \"64\"")]
    [InlineData("hidden_size", "0", "found 0, expected a positive whole number")]
    [InlineData("hidden_size", "99999999999", "found 99999999999")]
    [InlineData("intermediate_size", "-3", "found -3")]
    [InlineData("num_hidden_layers", "0", "found 0")]
    [InlineData("num_attention_heads", "0", "found 0")]
    [InlineData("num_attention_heads", "5", "found 5, expected a divisor of hidden_size, 64")]
    [InlineData("num_key_value_heads", "3", "found 3, expected a divisor of num_attention_heads, 4")]
    [InlineData("num_key_value_heads", "0", "found 0")]
    [InlineData("head_dim", "15", "found 15, expected an even number")]
    [InlineData("vocab_size", "0", "found 0")]
    [InlineData("rms_norm_eps", "0", "found 0")]
    [InlineData("rms_norm_eps", "1e999", "found 1e999")]
    [InlineData("rope_theta", "-1", "found -1")]
    [InlineData(
        "rope_scaling", """{"type":"ntk","factor":2.0}""", "found \"ntk\", expected default, linear, dynamic, yarn, longrope or llama3")]
    [InlineData("rope_scaling", """{"type":"longrope","factor":2.0}""",
        "rope_scaling.short_factor: found nothing, expected a list of positive numbers")]
    [InlineData("rope_scaling", """{"type":"longrope","short_factor":[1],"long_factor":[1]}""",
        "found 1 short and 1 long factors, expected 8 of each")]
    [InlineData("rope_scaling", """{"type":"yarn","factor":-2}""", "rope_scaling.factor: found -2")]
    [InlineData("rope_scaling", """{"type":"yarn","factor":2,"original_max_position_embeddings":0}""",
        "rope_scaling.original_max_position_embeddings: found 0")]
    [InlineData("rope_scaling", """{"type":"linear"}""", "rope_scaling.factor: found nothing")]
    [InlineData("rope_parameters", """{"full_attention":{"rope_theta":1.0}}""", "rope_parameters.full_attention: found")]
    [InlineData("rope_parameters", """{"rope_type":"dynamic"}""", "rope_parameters.factor: found nothing")]
    [InlineData("rope_scaling", """{"rope_type":"llama3","type":"default"}""", "rope_scaling.type: found \"default\", expected the same")]
    [InlineData("rope_scaling", """{"rope_type":"llama3"}""", "rope_scaling.factor: found nothing")]
    [InlineData("rope_scaling", "3", "found 3, expected an object")]
    [InlineData("hidden_act", "\"quick_gelu\"", "found \"quick_gelu\", expected one of silu, swish, gelu")]
    [InlineData("mlp_bias", "1", "found 1, expected true or false")]
    [InlineData("sliding_window", "4096", "found 4096, expected null")]
    [InlineData("quantization_config", """{"bits":4}""", "quantized checkpoints are not supported")]
    [InlineData("partial_rotary_factor", "0.5", "found 0.5")]
    [InlineData("torch_dtype", "\"int8\"", "found \"int8\", expected float32")]
    [InlineData("bos_token_id", "100", "found 100, expected a token from 0 to 99")]
    [InlineData("eos_token_id", "[1,-1]", "found -1")]
    [InlineData("eos_token_id", "[\"a\"]", "expected a whole number or a list of them")]
    public void Refuses_what_is_wrong_or_not_supported_by_key(string key, string value, string expected)
    {
        var error = Assert.Throws<KalmException>(() => Load((key, value)));
        Assert.StartsWith(_folder.File("config.json") + ": " + key, error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"hidden_size":1,"hidden_size":1}""")]
    [InlineData("""{"model_type":"\ud800"}""")]
    [InlineData("""{"\ud800":1}""")]
    public void Refuses_a_file_that_is_not_a_JSON_object(string content)
    {
        var path = _folder.Write("config.json", content);
        Assert.StartsWith(path, Assert.Throws<KalmException>(() => ModelConfig.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_a_missing_file() =>
        Assert.Contains(
            "no such file", Assert.Throws<KalmException>(() => ModelConfig.Load(_folder.Path)).Message, StringComparison.Ordinal);

    [Fact]
    public void Comes_back_as_saved()
    {
        var config = Load(("num_key_value_heads", "2"), ("rope_scaling", Llama3), ("bos_token_id", "null"), ("eos_token_id", "[4, 5]"),
            ("rms_norm_eps", "1e-05"), ("torch_dtype", "\"float16\""), ("tie_word_embeddings", "true"));
        config.Save(_folder.Path);
        Assert.Equivalent(config, ModelConfig.Load(_folder.Path), strict: true);
    }

    [Fact]
    public void Saves_what_the_transformers_library_needs()
    {
        Load().Save(_folder.Path);
        using var saved = JsonDocument.Parse(File.ReadAllText(_folder.File("config.json")));
        var root = saved.RootElement;
        Assert.Equal("LlamaForCausalLM", root.GetProperty("architectures")[0].GetString());
        Assert.Equal("llama", root.GetProperty("model_type").GetString());
        Assert.Equal("silu", root.GetProperty("hidden_act").GetString());
        Assert.Equal("float32", root.GetProperty("torch_dtype").GetString());
        Assert.Equal("10000.0", root.GetProperty("rope_theta").GetRawText());
        Assert.Equal("2", root.GetProperty("eos_token_id").GetRawText());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("rope_scaling").ValueKind);
    }

    [Fact]
    public void Does_not_save_what_it_would_not_read()
    {
        Assert.Throws<KalmException>(() => (Load() with { KeyValueHeadCount = 3 }).Save(_folder.File("")));
        Assert.Throws<KalmException>(() => Load().Save(_folder.File("absent")));
    }

    [Fact]
    public void Lists_every_tensor_with_its_shape()
    {
        var config = Load(("num_key_value_heads", "2"), ("head_dim", "32"));
        var shapes = config.TensorShapes().ToDictionary(tensor => tensor.Name, tensor => tensor.Shape);
        Assert.Equal(3 + (2 * 9), shapes.Count);
        Assert.Equal([100, 64], shapes["model.embed_tokens.weight"]);
        Assert.Equal([128, 64], shapes["model.layers.1.self_attn.q_proj.weight"]);
        Assert.Equal([64, 64], shapes["model.layers.1.self_attn.k_proj.weight"]);
        Assert.Equal([64, 128], shapes["model.layers.1.self_attn.o_proj.weight"]);
        Assert.Equal([64, 96], shapes["model.layers.0.mlp.down_proj.weight"]);
        Assert.Equal([100, 64], shapes["lm_head.weight"]);
        Assert.DoesNotContain("lm_head.weight", (config with { TieWordEmbeddings = true }).TensorShapes().Select(tensor => tensor.Name));
    }

    private sealed class Near : IEqualityComparer<double>
    {
        public bool Equals(double x, double y) => Math.Abs(x - y) <= 1e-12 * Math.Abs(x);

        public int GetHashCode(double obj) => 0;
    }

    private ModelConfig Load(params ReadOnlySpan<(string Key, string Value)> changes)
    {
        var json = JsonNode.Parse("""
            {"model_type":"llama","hidden_size":64,"intermediate_size":96,"num_hidden_layers":2,"num_attention_heads":4,"vocab_size":100}
            """)!.AsObject();
        var text = "{" + string.Join(",", json.Where(Unchanged(changes)).Select(pair => $"\"{pair.Key}\":{pair.Value!.ToJsonString()}")
            .Concat(changes.ToArray().Where(change => change.Value != "absent")
                .Select(change => $"\"{change.Key}\":{change.Value}"))) + "}";
        _folder.Write("config.json", text);
        return ModelConfig.Load(_folder.Path);
    }

    private static Func<KeyValuePair<string, JsonNode?>, bool> Unchanged(ReadOnlySpan<(string Key, string Value)> changes)
    {
        var keys = changes.ToArray().Select(change => change.Key).ToHashSet();
        return pair => !keys.Contains(pair.Key);
    }
}
