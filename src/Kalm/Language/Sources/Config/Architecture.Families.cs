namespace Kalm.Language.Sources.Config;

/// <summary>The table: one row an architecture.</summary>
public sealed partial record Architecture
{
    // Static fields of one file are made in their order: these come before the rows that use them.
    private static readonly BiasOption AttentionBiasOff = new("attention_bias", false);
    private static readonly BiasOption AttentionBiasOn = new("attention_bias", true);
    private static readonly BiasOption MlpBiasOff = new("mlp_bias", false);
    private static readonly string[] QueryKeyValue = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"];

    private static readonly (string, string)[] NormsAround =
    [
        ("post_attention_layernorm", "pre_feedforward_layernorm"),
        ("attention_output_norm", "post_attention_layernorm"), ("mlp_output_norm", "post_feedforward_layernorm"),
    ];

    private static readonly (string, string)[] NormsAfter =
        [("attention_output_norm", "post_attention_layernorm"), ("mlp_output_norm", "post_feedforward_layernorm")];

    /// <summary>Llama 2 and 3, and what is built like them: SmolLM2, TinyLlama.</summary>
    public static Architecture Llama { get; } = new()
    {
        ModelType = "llama",
        ClassName = "LlamaForCausalLM",
        AttentionBias = AttentionBiasOff,
        MlpBias = MlpBiasOff,
        Defaults = new(4096, 11008, 32, 32, 32000, 2048) { BeginToken = 1, EndTokens = [2] },
    };

    /// <summary>Mistral: a sliding window over all layers.</summary>
    public static Architecture Mistral { get; } = new()
    {
        ModelType = "mistral",
        ClassName = "MistralForCausalLM",
        Windows = WindowRule.EveryLayer,
        Defaults = new(4096, 14336, 32, 32, 32000, 131072) { KeyValueHeads = 8, Window = 4096, BeginToken = 1, EndTokens = [2] },
    };

    /// <summary>Ministral 3: queries beyond the length trained on grow.</summary>
    public static Architecture Ministral3 { get; } = new()
    {
        ModelType = "ministral3",
        ClassName = "Ministral3ForCausalLM",
        Windows = WindowRule.EveryLayer,
        StretchesQueries = true,
        Defaults = new(4096, 14336, 34, 32, 131072, 262144)
        {
            KeyValueHeads = 8,
            HeadDimension = 128,
            NormEpsilon = 1e-5,
            RopeTheta = 1e6,
            RopeScaling = new YarnScaling(16, 16384) { Magnitude = 1, MagnitudeOfAll = 1 },
            QueryStretch = new(0.1, 16384),
            BeginToken = 1,
            EndTokens = [2],
        },
    };

    /// <summary>Qwen 2 and 2.5: biases on queries, keys and values.</summary>
    public static Architecture Qwen2 { get; } = new()
    {
        ModelType = "qwen2",
        OtherModelTypes = ["qwen2_vl", "qwen2_vl_text", "qwen2_5_vl", "qwen2_5_vl_text"],
        ClassName = "Qwen2ForCausalLM",
        BiasedModules = QueryKeyValue,
        Windows = WindowRule.LaterLayers,
        Defaults = new(4096, 22016, 32, 32, 151936, 32768) { KeyValueHeads = 32, Window = 4096 },
    };

    /// <summary>Qwen 3: queries and keys are normalised head by head before they are turned.</summary>
    public static Architecture Qwen3 { get; } = new()
    {
        ModelType = "qwen3",
        ClassName = "Qwen3ForCausalLM",
        AttentionBias = AttentionBiasOff,
        HeadNorms = HeadNormRule.EachHead,
        Windows = WindowRule.LaterLayers,
        Defaults = new(4096, 22016, 32, 32, 151936, 32768) { KeyValueHeads = 32, HeadDimension = 128, Window = 4096 },
    };

