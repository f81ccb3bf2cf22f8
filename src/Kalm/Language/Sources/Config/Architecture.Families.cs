namespace Kalm.Language.Sources.Config;

/// <summary>The table: one row an architecture, made of the row of the one it was derived from where there is one.</summary>
public sealed partial record Architecture
{
    // Static members of one file are made in their order: a row comes after the one it is made of.

    /// <summary>Llama 2 and 3, and what is built like them: SmolLM2, TinyLlama.</summary>
    public static Architecture Llama { get; } = new()
    {
        ModelType = "llama", ClassName = "LlamaForCausalLM",
        AttentionBias = BiasOption.AttentionOff, MlpBias = BiasOption.MlpOff,
        Defaults = new(4096, 11008, 32, 32, 32000, 2048) { BeginToken = 1, EndTokens = [2] },
    };

    /// <summary>Mistral: a sliding window over all layers.</summary>
    public static Architecture Mistral { get; } = new()
    {
        ModelType = "mistral", ClassName = "MistralForCausalLM",
        Windows = WindowRule.EveryLayer,
        Defaults = new(4096, 14336, 32, 32, 32000, 131072) { KeyValueHeads = 8, Window = 4096, BeginToken = 1, EndTokens = [2] },
    };

    /// <summary>Ministral 3: queries beyond the length trained on grow.</summary>
    public static Architecture Ministral3 { get; } = Mistral with
    {
        ModelType = "ministral3", ClassName = "Ministral3ForCausalLM",
        StretchesQueries = true,
        Defaults = new(4096, 14336, 34, 32, 131072, 262144)
        {
            KeyValueHeads = 8, HeadDimension = 128, NormEpsilon = 1e-5,
            RopeTheta = 1e6, RopeScaling = new YarnScaling(16, 16384) { Magnitude = 1, MagnitudeOfAll = 1 },
            QueryStretch = new(0.1, 16384),
            BeginToken = 1, EndTokens = [2],
        },
    };

    /// <summary>Qwen 2 and 2.5: biases on queries, keys and values.</summary>
    public static Architecture Qwen2 { get; } = new()
    {
        ModelType = "qwen2", ClassName = "Qwen2ForCausalLM",
        OtherModelTypes = ["qwen2_vl", "qwen2_vl_text", "qwen2_5_vl", "qwen2_5_vl_text"],
        BiasedModules = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
        Windows = WindowRule.LaterLayers,
        Defaults = new(4096, 22016, 32, 32, 151936, 32768) { KeyValueHeads = 32, Window = 4096 },
    };

    /// <summary>Qwen 3: queries and keys are normalised head by head before they are turned.</summary>
    public static Architecture Qwen3 { get; } = new()
    {
        ModelType = "qwen3", ClassName = "Qwen3ForCausalLM",
        AttentionBias = BiasOption.AttentionOff, HeadNorms = HeadNormRule.EachHead,
        Windows = WindowRule.LaterLayers,
        Defaults = Qwen2.Defaults with { HeadDimension = 128 },
    };

    /// <summary>SmolLM 3: some layers know no positions.</summary>
    public static Architecture SmolLm3 { get; } = Llama with
    {
        ModelType = "smollm3", ClassName = "SmolLM3ForCausalLM",
        Rotation = RotationRule.ListedLayers, Windows = WindowRule.UnrotatedLayers,
        Defaults = new(2048, 11008, 36, 16, 128256, 32768)
        {
            KeyValueHeads = 4, RopeTheta = 2e6, Ties = true, BeginToken = 128000, EndTokens = [128001],
        },
    };

    /// <summary>Gemma: norms by 1 + w, embeddings scaled by the root of the width.</summary>
    public static Architecture Gemma { get; } = new()
    {
        ModelType = "gemma", ClassName = "GemmaForCausalLM",
        Norm = NormKind.ShiftedRootMeanSquare, ScalesEmbeddings = true,
        AttentionBias = BiasOption.AttentionOff, RefusedOptions = ["use_bidirectional_attention"],
        Defaults = new(3072, 24576, 28, 16, 256000, 8192)
        {
            KeyValueHeads = 16, HeadDimension = 256, Activation = Activation.GeluTanh, Ties = true, BeginToken = 2, EndTokens = [1],
        },
    };

