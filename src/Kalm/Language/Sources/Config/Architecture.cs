namespace Kalm.Language.Sources.Config;

/// <summary>What sets a supported architecture apart from the others; all else they share. The decoder, the configuration and the tensor
/// names take every difference from here. The architectures themselves stand in <see cref="All"/>.</summary>
public sealed partial record Architecture
{
    private Architecture()
    {
    }

    /// <summary>The name in <c>model_type</c>.</summary>
    public required string ModelType { get; init; }

    /// <summary>Other values of <c>model_type</c> that mean the same when only text is read.</summary>
    public IReadOnlyList<string> OtherModelTypes { get; private init; } = [];

    /// <summary>The transformers library's class, for <c>architectures</c>.</summary>
    public required string ClassName { get; init; }

    /// <summary>What the norms compute.</summary>
    public NormKind Norm { get; private init; }

    /// <summary>Whether the norms add a bias.</summary>
    public bool HasNormBias { get; private init; }

    /// <summary>Where the norms of a layer stand.</summary>
    public NormPlacement NormPlacement { get; private init; }

    /// <summary>Whether attention and feed-forward part read one norm where they are parallel.</summary>
    public bool SharesParallelNorm { get; private init; }

    /// <summary>Whether attention and feed-forward part are parallel, so that both read what comes into a layer, where
    /// <c>use_parallel_residual</c> says nothing.</summary>
    public bool IsParallel { get; private init; }

    /// <summary>Whether <c>use_parallel_residual</c> decides.</summary>
    public bool OffersParallel { get; private init; }

    /// <summary>What is normalised of queries and keys (<c>q_norm</c>, <c>k_norm</c>).</summary>
    public HeadNormRule HeadNorms { get; private init; }

    /// <summary>How queries, keys and values are projected.</summary>
    public QueryKeyValueLayout Projections { get; private init; }

    /// <summary>Whether a key head serves one query head, whatever <c>num_key_value_heads</c> says.</summary>
    public bool HasOwnKeyHeads { get; private init; }

    /// <summary>Whether the feed-forward part multiplies by a gate.</summary>
    public bool HasGate { get; private init; } = true;

    /// <summary>Whether gate and feed-forward input are one matrix, the gate first.</summary>
    public bool FusesGate { get; private init; }

    /// <summary>Whether neighbouring numbers of a head turn together, rather than the first half with the second.</summary>
    public bool IsRotationInterleaved { get; private init; }

    /// <summary>Which layers turn queries and keys.</summary>
    public RotationRule Rotation { get; private init; }

    /// <summary>Whether windowed layers have rotary positions of their own, never scaled by <c>rope_scaling</c>.</summary>
    public bool HasWindowedRotary { get; private init; }

    /// <summary>Which layers a sliding window limits.</summary>
    public WindowRule Windows { get; private init; }

    /// <summary>For <see cref="WindowRule.Periodic"/>: every which layer sees all.</summary>
    internal int WindowPeriod { get; private init; }

    /// <summary>Whether embeddings are multiplied by the root of their width.</summary>
    public bool ScalesEmbeddings { get; private init; }

    /// <summary>Whether the scores of attention are divided by the root of <c>query_pre_attn_scalar</c>.</summary>
    public bool HasQueryScalar { get; private init; }

    /// <summary>Whether attention scores, and logits, can be capped (<c>attn_logit_softcapping</c>,
    /// <c>final_logit_softcapping</c>).</summary>
    public (bool Scores, bool Logits) SoftCaps { get; private init; }

    /// <summary>Whether embeddings, residuals and scores have factors of their own (<c>embedding_multiplier</c> and so on).</summary>
    public bool HasMultipliers { get; private init; }

    /// <summary>The key of what logits are multiplied by, or divided by with <see cref="DividesLogits"/>; null for nothing.</summary>
    internal string? LogitScaleKey { get; private init; }

    /// <summary>Whether <see cref="ModelConfig.LogitScale"/> divides.</summary>
    public bool DividesLogits { get; private init; }

    /// <summary>Whether queries far on are stretched (<c>llama_4_scaling_beta</c>).</summary>
    public bool StretchesQueries { get; private init; }

    /// <summary>The modules of a layer that always have a bias.</summary>
    public IReadOnlyList<string> BiasedModules { get; private init; } = [];

    /// <summary>The key that gives the projections into attention biases; null for none.</summary>
    internal BiasOption? AttentionBias { get; private init; }

    /// <summary>Whether it gives one to the projection out of attention, too.</summary>
    public bool AttentionBiasReachesOutput { get; private init; } = true;

    /// <summary>The key that gives the projection out of attention a bias by itself; null for none.</summary>
    internal BiasOption? OutputBias { get; private init; }

    /// <summary>The key that gives the feed-forward projections biases; null for none.</summary>
    internal BiasOption? MlpBias { get; private init; }

    /// <summary>Whether a key can give the attention projections biases.</summary>
    public bool OffersAttentionBias => AttentionBias is not null;

    /// <summary>Whether a key can give the feed-forward projections biases.</summary>
    public bool OffersMlpBias => MlpBias is not null;

    /// <summary>Whether queries and keys are normalised.</summary>
    public bool NormalisesHeads => HeadNorms != HeadNormRule.None;

    /// <summary>The key of what norms add before the root.</summary>
    internal string NormEpsilonKey { get; private init; } = "rms_norm_eps";