    /// <summary>SmolLM 3: some layers know no positions.</summary>
    public static Architecture SmolLm3 { get; } = new()
    {
        ModelType = "smollm3",
        ClassName = "SmolLM3ForCausalLM",
        AttentionBias = AttentionBiasOff,
        MlpBias = MlpBiasOff,
        Rotation = RotationRule.ListedLayers,
        Windows = WindowRule.UnrotatedLayers,
        Defaults = new(2048, 11008, 36, 16, 128256, 32768)
        {
            KeyValueHeads = 4,
            RopeTheta = 2e6,
            Ties = true,
            BeginToken = 128000,
            EndTokens = [128001],
        },
    };

    /// <summary>Gemma.</summary>
    public static Architecture Gemma { get; } = new()
    {
        ModelType = "gemma",
        ClassName = "GemmaForCausalLM",
        Norm = NormKind.ShiftedRootMeanSquare,
        ScalesEmbeddings = true,
        AttentionBias = AttentionBiasOff,
        RefusedOptions = ["use_bidirectional_attention"],
        Defaults = new(3072, 24576, 28, 16, 256000, 8192)
        {
            KeyValueHeads = 16,
            HeadDimension = 256,
            Activation = Activation.GeluTanh,
            Ties = true,
            BeginToken = 2,
            EndTokens = [1],
        },
    };

    /// <summary>Gemma 2: norms around both parts, capped scores and logits, a window in every other layer.</summary>
    public static Architecture Gemma2 { get; } = new()
    {
        ModelType = "gemma2",
        ClassName = "Gemma2ForCausalLM",
        Norm = NormKind.ShiftedRootMeanSquare,
        NormPlacement = NormPlacement.Around,
        ScalesEmbeddings = true,
        HasQueryScalar = true,
        SoftCaps = (true, true),
        AttentionBias = AttentionBiasOff,
        Windows = WindowRule.Periodic,
        WindowPeriod = 2,
        ActivationKey = "hidden_activation",
        RefusedOptions = ["use_bidirectional_attention"],
        Spelling = new("model.layers.", NormsAround),
        Defaults = new(2304, 9216, 26, 8, 256000, 8192)
        {
            KeyValueHeads = 4,
            HeadDimension = 256,
            Activation = Activation.GeluTanh,
            Window = 4096,
            ScoreCap = 50,
            LogitCap = 30,
            Ties = true,
            BeginToken = 2,
            EndTokens = [1],
        },
    };

    /// <summary>The text part of Gemma 3: head norms instead of capped scores, rotary positions of their own in windowed layers.</summary>
    public static Architecture Gemma3 { get; } = new()
    {
        ModelType = "gemma3_text",
        ClassName = "Gemma3ForCausalLM",
        Norm = NormKind.ShiftedRootMeanSquare,
        NormPlacement = NormPlacement.Around,
        HeadNorms = HeadNormRule.EachHead,
        ScalesEmbeddings = true,
        HasQueryScalar = true,
        SoftCaps = (false, true),
        AttentionBias = AttentionBiasOff,
        Windows = WindowRule.Periodic,
        WindowPeriod = 6,
        HasWindowedRotary = true,
        WindowedThetaKey = "rope_local_base_freq",
        ActivationKey = "hidden_activation",
        RefusedOptions = ["use_bidirectional_attention"],
        Spelling = new("model.layers.", NormsAround),
        Defaults = new(2304, 9216, 26, 8, 262208, 131072)
        {
            KeyValueHeads = 4,
            HeadDimension = 256,
            Activation = Activation.GeluTanh,
            RopeTheta = 1e6,
            Window = 4096,
            Ties = true,
            BeginToken = 2,
            EndTokens = [1],
        },
    };

    /// <summary>OLMo 2: norms behind attention and feed-forward part, and over all heads of queries and keys together.</summary>
    public static Architecture Olmo2 { get; } = new()
    {
        ModelType = "olmo2",
        ClassName = "Olmo2ForCausalLM",
        NormPlacement = NormPlacement.After,
        HeadNorms = HeadNormRule.WholeWidth,
        AttentionBias = AttentionBiasOff,
        Spelling = new("model.layers.", NormsAfter),
        Defaults = new(4096, 11008, 32, 32, 50304, 2048) { NormEpsilon = 1e-5, EndTokens = [50279] },
    };