    /// <summary>Gemma 2: norms around both parts, capped scores and logits, a window in every other layer.</summary>
    public static Architecture Gemma2 { get; } = Gemma with
    {
        ModelType = "gemma2", ClassName = "Gemma2ForCausalLM",
        NormPlacement = NormPlacement.Around, Spelling = ModuleSpelling.NormsAround,
        HasQueryScalar = true, SoftCaps = (true, true),
        Windows = WindowRule.Periodic, WindowPeriod = 2,
        ActivationKey = "hidden_activation",
        Defaults = new(2304, 9216, 26, 8, 256000, 8192)
        {
            KeyValueHeads = 4, HeadDimension = 256, Activation = Activation.GeluTanh,
            Window = 4096, ScoreCap = 50, LogitCap = 30,
            Ties = true, BeginToken = 2, EndTokens = [1],
        },
    };

    /// <summary>The text part of Gemma 3: head norms instead of capped scores, rotary positions of their own in windowed layers.</summary>
    public static Architecture Gemma3 { get; } = Gemma2 with
    {
        ModelType = "gemma3_text", ClassName = "Gemma3ForCausalLM",
        HeadNorms = HeadNormRule.EachHead, SoftCaps = (false, true),
        WindowPeriod = 6, HasWindowedRotary = true, WindowedThetaKey = "rope_local_base_freq",
        Defaults = Gemma2.Defaults with { Vocabulary = 262208, MaxPositions = 131072, RopeTheta = 1e6, ScoreCap = null, LogitCap = null },
    };

    /// <summary>OLMo 2: norms behind attention and feed-forward part, and over all heads of queries and keys together.</summary>
    public static Architecture Olmo2 { get; } = new()
    {
        ModelType = "olmo2", ClassName = "Olmo2ForCausalLM",
        NormPlacement = NormPlacement.After, Spelling = ModuleSpelling.NormsAfter,
        HeadNorms = HeadNormRule.WholeWidth, AttentionBias = BiasOption.AttentionOff,
        Defaults = new(4096, 11008, 32, 32, 50304, 2048) { NormEpsilon = 1e-5, EndTokens = [50279] },
    };

    /// <summary>OLMo 3: windows in three of four layers, which no scaling of positions reaches.</summary>
    public static Architecture Olmo3 { get; } = Olmo2 with
    {
        ModelType = "olmo3", ClassName = "Olmo3ForCausalLM",
        Windows = WindowRule.Periodic, WindowPeriod = 4, HasWindowedRotary = true,
        Defaults = Olmo2.Defaults with { RopeTheta = 500000, Window = 4096 },
    };

    /// <summary>Phi 3 and 4: one matrix for queries, keys and values, one for gate and input.</summary>
    public static Architecture Phi3 { get; } = new()
    {
        ModelType = "phi3", ClassName = "Phi3ForCausalLM",
        Projections = QueryKeyValueLayout.OneAfterAnother, FusesGate = true,
        Windows = WindowRule.EveryLayer, RotatedShareKey = "partial_rotary_factor",
        Defaults = new(3072, 8192, 32, 32, 32064, 4096)
        {
            NormEpsilon = 1e-5, OriginalMaxPositions = 4096, BeginToken = 1, EndTokens = [32000],
        },
    };

    /// <summary>Granite 3: factors on embeddings, residuals, scores and logits.</summary>
    public static Architecture Granite { get; } = Llama with
    {
        ModelType = "granite", ClassName = "GraniteForCausalLM",
        HasMultipliers = true, LogitScaleKey = "logits_scaling", DividesLogits = true,
    };