    /// <summary>The key of the activation.</summary>
    internal string ActivationKey { get; private init; } = "hidden_act";

    /// <summary>The key outside the rope object of the base of the rotary frequencies.</summary>
    internal string ThetaKey { get; private init; } = "rope_theta";

    /// <summary>The key of the base of the rotary frequencies in windowed layers that have their own; null for that of the
    /// others.</summary>
    internal string? WindowedThetaKey { get; private init; }

    /// <summary>Whether dynamic scaling can go by <c>alpha</c> instead of the length.</summary>
    internal bool ReadsRopeAlpha { get; private init; }

    /// <summary>The key outside the rope object of the share of a head that is turned; null where all of it always is.</summary>
    internal string? RotatedShareKey { get; private init; }

    /// <summary>Options that would change the result and are not done: they must be false.</summary>
    internal IReadOnlyList<string> RefusedOptions { get; private init; } = [];

    /// <summary>What absent keys mean.</summary>
    public required ArchitectureDefaults Defaults { get; init; }

    /// <summary>What a checkpoint calls the modules.</summary>
    internal ModuleSpelling Spelling { get; private init; } = ModuleSpelling.Llama;

    /// <summary>All that are supported.</summary>
    // Made when asked for: no order is promised between the static members of several files.
    public static IReadOnlyList<Architecture> All => field ??=
    [
        Llama, Mistral, Ministral3, Qwen2, Qwen3, SmolLm3, Gemma, Gemma2, Gemma3, Olmo2, Olmo3, Phi3, Granite, Ernie45, Hunyuan, Exaone4,
        Glm, Glm4, Cohere, Cohere2, SeedOss, StarCoder2, GptNeoX, StableLm, Arcee,
    ];

    /// <summary>The architecture of a <c>model_type</c>; null when it is not supported.</summary>
    public static Architecture? Find(string? modelType) =>
        All.FirstOrDefault(architecture => architecture.ModelType == modelType || architecture.OtherModelTypes.Contains(modelType));

    /// <summary>The supported values of <c>model_type</c>, for messages.</summary>
    internal static string Supported => string.Join(", ", All.Select(architecture => architecture.ModelType));
}

/// <summary>A key that switches biases on.</summary>
/// <param name="Key">The key.</param>
/// <param name="Default">What its absence means.</param>
internal sealed record BiasOption(string Key, bool Default)
{
    /// <summary>Of attention, none by default.</summary>
    public static BiasOption AttentionOff { get; } = new("attention_bias", false);

    /// <summary>Of attention, by default.</summary>
    public static BiasOption AttentionOn { get; } = new("attention_bias", true);

    /// <summary>Of the feed-forward part, none by default.</summary>
    public static BiasOption MlpOff { get; } = new("mlp_bias", false);
}

/// <summary>What absent keys mean to the transformers library's configuration of an architecture.</summary>
/// <param name="Hidden">hidden_size, in a nested text_config.</param>
/// <param name="Intermediate">intermediate_size, in a nested text_config.</param>
/// <param name="Layers">num_hidden_layers, in a nested text_config.</param>
/// <param name="Heads">num_attention_heads, in a nested text_config.</param>
/// <param name="Vocabulary">vocab_size, in a nested text_config.</param>
/// <param name="MaxPositions">max_position_embeddings.</param>
public sealed record ArchitectureDefaults(int Hidden, int Intermediate, int Layers, int Heads, int Vocabulary, int MaxPositions)
{
    /// <summary>num_key_value_heads; null for as many as query heads.</summary>
    public int? KeyValueHeads { get; init; }

    /// <summary>head_dim; null for hidden_size / num_attention_heads.</summary>
    public int? HeadDimension { get; init; }

    /// <summary>Whether head_dim is not read: hidden_size / num_attention_heads always.</summary>
    public bool HasEqualHeads { get; init; }

    /// <summary>What norms add to a variance, by whatever name the family has for it.</summary>
    public double NormEpsilon { get; init; } = 1e-6;

    /// <summary>The function between the feed-forward projections, likewise.</summary>
    public Activation Activation { get; init; }

    /// <summary>The base of the rotary frequencies.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>The base in windowed layers, where it is not that of the others.</summary>
    public double WindowedRopeTheta { get; init; } = 10000;

    /// <summary>original_max_position_embeddings outside the rope object, which comes before that within; null for none.</summary>
    public int? OriginalMaxPositions { get; init; }

    /// <summary>The share of a head that is turned.</summary>
    public double RotatedShare { get; init; } = 1;

    /// <summary>The scaling where no key says anything of rotary positions.</summary>
    public RopeScaling? RopeScaling { get; init; }

    /// <summary>What stretches queries where no key says anything of rotary positions.</summary>
    public QueryStretch? QueryStretch { get; init; }

    /// <summary>sliding_window.</summary>
    public int? Window { get; init; }

    /// <summary>attn_logit_softcapping.</summary>
    public double? ScoreCap { get; init; }

    /// <summary>final_logit_softcapping.</summary>
    public double? LogitCap { get; init; }

    /// <summary>What logits are multiplied or divided by.</summary>
    public double LogitScale { get; init; } = 1;

    /// <summary>tie_word_embeddings.</summary>
    public bool Ties { get; init; }

    /// <summary>bos_token_id.</summary>
    public int? BeginToken { get; init; }

    /// <summary>eos_token_id.</summary>
    public IReadOnlyList<int> EndTokens { get; init; } = [];
}