    /// <summary>OLMo 3: windows in three of four layers, which no scaling of positions reaches.</summary>
    public static Architecture Olmo3 { get; } = new()
    {
        ModelType = "olmo3",
        ClassName = "Olmo3ForCausalLM",
        NormPlacement = NormPlacement.After,
        HeadNorms = HeadNormRule.WholeWidth,
        AttentionBias = AttentionBiasOff,
        Windows = WindowRule.Periodic,
        WindowPeriod = 4,
        HasWindowedRotary = true,
        Spelling = new("model.layers.", NormsAfter),
        Defaults = new(4096, 11008, 32, 32, 50304, 2048)
        {
            NormEpsilon = 1e-5,
            RopeTheta = 500000,
            Window = 4096,
            EndTokens = [50279],
        },
    };

    /// <summary>Phi 3 and 4: one matrix for queries, keys and values, one for gate and input.</summary>
    public static Architecture Phi3 { get; } = new()
    {
        ModelType = "phi3",
        ClassName = "Phi3ForCausalLM",
        Projections = QueryKeyValueLayout.OneAfterAnother,
        FusesGate = true,
        Windows = WindowRule.EveryLayer,
        RotatedShareKey = "partial_rotary_factor",
        Defaults = new(3072, 8192, 32, 32, 32064, 4096)
        {
            NormEpsilon = 1e-5,
            OriginalMaxPositions = 4096,
            BeginToken = 1,
            EndTokens = [32000],
        },
    };

    /// <summary>Granite 3: factors on embeddings, residuals, scores and logits.</summary>
    public static Architecture Granite { get; } = new()
    {
        ModelType = "granite",
        ClassName = "GraniteForCausalLM",
        AttentionBias = AttentionBiasOff,
        MlpBias = MlpBiasOff,
        HasMultipliers = true,
        LogitScaleKey = "logits_scaling",
        DividesLogits = true,
        Defaults = new(4096, 11008, 32, 32, 32000, 2048) { BeginToken = 1, EndTokens = [2] },
    };

    /// <summary>ERNIE 4.5: neighbouring numbers turn together.</summary>
    public static Architecture Ernie45 { get; } = new()
    {
        ModelType = "ernie4_5",
        ClassName = "Ernie4_5ForCausalLM",
        AttentionBias = new("use_bias", false),
        MlpBias = new("use_bias", false),
        IsRotationInterleaved = true,
        Defaults = new(1024, 3072, 18, 16, 103424, 131072)
        {
            KeyValueHeads = 2,
            HeadDimension = 128,
            NormEpsilon = 1e-5,
            RopeTheta = 500000,
            Ties = true,
            BeginToken = 1,
            EndTokens = [2],
        },
    };

    /// <summary>Hunyuan: heads are normalised after they were turned.</summary>
    public static Architecture Hunyuan { get; } = new()
    {
        ModelType = "hunyuan_v1_dense",
        ClassName = "HunYuanDenseV1ForCausalLM",
        AttentionBias = AttentionBiasOff,
        HeadNorms = HeadNormRule.EachHeadTurned,
        ReadsRopeAlpha = true,
        Spelling = new(
            "model.layers.", [("self_attn.q_norm", "self_attn.query_layernorm"), ("self_attn.k_norm", "self_attn.key_layernorm")]),
        Defaults = new(4096, 11008, 32, 32, 290943, 2048) { NormEpsilon = 1e-5, BeginToken = 1, EndTokens = [2] },
    };

    /// <summary>EXAONE 4: where some layers have windows, the others know no positions.</summary>
    public static Architecture Exaone4 { get; } = new()
    {
        ModelType = "exaone4",
        ClassName = "Exaone4ForCausalLM",
        NormPlacement = NormPlacement.After,
        HeadNorms = HeadNormRule.EachHead,
        Rotation = RotationRule.WindowedLayersIfAny,
        Windows = WindowRule.Periodic,
        WindowPeriod = 4,
        Spelling = new("model.layers.", NormsAfter),
        Defaults = new(4096, 16384, 32, 32, 102400, 2048)
        {
            KeyValueHeads = 32,
            NormEpsilon = 1e-5,
            Window = 4096,
            BeginToken = 0,
            EndTokens = [2],
        },
    };