    /// <summary>ERNIE 4.5: neighbouring numbers turn together.</summary>
    public static Architecture Ernie45 { get; } = new()
    {
        ModelType = "ernie4_5", ClassName = "Ernie4_5ForCausalLM",
        AttentionBias = new("use_bias", false), MlpBias = new("use_bias", false),
        IsRotationInterleaved = true,
        Defaults = new(1024, 3072, 18, 16, 103424, 131072)
        {
            KeyValueHeads = 2, HeadDimension = 128, NormEpsilon = 1e-5, RopeTheta = 500000,
            Ties = true, BeginToken = 1, EndTokens = [2],
        },
    };

    /// <summary>Hunyuan: heads are normalised after they were turned.</summary>
    public static Architecture Hunyuan { get; } = new()
    {
        ModelType = "hunyuan_v1_dense", ClassName = "HunYuanDenseV1ForCausalLM",
        AttentionBias = BiasOption.AttentionOff,
        HeadNorms = HeadNormRule.EachHeadTurned, ReadsRopeAlpha = true,
        Spelling = new(
            "model.layers.", [("self_attn.q_norm", "self_attn.query_layernorm"), ("self_attn.k_norm", "self_attn.key_layernorm")]),
        Defaults = new(4096, 11008, 32, 32, 290943, 2048) { NormEpsilon = 1e-5, BeginToken = 1, EndTokens = [2] },
    };

    /// <summary>EXAONE 4: where some layers have windows, the others know no positions.</summary>
    public static Architecture Exaone4 { get; } = new()
    {
        ModelType = "exaone4", ClassName = "Exaone4ForCausalLM",
        NormPlacement = NormPlacement.After, Spelling = ModuleSpelling.NormsAfter,
        HeadNorms = HeadNormRule.EachHead,
        Rotation = RotationRule.WindowedLayersIfAny, Windows = WindowRule.Periodic, WindowPeriod = 4,
        Defaults = new(4096, 16384, 32, 32, 102400, 2048)
        {
            KeyValueHeads = 32, NormEpsilon = 1e-5, Window = 4096, BeginToken = 0, EndTokens = [2],
        },
    };

    /// <summary>GLM 4 (9B): half of a head turns.</summary>
    public static Architecture Glm { get; } = new()
    {
        ModelType = "glm", ClassName = "GlmForCausalLM",
        AttentionBias = BiasOption.AttentionOn, AttentionBiasReachesOutput = false,
        FusesGate = true, IsRotationInterleaved = true, RotatedShareKey = "partial_rotary_factor",
        Defaults = new(4096, 13696, 40, 32, 151552, 131072)
        {
            KeyValueHeads = 2, HeadDimension = 128, NormEpsilon = 1.5625e-7, RotatedShare = 0.5, EndTokens = [151329, 151336, 151338],
        },
    };

    /// <summary>GLM 4 (0414): norms around both parts.</summary>
    public static Architecture Glm4 { get; } = Glm with
    {
        ModelType = "glm4", ClassName = "Glm4ForCausalLM",
        NormPlacement = NormPlacement.Around,
        Spelling = new(
            "model.layers.", [("attention_output_norm", "post_self_attn_layernorm"), ("mlp_output_norm", "post_mlp_layernorm")]),
    };

    /// <summary>Seed-OSS: biases on queries, keys and values, and on the output by a key of their own.</summary>
    public static Architecture SeedOss { get; } = new()
    {
        ModelType = "seed_oss", ClassName = "SeedOssForCausalLM",
        AttentionBias = BiasOption.AttentionOn, AttentionBiasReachesOutput = false, OutputBias = new("attention_out_bias", false),
        MlpBias = BiasOption.MlpOff,
        Defaults = new(4096, 27648, 64, 80, 155136, 524288) { KeyValueHeads = 8, HeadDimension = 128, BeginToken = 0, EndTokens = [2] },
    };

    /// <summary>Arcee AFM: Llama without a gate.</summary>
    public static Architecture Arcee { get; } = Llama with
    {
        ModelType = "arcee", ClassName = "ArceeForCausalLM",
        HasGate = false,
        Defaults = new(2560, 18432, 32, 32, 32000, 4096)
        {
            NormEpsilon = 1e-5, Activation = Activation.SquaredRelu, BeginToken = 128000, EndTokens = [128001],
        },
    };
}
