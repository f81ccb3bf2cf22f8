using System.Text.Json;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;
using Kalm.Tests.Language.Execution;

namespace Kalm.Tests.Language.Sources.Config;

/// <summary>The configurations of all families, in the spellings of transformers 4 and 5.</summary>
public sealed class FamilyConfigTests : IDisposable
{
    private const string Sizes =
        "\"hidden_size\":64,\"intermediate_size\":96,\"num_hidden_layers\":4,\"num_attention_heads\":4,"
            + "\"num_key_value_heads\":2,\"vocab_size\":100";

    private readonly TemporaryFolder folder = new();

    public static IEnumerable<TheoryDataRow<string>> Families() =>
        Architecture.All.Select(architecture => new TheoryDataRow<string>(architecture.ModelType));

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Families))]
    public void What_is_written_reads_the_same_as_a_whole_and_in_either_spelling_alone(string modelType)
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var config = SmallFamily.Config(modelType, seed, positions: 24);
            config.Save(folder.Path);
            Assert.Equivalent(config, ModelConfig.Load(folder.Path), strict: true);
            var written = Read();

            // As transformers 4 reads it, which has no Ministral 3, and as transformers 5 does where rope_scaling says nothing.
            Write(written.Where(pair => pair.Key != "rope_parameters"));
            if (!config.Architecture.StretchesQueries)
                Assert.Equivalent(config, ModelConfig.Load(folder.Path), strict: true);
            Write(written.Where(pair => pair.Key is not ("rope_scaling" or "rope_theta" or "rotary_emb_base"
                or "rope_local_base_freq" or "partial_rotary_factor" or "rotary_pct")));
            Assert.Equivalent(config, ModelConfig.Load(folder.Path), strict: true);
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Names_translate_both_ways_and_are_distinct(string modelType)
    {
        for (var seed = 0; seed < 5; seed++)
        {
            var config = SmallFamily.Config(modelType, seed, positions: 24);
            var names = config.TensorShapes().Select(tensor => tensor.Name).ToList();
            var translated = names.ConvertAll(config.CheckpointName);
            Assert.Equal(names.Count, translated.Distinct().Count());
            Assert.Equal(names, translated.ConvertAll(config.CanonicalName));
            foreach (var prefix in config.NamePrefixes)
                Assert.Equal(names.Count, names.Select(name => config.CheckpointName(name, prefix)).Distinct().Count());
        }
    }

    [Theory]
    [InlineData("gemma2", "model.layers.3.post_attention_layernorm.weight", "model.layers.3.pre_feedforward_layernorm.weight")]
    [InlineData("gemma2", "model.layers.3.attention_output_norm.weight", "model.layers.3.post_attention_layernorm.weight")]
    [InlineData("olmo2", "model.layers.0.attention_output_norm.weight", "model.layers.0.post_attention_layernorm.weight")]
    [InlineData("glm4", "model.layers.10.mlp_output_norm.weight", "model.layers.10.post_mlp_layernorm.weight")]
    [InlineData("gpt_neox", "model.layers.12.self_attn.qkv_proj", "gpt_neox.layers.12.attention.query_key_value")]
    [InlineData("gpt_neox", "model.layers.12.self_attn.o_proj.lora_A.weight", "gpt_neox.layers.12.attention.dense.lora_A.weight")]
    [InlineData("gpt_neox", "model.embed_tokens.weight", "gpt_neox.embed_in.weight")]
    [InlineData("gpt_neox", "lm_head.weight", "embed_out.weight")]
    [InlineData("starcoder2", "model.layers.0.mlp.up_proj.bias", "model.layers.0.mlp.c_fc.bias")]
    [InlineData("hunyuan_v1_dense", "model.layers.0.self_attn.q_norm.weight", "model.layers.0.self_attn.query_layernorm.weight")]
    [InlineData("llama", "model.layers.0.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight")]
    public void A_familys_names_are_its_own(string modelType, string canonical, string checkpoint)
    {
        var config = SmallFamily.Config(modelType, 0, positions: 24);
        Assert.Equal(checkpoint, config.CheckpointName(canonical));
        Assert.Equal(canonical, config.CanonicalName(checkpoint));
    }

    [Theory]
    [InlineData("llama", "gate_proj up_proj down_proj", "gate_proj up_proj down_proj")]
    [InlineData("phi3", "gate_proj up_proj down_proj q_proj v_proj", "gate_up_proj down_proj qkv_proj")]
    [InlineData("gpt_neox", "gate_proj up_proj down_proj o_proj", "dense_h_to_4h dense_4h_to_h dense")]
    [InlineData("starcoder2", "gate_proj up_proj c_proj", "c_fc c_proj")]
    [InlineData("qwen3", "q_proj nothing", "q_proj nothing")]
    public void Targets_named_as_Llamas_mean_the_modules_that_do_the_same(string modelType, string targets, string names) =>
        Assert.Equal(names.Split(' '), SmallFamily.Config(modelType, 0, positions: 24).TargetNames(targets.Split(' ')));

    [Theory]
    [InlineData("gemma2", "5 - 5 -", "\"sliding_window\":5")]
    [InlineData("gemma3_text", "5 - 5 -", "\"sliding_window\":5,\"sliding_window_pattern\":2")]
    [InlineData("gemma3_text", "4096 4096 4096 4096", "\"head_dim\":16")]
    [InlineData("cohere2", "5 5 5 -", "\"sliding_window\":5")]
    [InlineData("olmo3", "4096 4096 4096 -", "\"head_dim\":16")]
    [InlineData("exaone4", "5 - 5 -", "\"sliding_window\":5,\"sliding_window_pattern\":\"LG\"")]
    [InlineData("exaone4", "- - - -", "\"sliding_window\":null,\"sliding_window_pattern\":null")]
    [InlineData("smollm3", "- - - -", "\"sliding_window\":5")]
    [InlineData("smollm3", "- - - 5", "\"sliding_window\":5,\"use_sliding_window\":true")]
    [InlineData("phi3", "5 5 5 5", "\"sliding_window\":5")]
    [InlineData("starcoder2", "- - - -", "\"head_dim\":16")]
    public void Windows_are_those_of_the_family(string modelType, string expected, string fields)
    {
        var config = Load(modelType, fields);
        Assert.Equal(expected, string.Join(' ', Enumerable.Range(0, 4)
            .Select(layer => config.WindowOf(layer)?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "-")));
    }

    [Theory]
    [InlineData("cohere2", "yyyn", "\"sliding_window\":5")]
    [InlineData("exaone4", "yyyn", "\"sliding_window\":5")]
    [InlineData("exaone4", "yyyy", "\"sliding_window\":null")]
    [InlineData("exaone4", "nnnn", "\"sliding_window\":5,\"layer_types\":[\"full_attention\",\"full_attention\",\"full_attention\","
        + "\"full_attention\"]")]
    [InlineData("smollm3", "yyyn", "\"head_dim\":16")]
    [InlineData("smollm3", "ynyn", "\"no_rope_layer_interval\":2")]
    [InlineData("smollm3", "nyyy", "\"no_rope_layers\":[0,1,1,1]")]
    public void Layers_that_know_positions_are_those_of_the_family(string modelType, string expected, string fields)
    {
        var config = Load(modelType, fields);
        Assert.Equal(expected, string.Concat(Enumerable.Range(0, 4).Select(layer => config.RotaryOf(layer) is null ? 'n' : 'y')));
        config.Save(folder.Path);
        Assert.Equivalent(config, ModelConfig.Load(folder.Path), strict: true);
    }

    [Fact]
    public void Windowed_layers_of_Gemma_3_and_Olmo_3_have_their_own_positions()
    {
        foreach (var fields in new[]
        {
            "\"rope_theta\":2000.0,\"rope_local_base_freq\":30.0,\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":8.0}",
            "\"rope_parameters\":{\"full_attention\":{\"rope_type\":\"linear\",\"factor\":8.0,\"rope_theta\":2000.0},"
                + "\"sliding_attention\":{\"rope_type\":\"default\",\"rope_theta\":30.0}}",
        })
        {
            var config = Load("gemma3_text", fields + ",\"sliding_window_pattern\":2");
            Assert.Equal(new RotaryParameters(30, null), config.RotaryOf(0));
            Assert.Equal(new RotaryParameters(2000, new LinearScaling(8)), config.RotaryOf(1));
        }
        var olmo = Load("olmo3",
            "\"rope_theta\":2000.0,\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":8.0,\"original_max_position_embeddings\":8192}");
        Assert.Equal(new RotaryParameters(2000, null), olmo.RotaryOf(0));
        Assert.Equal(new RotaryParameters(2000, new YarnScaling(8, 8192)), olmo.RotaryOf(3));
    }

    [Theory]
    [InlineData("\"rope_scaling\":{\"type\":\"linear\",\"factor\":3.0},\"rope_parameters\":{\"rope_theta\":5000.0,\"rope_type\":\"linear\","
        + "\"factor\":3.0},\"rope_theta\":5000.0", null)]
    [InlineData("\"rope_scaling\":{\"type\":\"linear\",\"factor\":3.0},\"rope_parameters\":{\"rope_theta\":5000.0,"
        + "\"rope_type\":\"linear\",\"factor\":3}", null)]
    [InlineData("\"rope_scaling\":null,\"rope_parameters\":{\"rope_theta\":5000.0,\"rope_type\":\"linear\",\"factor\":3.0}", null)]
    [InlineData("\"rope_scaling\":{},\"rope_parameters\":{\"rope_theta\":5000.0,\"type\":\"linear\",\"factor\":3.0,\"unknown\":1}", null)]
    [InlineData("\"rope_scaling\":{\"type\":\"linear\",\"factor\":2.0},\"rope_parameters\":{\"rope_theta\":5000.0,"
        + "\"rope_type\":\"linear\",\"factor\":3.0}", "rope_scaling: found")]
    [InlineData("\"rope_scaling\":{\"type\":\"linear\",\"factor\":3.0},\"rope_parameters\":{\"rope_theta\":5000.0,\"rope_type\":\"linear\","
        + "\"factor\":3.0},\"rope_theta\":1.0", "rope_theta: found 1.0, expected the same as within")]
    public void Positions_said_twice_are_said_once_where_they_agree(string fields, string? fault)
    {
        if (fault is not null)
        {
            Assert.Contains(fault, Assert.Throws<KalmException>(() => Load("llama", fields)).Message, StringComparison.Ordinal);
            return;
        }
        var config = Load("llama", fields);
        Assert.Equal((5000.0, new LinearScaling(3)), (config.RopeTheta, config.RopeScaling));
    }

    [Fact]
    public void Older_spellings_of_families_are_read()
    {
        var neox = Load("gpt_neox", "\"rotary_pct\":0.5,\"rotary_emb_base\":300,\"use_parallel_residual\":false,\"head_dim\":999");
        Assert.Equal(
            (0.5, 300.0, false, 4, 16), (neox.RotatedShare, neox.RopeTheta, neox.IsParallel, neox.KeyValueHeadCount, neox.HeadDimension));
        var factors = string.Join(',', Enumerable.Range(1, 8));
        var phi = Load(
            "phi3",
            "\"max_position_embeddings\":131072,\"original_max_position_embeddings\":4096,"
                + $"\"rope_scaling\":{{\"type\":\"su\",\"short_factor\":[{factors}],\"long_factor\":[{factors}]}}");
        Assert.Equal(Math.Sqrt(1 + Math.Log(32) / Math.Log(4096)), Assert.IsType<LongRopeScaling>(phi.RopeScaling).RotaryFactor, 1e-12);
        var ministral = Load("ministral3", "\"head_dim\":16");
        Assert.Equal(
            (new QueryStretch(0.1, 16384), 1e6, 1.0), (ministral.QueryStretch, ministral.RopeTheta, ministral.RopeScaling!.RotaryFactor));
        var hunyuan = Load("hunyuan_v1_dense", "\"rope_scaling\":{\"type\":\"dynamic\",\"alpha\":1000.0,\"factor\":1.0,\"beta_fast\":32}");
        Assert.Equal(Math.Pow(10000 * Math.Pow(1000, 16 / 14.0), -2 / 16.0), hunyuan.RotaryFrequencies()[1], 1e-12);
        Assert.Equal(hunyuan.MaxPositions, hunyuan.ContextLength);
        Assert.Equal(2 * 2048, Load("llama", "\"rope_scaling\":{\"type\":\"dynamic\",\"factor\":2.0}").ContextLength);
        // Code beside a model is not needed where the architecture is known, and never run.
        Assert.Equal("glm4", Load("glm4", "\"auto_map\":{\"AutoModelForCausalLM\":\"modeling.Model\"}").Architecture.ModelType);
    }

    [Fact]
    public void Absent_keys_have_the_familys_defaults_but_no_token_that_the_model_lacks()
    {
        var cohere = Load("cohere2", "\"head_dim\":16");
        Assert.Equal((true, 0.0625, 1e-5, 5), (cohere.TieWordEmbeddings, cohere.LogitScale, cohere.NormEpsilon, cohere.BeginTokenId));
        Assert.Empty(cohere.EndTokenIds);
        var glm = Load("glm4", "\"torch_dtype\":\"bfloat16\"");
        Assert.Equal((true, false, 0.5, 128, 1.5625e-7, TensorType.BF16), (glm.HasBias("self_attn.q_proj"),
            glm.HasBias("self_attn.o_proj"), glm.RotatedShare, glm.HeadDimension, glm.NormEpsilon, glm.TorchType));
        var gemma = Load("gemma2", "\"head_dim\":16");
        Assert.Equal((50.0, 30.0, 256.0, Activation.GeluTanh), (gemma.ScoreCap, gemma.LogitCap, gemma.QueryScalar, gemma.Activation));
        Assert.Null(Load("gemma2", "\"attn_logit_softcapping\":null").ScoreCap);
        var starcoder = Load("starcoder2", "\"norm_epsilon\":0.001");
        Assert.Equal((0.001, true, true, true), (starcoder.NormEpsilon, starcoder.HasBias("mlp.up_proj"),
            starcoder.HasBias("self_attn.o_proj"), starcoder.HasBias("input_layernorm")));
    }

    [Fact]
    public void The_text_part_of_a_model_for_more_is_read()
    {
        folder.Write("config.json", """
            {"model_type":"gemma3","dtype":"bfloat16","eos_token_id":[1,3],"vision_config":{"hidden_size":7},
             "text_config":{"model_type":"gemma3_text","hidden_size":64,"intermediate_size":96,"num_hidden_layers":4,"sliding_window":5}}
            """);
        var gemma = ModelConfig.Load(folder.Path);
        Assert.Equal(("gemma3_text", 262208, 8, 4, 256, TensorType.BF16), (gemma.Architecture.ModelType,
            gemma.VocabularySize, gemma.HeadCount, gemma.KeyValueHeadCount, gemma.HeadDimension, gemma.TorchType));
        Assert.Equal([1, 3], gemma.EndTokenIds);
        Assert.Contains(new NamePrefix("language_model.model.", "language_model."), gemma.NamePrefixes);

        folder.Write("config.json", "{\"model_type\":\"mistral3\",\"tie_word_embeddings\":true,\"text_config\":{" + Sizes + "}}");
        var mistral = ModelConfig.Load(folder.Path);
        Assert.Equal(("mistral", true, 64), (mistral.Architecture.ModelType, mistral.TieWordEmbeddings, mistral.HiddenSize));

        var qwen = Load("qwen2_vl", "\"rope_scaling\":{\"type\":\"mrope\",\"mrope_section\":[2,3,3]},\"vision_config\":{}");
        Assert.Equal(("qwen2", null), (qwen.Architecture.ModelType, qwen.RopeScaling));

        folder.Write("config.json", "{\"model_type\":\"paligemma\",\"text_config\":{\"model_type\":\"gemma\"," + Sizes + "}}");
        Assert.Contains("found \"paligemma\", expected a supported",
            Assert.Throws<KalmException>(() => ModelConfig.Load(folder.Path)).Message, StringComparison.Ordinal);
        folder.Write("config.json", "{\"model_type\":\"llava\",\"text_config\":{\"model_type\":\"opt\"," + Sizes + "}}");
        Assert.Contains("text_config.model_type: found \"opt\"",
            Assert.Throws<KalmException>(() => ModelConfig.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    private ModelConfig Load(string modelType, string fields)
    {
        folder.Write("config.json", $"{{\"model_type\":\"{modelType}\",{Sizes},{fields}}}");
        return ModelConfig.Load(folder.Path);
    }

    private List<KeyValuePair<string, string>> Read()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(folder.File("config.json")));
        return [.. document.RootElement.EnumerateObject().Select(field => KeyValuePair.Create(field.Name, field.Value.GetRawText()))];
    }

    private void Write(IEnumerable<KeyValuePair<string, string>> fields) =>
        folder.Write("config.json", "{" + string.Join(",", fields.Select(field => $"\"{field.Key}\":{field.Value}")) + "}");
}
