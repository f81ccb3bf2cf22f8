using Kalm.Files;

namespace Kalm.Language.Sources.Adapters;

/// <summary>What the low-rank product is measured from where the adapter's file does not hold the weight itself.</summary>
public enum LowRankStart
{
    /// <summary>The base model's weight.</summary>
    Base,

    /// <summary>The weight less its first r columns' share of it: Q R of its QR decomposition, cut to rank r, times the scale
    /// (OLoRA).</summary>
    WithoutLeadingColumns,

    /// <summary>The weight less its r largest singular values' part (PiSSA).</summary>
    WithoutLeadingSingularValues,
}

/// <summary>Rows of an embedding that the adapter brings (<c>trainable_token_indices</c>).</summary>
/// <param name="Module">The module, or what its name ends with; null for the model's input embedding.</param>
/// <param name="Rows">The tokens, in the order in which the adapter's file holds their rows.</param>
public sealed record AdaptedTokens(string? Module, IReadOnlyList<long> Rows);

/// <summary>What the <c>adapter_config.json</c> of a PEFT LoRA adapter says: W' = W + <see cref="ScaleOf"/> B A on every module that
/// <see cref="Targets"/> names.</summary>
public sealed record AdapterConfig
{
    /// <summary>The file's name in an adapter folder.</summary>
    public const string FileName = "adapter_config.json";

    /// <summary>The file beside it that holds the matrices A and B.</summary>
    public const string WeightsName = "adapter_model.safetensors";

    /// <summary>What stands before a module's name in <see cref="WeightsName"/>.</summary>
    public const string Prefix = "base_model.model.";

    /// <summary>PEFT's word for all linear modules but the output layer.</summary>
    public const string AllLinearName = "all-linear";

    /// <summary>The linear modules of a layer of Llama and its like.</summary>
    public static IReadOnlyList<string> AllLinear { get; } = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    /// <summary>The model the adapter was trained on, a folder or a name (<c>base_model_name_or_path</c>).</summary>
    public string? BaseModel { get; init; }

    /// <summary>The version of that model, where it is a name (<c>revision</c>).</summary>
    public string? Revision { get; init; }

    /// <summary>The rank, that is the rows of A and columns of B (<c>r</c>), where <see cref="RankPattern"/> says nothing else.</summary>
    public required int Rank { get; init; }

    /// <summary>The strength before the rank divides it (<c>lora_alpha</c>), where <see cref="AlphaPattern"/> says nothing else.</summary>
    public required double Alpha { get; init; }

    /// <summary>The share of the adapter's inputs that training drops, from 0 to below 1 (<c>lora_dropout</c>).</summary>
    public double Dropout { get; init; }

    /// <summary>The modules adapted: names, or the dotted ends of names (<c>target_modules</c> as a list). Empty when
    /// <see cref="TargetPattern"/> is there, and where neither is, which means what is customary for the architecture.</summary>
    public IReadOnlyList<string> TargetModules { get; init; } = [];

    /// <summary>The modules adapted as a regular expression that matches the whole name, or <see cref="AllLinearName"/>
    /// (<c>target_modules</c> as a text); or null.</summary>
    public string? TargetPattern { get; init; }

    /// <summary>Whether all linear modules but the output layer are meant.</summary>
    public bool TargetsAllLinear => string.Equals(TargetPattern, AllLinearName, StringComparison.OrdinalIgnoreCase);

    /// <summary>Modules not adapted though they are targets: names, or ends of names (<c>exclude_modules</c> as a list).</summary>
    public IReadOnlyList<string> ExcludedModules { get; init; } = [];

    /// <summary>Modules not adapted as a regular expression that matches the whole name (<c>exclude_modules</c> as a text); or
    /// null.</summary>
    public string? ExcludedPattern { get; init; }

    /// <summary>The only layers adapted (<c>layers_to_transform</c>); null for all.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>How many layers lie below the lowest adapted one.</summary>
    internal int LayersBelow => Layers is { Count: > 0 } ? Layers.Min() : 0;

    /// <summary>What the list of layers may be called that <see cref="Layers"/> counts in (<c>layers_pattern</c>); empty for any.</summary>
    public IReadOnlyList<string> LayersPattern { get; init; } = [];

    /// <summary>Other ranks for some modules (<c>rank_pattern</c>): the first key that matches the name, or its end after a dot,
    /// counts.</summary>
    public IReadOnlyList<KeyValuePair<string, int>> RankPattern { get; init; } = [];

    /// <summary>Other alphas for some modules (<c>alpha_pattern</c>), found like ranks.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> AlphaPattern { get; init; } = [];

    /// <summary>The modules that the adapter replaces whole (<c>modules_to_save</c>): what their names end with.</summary>
    public IReadOnlyList<string> ModulesToSave { get; init; } = [];

    /// <summary>Single rows of embeddings that the adapter replaces (<c>trainable_token_indices</c>).</summary>
    public IReadOnlyList<AdaptedTokens> Tokens { get; init; } = [];

    /// <summary>Whether an embedding and an output layer that are one in the base stay one (<c>ensure_weight_tying</c>).</summary>
    public bool KeepsTying { get; init; }

