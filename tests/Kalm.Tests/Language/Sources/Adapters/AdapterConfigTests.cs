using System.Text.Json;
using Kalm.Language.Sources.Adapters;

namespace Kalm.Tests.Language.Sources.Adapters;

public sealed class AdapterConfigTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Comes_back_as_saved()
    {
        var config = new AdapterConfig
        {
            BaseModel = "models/small",
            Rank = 8,
            Alpha = 12.5,
            Dropout = 0.05,
            TargetModules = ["gate_proj", "mlp.up_proj"],
            ExcludedModules = ["layers.3.mlp.gate_proj"],
            Layers = [1, 3],
            LayersPattern = ["layers", "h"],
            Revision = "main",
            Tokens = [new("embed_tokens", [5L, 7L]), new("lm_head", [5L])],
            KeepsTying = true,
            Decomposed = true,
            Start = LowRankStart.WithoutLeadingColumns,
            RankPattern = [new("up_proj", 4), new(@"layers\.[01]\..*", 2)],
            AlphaPattern = [new("gate_proj", 1.5)],
            ModulesToSave = ["lm_head"],
            RankStabilized = true,
            InferenceMode = false,
        };
        config.Save(_folder.Path);
        Assert.Equivalent(config, AdapterConfig.Load(_folder.Path), strict: true);
    }

    [Fact]
    public void A_pattern_of_targets_comes_back_as_saved()
    {
        var config = new AdapterConfig { Rank = 2, Alpha = 4, TargetPattern = @"model\.layers\.(?P<layer>[0-3])\..*_proj" };
        config.Save(_folder.Path);
        var read = AdapterConfig.Load(_folder.Path);
        Assert.Equivalent(config, read, strict: true);
        Assert.True(read.Targets("model.layers.2.mlp.up_proj"));
        Assert.False(read.Targets("model.layers.2.mlp.up_proj.inner"));
        Assert.False(read.Targets("base.model.layers.2.mlp.up_proj"));
    }

    [Fact]
    public void Saves_all_the_fields_of_PEFT()
    {
        new AdapterConfig { Rank = 8, Alpha = 16, TargetModules = ["up_proj"] }.Save(_folder.Path);
        using var saved = JsonDocument.Parse(File.ReadAllText(_folder.File("adapter_config.json")));
        var root = saved.RootElement;
        Assert.Equal(29, root.GetPropertyCount());
        Assert.Equal(root.EnumerateObject().Select(field => field.Name).Order(StringComparer.Ordinal),
            root.EnumerateObject().Select(field => field.Name));
        Assert.Equal("16", root.GetProperty("lora_alpha").GetRawText());
        Assert.Equal("0.0", root.GetProperty("lora_dropout").GetRawText());
        Assert.Equal("CAUSAL_LM", root.GetProperty("task_type").GetString());
        Assert.Equal("{}", root.GetProperty("rank_pattern").GetRawText());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("modules_to_save").ValueKind);
    }

    [Theory]
    [InlineData("false", 2.0)]
    [InlineData("true", 4.0)]
    public void Scale_is_alpha_over_the_rank_or_its_root(string rankStabilized, double expected) =>
        Assert.Equal(expected, Load($"\"use_rslora\":{rankStabilized}").ScaleOf("model.layers.0.mlp.up_proj"));

    [Theory]
    [InlineData("\"peft_version\":\"0.17.1\",\"revision\":\"main\",\"auto_mapping\":{\"base_model_class\":\"LlamaForCausalLM\"}")]
    [InlineData("\"megatron_core\":\"megatron.core\",\"loftq_config\":{},\"fan_in_fan_out\":false,\"use_dora\":false,\"lora_bias\":false")]
    [InlineData(
        "\"init_lora_weights\":\"gaussian\",\"modules_to_save\":null,\"rank_pattern\":{},\"alpha_pattern\":{},\"qalora_group_size\":16")]
    [InlineData(
        "\"task_type\":null,\"exclude_modules\":null,\"target_parameters\":null,\"ensure_weight_tying\":false,\"arrow_config\":null")]
    [InlineData("\"a_field_of_the_future\":false,\"another\":[]")]
    public void Accepts_fields_at_their_defaults(string fields) => Assert.Equal(4, Load(fields).Rank);

    [Theory]
    [InlineData("layer_replication", "[[0,2]]")]
    [InlineData("init_lora_weights", "\"pissa_niter_16\"")]
    [InlineData("init_lora_weights", "\"loftq\"")]
    [InlineData("task_type", "\"SEQ_CLS\"")]
    [InlineData("peft_type", "\"IA3\"")]
    [InlineData("init_lora_weights", "\"corda\"")]
    [InlineData("target_parameters", "[\"experts\"]")]
    [InlineData("alora_invocation_tokens", "[5]")]
    [InlineData("use_qalora", "true")]
    [InlineData("kasa_config", "{\"rank\":4}")]
    [InlineData("init_lora_weights", "\"of the future\"")]
    [InlineData("init_lora_weights", "3")]
    [InlineData("bias", "\"some\"")]
    [InlineData("exclude_modules", "\"(proj\"")]
    [InlineData("layers_pattern", "[\"(h\"]")]
    [InlineData("trainable_token_indices", "3")]
    [InlineData("trainable_token_indices", "[-1]")]
    [InlineData("trainable_token_indices", "{\"embed_tokens\":[1.5]}")]
    [InlineData("lora_bias", "true,\"use_dora\":true")]
    [InlineData("layers_to_transform", "\"0\"")]
    [InlineData("layers_to_transform", "[-1]")]
    [InlineData("rank_pattern", "{\"up_proj\":0}")]
    [InlineData("rank_pattern", "{\"up_proj\":1.5}")]
    [InlineData("alpha_pattern", "{\"up_proj\":null}")]
    [InlineData("modules_to_save", "\"lm_head\"")]
    [InlineData("target_modules", "\"(proj\"")]
    [InlineData("target_modules", "\"\"")]
    [InlineData("target_modules", "[]")]
    [InlineData("target_modules", "[1]")]
    [InlineData("r", "0")]
    [InlineData("r", "null")]
    [InlineData("lora_alpha", "\"8\"")]
    [InlineData("lora_dropout", "1.0")]
    public void Refuses_what_is_wrong_or_not_supported_by_key(string key, string value)
    {
        var error = Assert.Throws<KalmException>(() => Load($"\"{key}\":{value}"));
        Assert.StartsWith(_folder.File("adapter_config.json") + ": " + key, error.Message, StringComparison.Ordinal);
        Assert.Contains(": found ", error.Message, StringComparison.Ordinal);
        Assert.Contains("expected", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Targets_are_whole_names_or_their_dotted_ends()
    {
        var config = Load("\"target_modules\":[\"mlp.up_proj\",\"proj\"]");
        Assert.True(config.Targets("model.layers.0.mlp.up_proj"));
        Assert.True(config.Targets("proj"));
        Assert.False(config.Targets("model.layers.0.mlp.down_proj"));
        Assert.True(Load("\"target_modules\":\"all-linear\"").TargetsAllLinear);
    }

    [Theory]
    [InlineData("\"up_proj\"", true)]
    [InlineData("[\"0.mlp.up_proj\"]", false)]
    [InlineData("[\"gate_proj\"]", true)]
    [InlineData("\".*\\\\.up_proj\"", false)]
    public void What_is_excluded_is_no_target(string excluded, bool isTarget)
    {
        var config = Load($"\"exclude_modules\":{excluded}");
        Assert.Equal(isTarget, config.Targets("model.layers.0.mlp.up_proj"));
    }

    [Fact]
    public void A_module_is_saved_by_what_it_or_a_part_of_its_path_ends_with()
    {
        var config = Load("\"modules_to_save\":[\"norm\",\"self_attn\"]");
        Assert.True(config.Saves("model.norm"));
        Assert.True(config.Saves("model.layers.0.input_layernorm"));
        Assert.True(config.Saves("model.layers.0.self_attn.q_proj"));
        Assert.False(config.Saves("model.layers.0.mlp.up_proj"));
        Assert.False(config.Targets("model.layers.0.self_attn.up_proj"));
    }

    [Theory]
    [InlineData("\"a_field_of_the_future\":3", "a_field_of_the_future")]
    [InlineData("\"fan_in_fan_out\":true", "fan_in_fan_out")]
    [InlineData("\"init_lora_weights\":\"lora_ga\"", "lora_ga")]
    public void What_PEFT_passes_over_is_named(string fields, string named) =>
        Assert.Contains(named, Assert.Single(Load(fields).Warnings), StringComparison.Ordinal);

    [Theory]
    [InlineData("\"h\"", "transformer.h.1.mlp.up_proj", true)]
    [InlineData("\"h\"", "model.layers.1.mlp.up_proj", false)]
    [InlineData("[\"blocks\",\"layers\"]", "model.layers.1.mlp.up_proj", true)]
    [InlineData("null", "transformer.h.1.mlp.up_proj", true)]
    public void Layers_are_counted_in_the_list_named(string pattern, string module, bool isTarget) =>
        Assert.Equal(isTarget, Load($"\"layers_to_transform\":[1],\"layers_pattern\":{pattern}").Targets(module));

    [Fact]
    public void Only_the_layers_named_are_transformed()
    {
        var config = Load("\"layers_to_transform\":1,\"layers_pattern\":[\"layers\"]");
        Assert.True(config.Targets("model.layers.1.mlp.up_proj"));
        Assert.False(config.Targets("model.layers.11.mlp.up_proj"));
        Assert.False(config.Targets("model.layers.0.mlp.up_proj"));
        Assert.True(Load("\"layers_to_transform\":[]").Targets("model.layers.0.mlp.up_proj"));
    }

    [Theory]
    [InlineData("model.layers.0.mlp.up_proj", 5, 2)]
    [InlineData("model.layers.1.mlp.up_proj", 6, 2)]
    [InlineData("model.layers.12.mlp.up_proj", 7, 2)]
    [InlineData("model.layers.2.mlp.up_proj", 4, 2)]
    [InlineData("model.layers.2.mlp.down_proj", 4, 9)]
    [InlineData("model.layers.2.mlp.knockdown_proj", 4, 8)]
    public void The_first_key_that_matches_a_module_or_its_dotted_end_decides(string module, int rank, double alpha)
    {
        var config = Load("\"rank_pattern\":{\"model.layers.0.mlp.up_proj\":5,\"layers\\\\.1\\\\.mlp\\\\.up_proj\":6,"
            + "\"layers\\\\.1.*up_proj\":7},"
            + "\"alpha_pattern\":{\"mlp.up_proj\":2,\"down_proj\":9}");
        Assert.Equal(rank, config.RankOf(module));
        Assert.Equal(alpha / rank, config.ScaleOf(module));
    }

    [Fact]
    public void A_pattern_without_end_is_an_error_not_a_hang()
    {
        var config = Load("\"target_modules\":\"(.*.*)*_norm\"");
        Assert.Contains("takes too long",
            Assert.Throws<KalmException>(() => config.Targets("model.layers.0.self_attn.q_projection_of_some_length")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Patterns_are_bounded_in_length_and_number()
    {
        Assert.Contains("target_modules",
            Assert.Throws<KalmException>(() => Load($"\"target_modules\":\"{new string('(', 5000)}\"")).Message, StringComparison.Ordinal);
        var many = string.Join(",", Enumerable.Range(0, 5000).Select(index => $"\"a*{index}\":1"));
        Assert.Contains(
            "5000 keys", Assert.Throws<KalmException>(() => Load($"\"rank_pattern\":{{{many}}}")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tensors_have_the_names_of_PEFT()
    {
        Assert.Equal(
            "base_model.model.model.layers.3.mlp.gate_proj.lora_A.weight", AdapterConfig.LoraName("model.layers.3.mlp.gate_proj", 'A'));
        Assert.Throws<ArgumentOutOfRangeException>(() => AdapterConfig.LoraName("model.layers.3.mlp.gate_proj", 'C'));
    }

    private AdapterConfig Load(string fields)
    {
        var defaults = new Dictionary<string, string>
        {
            ["peft_type"] = "\"LORA\"",
            ["task_type"] = "\"CAUSAL_LM\"",
            ["r"] = "4",
            ["lora_alpha"] = "8",
            ["target_modules"] = "[\"up_proj\"]",
        };
        var kept = defaults.Where(field => !fields.StartsWith($"\"{field.Key}\":", StringComparison.Ordinal))
            .Select(field => $"\"{field.Key}\":{field.Value}");
        _folder.Write("adapter_config.json", "{" + string.Join(",", kept.Append(fields)) + "}");
        return AdapterConfig.Load(_folder.Path);
    }
}
