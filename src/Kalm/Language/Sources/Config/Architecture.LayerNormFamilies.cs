namespace Kalm.Language.Sources.Config;

/// <summary>The rows of the table whose norms are layer norms.</summary>
public sealed partial record Architecture
{
    /// <summary>Command R: layer norms without bias, attention beside the feed-forward part.</summary>
    public static Architecture Cohere { get; } = new()
    {
        ModelType = "cohere", ClassName = "CohereForCausalLM",
        Norm = NormKind.LayerNorm, NormEpsilonKey = "layer_norm_eps",
        IsParallel = true, SharesParallelNorm = true,
        AttentionBias = BiasOption.AttentionOff, IsRotationInterleaved = true,
        LogitScaleKey = "logit_scale", RefusedOptions = ["use_qk_norm"],
        Defaults = new(8192, 22528, 40, 64, 256000, 8192)
        {
            NormEpsilon = 1e-5, RopeTheta = 500000, LogitScale = 0.0625, Ties = true, BeginToken = 5, EndTokens = [255001],
        },
    };

    /// <summary>Command R7B and A: only windowed layers know positions.</summary>
    public static Architecture Cohere2 { get; } = Cohere with
    {
        ModelType = "cohere2", ClassName = "Cohere2ForCausalLM",
        Rotation = RotationRule.WindowedLayers, Windows = WindowRule.Periodic, WindowPeriod = 4,
        Defaults = Cohere.Defaults with { RopeTheta = 10000, Window = 4096 },
    };

    /// <summary>StarCoder 2: layer norms, no gate, biases throughout.</summary>
    public static Architecture StarCoder2 { get; } = new()
    {
        ModelType = "starcoder2", ClassName = "Starcoder2ForCausalLM",
        Norm = NormKind.LayerNorm, HasNormBias = true, NormEpsilonKey = "norm_epsilon",
        HasGate = false, AttentionBias = new("use_bias", true), MlpBias = new("use_bias", true),
        Windows = WindowRule.EveryLayer,
        Spelling = new("model.layers.", [("mlp.up_proj", "mlp.c_fc"), ("mlp.down_proj", "mlp.c_proj")]),
        Defaults = new(3072, 12288, 30, 24, 49152, 4096)
        {
            KeyValueHeads = 2, NormEpsilon = 1e-5, Activation = Activation.GeluTanh,
            Ties = true, BeginToken = 50256, EndTokens = [50256],
        },
    };

    /// <summary>GPT-NeoX, Pythia: attention beside the feed-forward part, a quarter of a head turns.</summary>
    public static Architecture GptNeoX { get; } = new()
    {
        ModelType = "gpt_neox", ClassName = "GPTNeoXForCausalLM",
        Norm = NormKind.LayerNorm, HasNormBias = true, NormEpsilonKey = "layer_norm_eps",
        IsParallel = true, OffersParallel = true,
        Projections = QueryKeyValueLayout.HeadByHead, HasOwnKeyHeads = true, HasGate = false,
        AttentionBias = BiasOption.AttentionOn, BiasedModules = ["mlp.up_proj", "mlp.down_proj"],
        ThetaKey = "rotary_emb_base", RotatedShareKey = "rotary_pct",
        Spelling = new("gpt_neox.layers.",
        [
            ("model.embed_tokens", "gpt_neox.embed_in"), ("model.norm", "gpt_neox.final_layer_norm"), ("lm_head", "embed_out"),
            ("self_attn.qkv_proj", "attention.query_key_value"), ("self_attn.o_proj", "attention.dense"),
            ("mlp.up_proj", "mlp.dense_h_to_4h"), ("mlp.down_proj", "mlp.dense_4h_to_h"),
        ]),
        Defaults = new(6144, 24576, 44, 64, 50432, 2048)
        {
            HasEqualHeads = true, NormEpsilon = 1e-5, Activation = Activation.Gelu, RotatedShare = 0.25, BeginToken = 0, EndTokens = [2],
        },
    };

    /// <summary>StableLM 2 and 3B: layer norms, a quarter of a head turns.</summary>
    public static Architecture StableLm { get; } = new()
    {
        ModelType = "stablelm", ClassName = "StableLmForCausalLM",
        Norm = NormKind.LayerNorm, HasNormBias = true, NormEpsilonKey = "layer_norm_eps",
        OffersParallel = true, SharesParallelNorm = true,
        AttentionBias = new("use_qkv_bias", false), AttentionBiasReachesOutput = false,
        RotatedShareKey = "partial_rotary_factor", RefusedOptions = ["qk_layernorm"],
        Defaults = new(2560, 6912, 32, 32, 50304, 4096)
        {
            KeyValueHeads = 32, HasEqualHeads = true, NormEpsilon = 1e-5, RotatedShare = 0.25, BeginToken = 0, EndTokens = [0],
        },
    };
}