    /// <summary>GLM 4 (9B): half of a head turns.</summary>
    public static Architecture Glm { get; } = new()
    {
        ModelType = "glm",
        ClassName = "GlmForCausalLM",
        AttentionBias = AttentionBiasOn,
        AttentionBiasReachesOutput = false,
        FusesGate = true,
        IsRotationInterleaved = true,
        RotatedShareKey = "partial_rotary_factor",
        Defaults = GlmDefaults,
    };

    /// <summary>GLM 4 (0414): norms around both parts.</summary>
    public static Architecture Glm4 { get; } = new()
    {
        ModelType = "glm4",
        ClassName = "Glm4ForCausalLM",
        NormPlacement = NormPlacement.Around,
        AttentionBias = AttentionBiasOn,
        AttentionBiasReachesOutput = false,
        FusesGate = true,
        IsRotationInterleaved = true,
        RotatedShareKey = "partial_rotary_factor",
        Spelling = new(
            "model.layers.", [("attention_output_norm", "post_self_attn_layernorm"), ("mlp_output_norm", "post_mlp_layernorm")]),
        Defaults = GlmDefaults,
    };

    /// <summary>Command R: layer norms without bias, attention beside the feed-forward part.</summary>
    public static Architecture Cohere { get; } = new()
    {
        ModelType = "cohere",
        ClassName = "CohereForCausalLM",
        Norm = NormKind.LayerNorm,
        NormEpsilonKey = "layer_norm_eps",
        IsParallel = true,
        SharesParallelNorm = true,
        AttentionBias = AttentionBiasOff,
        IsRotationInterleaved = true,
        LogitScaleKey = "logit_scale",
        RefusedOptions = ["use_qk_norm"],
        Defaults = CohereDefaults with { RopeTheta = 500000, Window = null },
    };

    /// <summary>Command R7B and A: only windowed layers know positions.</summary>
    public static Architecture Cohere2 { get; } = new()
    {
        ModelType = "cohere2",
        ClassName = "Cohere2ForCausalLM",
        Norm = NormKind.LayerNorm,
        NormEpsilonKey = "layer_norm_eps",
        IsParallel = true,
        SharesParallelNorm = true,
        AttentionBias = AttentionBiasOff,
        IsRotationInterleaved = true,
        Rotation = RotationRule.WindowedLayers,
        Windows = WindowRule.Periodic,
        WindowPeriod = 4,
        LogitScaleKey = "logit_scale",
        RefusedOptions = ["use_qk_norm"],
        Defaults = CohereDefaults,
    };

    /// <summary>Seed-OSS: biases on queries, keys and values, and on the output by a key of their own.</summary>
    public static Architecture SeedOss { get; } = new()
    {
        ModelType = "seed_oss",
        ClassName = "SeedOssForCausalLM",
        AttentionBias = AttentionBiasOn,
        AttentionBiasReachesOutput = false,
        OutputBias = new("attention_out_bias", false),
        MlpBias = MlpBiasOff,
        Defaults = new(4096, 27648, 64, 80, 155136, 524288) { KeyValueHeads = 8, HeadDimension = 128, BeginToken = 0, EndTokens = [2] },
    };

    /// <summary>StarCoder 2: layer norms, no gate, biases throughout.</summary>
    public static Architecture StarCoder2 { get; } = new()
    {
        ModelType = "starcoder2",
        ClassName = "Starcoder2ForCausalLM",
        Norm = NormKind.LayerNorm,
        HasNormBias = true,
        NormEpsilonKey = "norm_epsilon",
        HasGate = false,
        AttentionBias = new("use_bias", true),
        MlpBias = new("use_bias", true),
        Windows = WindowRule.EveryLayer,
        Spelling = new("model.layers.", [("mlp.up_proj", "mlp.c_fc"), ("mlp.down_proj", "mlp.c_proj")]),
        Defaults = new(3072, 12288, 30, 24, 49152, 4096)
        {
            KeyValueHeads = 2,
            NormEpsilon = 1e-5,
            Activation = Activation.GeluTanh,
            Ties = true,
            BeginToken = 50256,
            EndTokens = [50256],
        },
    };