    /// <summary>Whether the strength is divided by the root of the rank rather than the rank (<c>use_rslora</c>).</summary>
    public bool RankStabilized { get; init; }

    /// <summary>Whether the lengths of the adapted weight's rows are learned apart from their directions (<c>use_dora</c>,
    /// arXiv 2402.09353).</summary>
    public bool Decomposed { get; init; }

    /// <summary>Whether B has a bias (<c>lora_bias</c>).</summary>
    public bool HasUpBias { get; init; }

    /// <summary>Which weights B A is added to (<c>init_lora_weights</c>, where it changes the base).</summary>
    public LowRankStart Start { get; init; }

    /// <summary>Whether the adapter is meant for use rather than further training (<c>inference_mode</c>).</summary>
    public bool InferenceMode { get; init; } = true;

    /// <summary>What the file says that is not followed, in sentences for the user.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The factor of B A where no pattern says otherwise.</summary>
    public double Scale => ScaleBy(Alpha, Rank);

    /// <summary>Reads <c>adapter_config.json</c> of the adapter folder <paramref name="folder"/>.</summary>
    /// <exception cref="KalmException">The file is missing or not valid, or asks for something that is not supported, by name.</exception>
    public static AdapterConfig Load(string folder) => AdapterConfigFile.Read(Path.Combine(folder, FileName));

    /// <summary>Writes <c>adapter_config.json</c> into the existing folder <paramref name="folder"/> with all the fields of PEFT.</summary>
    /// <exception cref="KalmException">A value is out of range, or the file cannot be written.</exception>
    public void Save(string folder)
    {
        var path = Path.Combine(folder, FileName);
        AdapterConfigCheck.Require(this, path);
        AtomicFile.WriteAllText(path, AdapterConfigText.Of(this));
    }

    /// <summary>Whether the adapter has a low-rank product on the module of this full name, for example
    /// <c>model.layers.0.mlp.gate_proj</c>: a target equals it or is what it ends with after a dot, or the pattern matches it; and it is
    /// neither excluded nor saved whole. Of <see cref="TargetsAllLinear"/> every name is one.</summary>
    public bool Targets(string module)
    {
        ArgumentNullException.ThrowIfNull(module);
        if (IsExcluded(module) || IsInSavedModule(module))
            return false;
        if (TargetPattern is { } pattern)
            return TargetsAllLinear || AdapterPattern.MatchesWhole(pattern, module);
        return TargetModules.Contains(module)
            || (TargetModules.Any(target => AdapterPattern.IsEndOf(target, module))
                && (Layers is null || (AdapterPattern.LayerOf(LayersPattern, module) is { } layer && Layers.Contains(layer))));
    }

    /// <summary>Whether the adapter replaces the module of this full name, or one that it is part of.</summary>
    public bool Saves(string module)
    {
        ArgumentNullException.ThrowIfNull(module);
        return ModulesToSave.Any(name => Saves(name, module));
    }

    /// <summary>Whether a name of <see cref="ModulesToSave"/> means the module of this full name, or one that it is part of.</summary>
    internal static bool Saves(string name, string module)
    {
        for (var end = module.Length; end > 0; end = module.LastIndexOf('.', end - 1))
            if (module.AsSpan(0, end).EndsWith(name, StringComparison.Ordinal))
                return true;
        return false;
    }

    /// <summary>The rank of the matrices on the module of this full name.</summary>
    public int RankOf(string module) => Find(RankPattern, module, Rank);

    /// <summary>The factor of B A on the module of this full name: alpha / r, or alpha / sqrt(r) when
    /// <see cref="RankStabilized"/>.</summary>
    public double ScaleOf(string module) => ScaleBy(Find(AlphaPattern, module, Alpha), RankOf(module));

    /// <summary>The name of an adapter's tensor in <see cref="WeightsName"/>.</summary>
    /// <param name="module">The full name of the module, for example <c>model.layers.0.mlp.gate_proj</c>.</param>
    /// <param name="which">'A' for the matrix [rank, inputs], 'B' for [outputs, rank].</param>
    public static string LoraName(string module, char which) => which is 'A' or 'B'
        ? $"{Prefix}{module}.lora_{which}.weight"
        : throw new ArgumentOutOfRangeException(nameof(which), which, "expected 'A' or 'B'");

    private bool IsExcluded(string module) => ExcludedPattern is { } pattern
        ? AdapterPattern.MatchesWhole(pattern, module)
        : ExcludedModules.Any(name => AdapterPattern.IsEndOf(name, module));

    private bool IsInSavedModule(string module) =>
        ModulesToSave.Any(name => $".{module}.".Contains($".{name}.", StringComparison.Ordinal));

    private double ScaleBy(double alpha, int rank) => RankStabilized ? alpha / Math.Sqrt(rank) : alpha / rank;

    private static T Find<T>(IReadOnlyList<KeyValuePair<string, T>> pattern, string module, T fallback)
    {
        ArgumentNullException.ThrowIfNull(module);
        foreach (var (key, value) in pattern)
            if (AdapterPattern.MatchesEnd(key, module))
                return value;
        return fallback;
    }
}
