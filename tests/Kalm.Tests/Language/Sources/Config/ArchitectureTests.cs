using System.Globalization;
using Kalm.Language.Sources.Config;

namespace Kalm.Tests.Language.Sources.Config;

/// <summary>Where the supported architectures differ.</summary>
public sealed class ArchitectureTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("llama", null, null)]
    [InlineData("mistral", null, "4096 4096 4096")]
    [InlineData("mistral", "\"sliding_window\":null", "- - -")]
    [InlineData("mistral", "\"sliding_window\":7", "7 7 7")]
    [InlineData("mistral", "\"sliding_window\":7,\"layer_types\":[\"full_attention\",\"sliding_attention\",\"full_attention\"]", "- 7 -")]
    [InlineData("qwen2", null, "- - -")]
    [InlineData("qwen2", "\"sliding_window\":7,\"use_sliding_window\":false,\"max_window_layers\":1", "- - -")]
    [InlineData("qwen2", "\"sliding_window\":7,\"use_sliding_window\":true,\"max_window_layers\":1", "- 7 7")]
    [InlineData("qwen2", "\"sliding_window\":7,\"use_sliding_window\":true,\"max_window_layers\":0", "7 7 7")]
    [InlineData("qwen2", "\"sliding_window\":7,\"use_sliding_window\":true", "- - -")]
    [InlineData("qwen3", "\"sliding_window\":null,\"use_sliding_window\":true,\"max_window_layers\":3", "- - -")]
    [InlineData("qwen3", "\"sliding_window\":7,\"use_sliding_window\":true,\"max_window_layers\":9,\"layer_types\":[\"sliding_attention\","
        + "\"full_attention\",\"sliding_attention\"]", "7 - 7")]
    [InlineData("qwen3", "\"sliding_window\":7,\"layer_types\":[\"full_attention\",\"sliding_attention\",\"full_attention\"]", "- 7 -")]
    [InlineData("qwen3", "\"sliding_window\":null,\"use_sliding_window\":false,\"layer_types\":[\"full_attention\",\"full_attention\","
        + "\"full_attention\"]", "- - -")]
    public void Windows_are_those_of_the_architecture_and_survive_saving(string modelType, string? fields, string? windows)
    {
        _folder.Write("config.json", "{" + Required(modelType) + (fields is null ? "" : "," + fields) + "}");
        var config = ModelConfig.Load(_folder.Path);
        Assert.Equal(windows ?? "- - -", Windows(config));
        Assert.Equal(modelType, config.Architecture.ModelType);
        config.Save(_folder.Path);
        Assert.Equivalent(config, ModelConfig.Load(_folder.Path), strict: true);

        static string Windows(ModelConfig config) =>
            string.Join(' ', Enumerable.Range(0, config.LayerCount)
                .Select(layer => config.WindowOf(layer)?.ToString(CultureInfo.InvariantCulture) ?? "-"));
    }

    [Theory]
    [InlineData("mistral", "\"sliding_window\":0", "sliding_window: found 0, expected a positive whole number")]
    [InlineData("mistral", "\"attention_bias\":true", "attention_bias: found true, expected false")]
    [InlineData("mistral", "\"sliding_window\":null,\"layer_types\":[\"full_attention\",\"sliding_attention\",\"full_attention\"]",
        "sliding_window: found null, expected a positive")]
    [InlineData("llama", "\"layer_types\":[\"full_attention\",\"sliding_attention\",\"full_attention\"]", "expected full_attention only")]
    [InlineData("llama", "\"is_causal\":false", "is_causal: found false")]
    [InlineData("qwen2", "\"mlp_bias\":true", "mlp_bias: found true, expected false")]
    [InlineData("qwen2", "\"layer_types\":[\"full_attention\"]", "expected a list of 3 texts")]
    [InlineData("qwen2", "\"layer_types\":[\"full_attention\",\"chunked_attention\",\"full_attention\"]",
        "expected full_attention or sliding_attention")]
    [InlineData("qwen3", "\"use_sliding_window\":false,\"layer_types\":[\"full_attention\",\"sliding_attention\",\"full_attention\"]",
        "use_sliding_window: found false, expected true")]
    [InlineData("qwen3", "\"use_sliding_window\":true,\"max_window_layers\":-1", "max_window_layers: found -1")]
    [InlineData("olmo", "\"head_dim\":8", "found \"olmo\", expected a supported architecture: llama, mistral, ministral3, qwen2, qwen3")]
    [InlineData("stablelm", "\"qk_layernorm\":true", "qk_layernorm: found true, expected false")]
    [InlineData("gemma3_text", "\"use_bidirectional_attention\":true", "use_bidirectional_attention: found true")]
    [InlineData("glm4", "\"partial_rotary_factor\":0", "found 0, expected a share")]
    [InlineData("smollm3", "\"no_rope_layers\":[1]", "no_rope_layers: found [1], expected a list of at least 3")]
    [InlineData("exaone4", "\"sliding_window_pattern\":\"LX\"", "sliding_window_pattern: found \"LX\"")]
    [InlineData("cohere2", "\"sliding_window_pattern\":0", "sliding_window_pattern: found 0")]
    [InlineData("granite", "\"logits_scaling\":0", "logits_scaling: found 0")]
    public void What_an_architecture_does_not_have_is_refused(string modelType, string fields, string expected)
    {
        _folder.Write("config.json", "{" + Required(modelType) + "," + fields + "}");
        Assert.Contains(expected, Assert.Throws<KalmException>(() => ModelConfig.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama", "", "")]
    [InlineData(
        "llama", "\"attention_bias\":true", "self_attn.k_proj.bias self_attn.o_proj.bias self_attn.q_proj.bias self_attn.v_proj.bias")]
    [InlineData("llama", "\"mlp_bias\":true", "mlp.down_proj.bias mlp.gate_proj.bias mlp.up_proj.bias")]
    [InlineData("mistral", "", "")]
    [InlineData("qwen2", "", "self_attn.k_proj.bias self_attn.q_proj.bias self_attn.v_proj.bias")]
    [InlineData("qwen2", "\"attention_bias\":true", "self_attn.k_proj.bias self_attn.q_proj.bias self_attn.v_proj.bias")]
    [InlineData("qwen3", "", "self_attn.k_norm.weight self_attn.q_norm.weight")]
    [InlineData("qwen3", "\"attention_bias\":true", "self_attn.k_norm.weight self_attn.k_proj.bias self_attn.o_proj.bias "
        + "self_attn.q_norm.weight self_attn.q_proj.bias self_attn.v_proj.bias")]
    public void An_architecture_adds_its_tensors_to_those_of_every_layer(string modelType, string fields, string added)
    {
        _folder.Write("config.json", "{" + Required(modelType) + (fields.Length == 0 ? "" : "," + fields) + "}");
        var config = ModelConfig.Load(_folder.Path);
        const string Layer = "model.layers.2.";
        var names = config.TensorShapes().Where(tensor => tensor.Name.StartsWith(Layer, StringComparison.Ordinal))
            .Select(tensor => tensor.Name[Layer.Length..]).ToList();
        var extra = names.Where(name => name.EndsWith(".bias", StringComparison.Ordinal)
            || name.Contains("_norm.", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        Assert.Equal(added, string.Join(' ', extra));
        Assert.Equal(9, names.Count - extra.Count());
    }

    [Fact]
    public void Absent_keys_have_the_defaults_of_their_architecture()
    {
        _folder.Write(
            "config.json",
            """{"model_type":"qwen3","hidden_size":64,"intermediate_size":96,"num_hidden_layers":2,"num_attention_heads":32,"""
                + "\"vocab_size\":100}");
        var config = ModelConfig.Load(_folder.Path);
        Assert.Equal((32, 128, 32768, null, 0),
            (config.KeyValueHeadCount, config.HeadDimension, config.MaxPositions, config.BeginTokenId, config.EndTokenIds.Count));
        _folder.Write(
            "config.json",
            """{"model_type":"mistral","hidden_size":64,"intermediate_size":96,"num_hidden_layers":2,"num_attention_heads":16,"""
                + "\"num_key_value_heads\":null,\"head_dim\":null,\"vocab_size\":100}");
        config = ModelConfig.Load(_folder.Path);
        Assert.Equal((16, 4, 131072, 1), (config.KeyValueHeadCount, config.HeadDimension, config.MaxPositions, config.BeginTokenId));
    }

    private static string Required(string modelType) =>
        $"\"model_type\":\"{modelType}\",\"hidden_size\":64,\"intermediate_size\":96,\"num_hidden_layers\":3,"
            + "\"num_attention_heads\":4,\"num_key_value_heads\":2,\"vocab_size\":100";
}