    /// <summary>GPT-NeoX, Pythia: attention beside the feed-forward part, a quarter of a head turns.</summary>
    public static Architecture GptNeoX { get; } = new()
    {
        ModelType = "gpt_neox",
        ClassName = "GPTNeoXForCausalLM",
        Norm = NormKind.LayerNorm,
        HasNormBias = true,
        NormEpsilonKey = "layer_norm_eps",
        IsParallel = true,
        OffersParallel = true,
        Projections = QueryKeyValueLayout.HeadByHead,
        HasOwnKeyHeads = true,
        HasGate = false,
        AttentionBias = AttentionBiasOn,
        BiasedModules = ["mlp.up_proj", "mlp.down_proj"],
        ThetaKey = "rotary_emb_base",
        RotatedShareKey = "rotary_pct",
        Spelling = new("gpt_neox.layers.",
        [
            ("model.embed_tokens", "gpt_neox.embed_in"), ("model.norm", "gpt_neox.final_layer_norm"), ("lm_head", "embed_out"),
            ("self_attn.qkv_proj", "attention.query_key_value"), ("self_attn.o_proj", "attention.dense"),
            ("mlp.up_proj", "mlp.dense_h_to_4h"), ("mlp.down_proj", "mlp.dense_4h_to_h"),
        ]),
        Defaults = new(6144, 24576, 44, 64, 50432, 2048)
        {
            HasEqualHeads = true,
            NormEpsilon = 1e-5,
            Activation = Activation.Gelu,
            RotatedShare = 0.25,
            BeginToken = 0,
            EndTokens = [2],
        },
    };

    /// <summary>StableLM 2 and 3B: layer norms, a quarter of a head turns.</summary>
    public static Architecture StableLm { get; } = new()
    {
        ModelType = "stablelm",
        ClassName = "StableLmForCausalLM",
        Norm = NormKind.LayerNorm,
        HasNormBias = true,
        NormEpsilonKey = "layer_norm_eps",
        OffersParallel = true,
        SharesParallelNorm = true,
        AttentionBias = new("use_qkv_bias", false),
        AttentionBiasReachesOutput = false,
        RotatedShareKey = "partial_rotary_factor",
        RefusedOptions = ["qk_layernorm"],
        Defaults = new(2560, 6912, 32, 32, 50304, 4096)
        {
            KeyValueHeads = 32,
            HasEqualHeads = true,
            NormEpsilon = 1e-5,
            RotatedShare = 0.25,
            BeginToken = 0,
            EndTokens = [0],
        },
    };

    /// <summary>Arcee AFM: Llama without a gate.</summary>
    public static Architecture Arcee { get; } = new()
    {
        ModelType = "arcee",
        ClassName = "ArceeForCausalLM",
        HasGate = false,
        AttentionBias = AttentionBiasOff,
        MlpBias = MlpBiasOff,
        Defaults = new(2560, 18432, 32, 32, 32000, 4096)
        {
            NormEpsilon = 1e-5,
            Activation = Activation.SquaredRelu,
            BeginToken = 128000,
            EndTokens = [128001],
        },
    };

    /// <summary>All that are supported.</summary>
    public static IReadOnlyList<Architecture> All { get; } =
    [
        Llama, Mistral, Ministral3, Qwen2, Qwen3, SmolLm3, Gemma, Gemma2, Gemma3, Olmo2, Olmo3, Phi3, Granite, Ernie45, Hunyuan, Exaone4,
        Glm, Glm4, Cohere, Cohere2, SeedOss, StarCoder2, GptNeoX, StableLm, Arcee,
    ];

    private static ArchitectureDefaults GlmDefaults => new(4096, 13696, 40, 32, 151552, 131072)
    {
        KeyValueHeads = 2,
        HeadDimension = 128,
        NormEpsilon = 1.5625e-7,
        RotatedShare = 0.5,
        EndTokens = [151329, 151336, 151338],
    };

    private static ArchitectureDefaults CohereDefaults => new(8192, 22528, 40, 64, 256000, 8192)
    {
        NormEpsilon = 1e-5,
        Window = 4096,
        LogitScale = 0.0625,
        Ties = true,
        BeginToken = 5,
        EndTokens = [255001],
    };
}
