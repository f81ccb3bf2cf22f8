using Kalm.Files;

namespace Kalm.Language.Checkpoints;

/// <summary>What the <c>adapter_config.json</c> of a PEFT LoRA adapter says: W' = W + <see cref="Scale"/> B A on every module that
/// <see cref="TargetModules"/> names.</summary>
public sealed record AdapterConfig
{
    /// <summary>The file's name in an adapter folder.</summary>
    public const string FileName = "adapter_config.json";

    /// <summary>The file beside it that holds the matrices A and B.</summary>
    public const string WeightsName = "adapter_model.safetensors";

    /// <summary>The linear modules of a layer, which PEFT means by <c>all-linear</c>.</summary>
    public static IReadOnlyList<string> AllLinear { get; } = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    /// <summary>The model the adapter was trained on, a folder or a name (<c>base_model_name_or_path</c>).</summary>
    public string? BaseModel { get; init; }

    /// <summary>The rank, that is the rows of A and columns of B (<c>r</c>).</summary>
    public required int Rank { get; init; }

    /// <summary>The strength before the rank divides it (<c>lora_alpha</c>).</summary>
    public required double Alpha { get; init; }

    /// <summary>The share of the adapter's inputs that training drops, from 0 to below 1 (<c>lora_dropout</c>).</summary>
    public double Dropout { get; init; }

    /// <summary>The modules adapted: names, or the dotted ends of names (<c>target_modules</c>).</summary>
    public required IReadOnlyList<string> TargetModules { get; init; }

    /// <summary>Whether the strength is divided by the root of the rank rather than the rank (<c>use_rslora</c>).</summary>
    public bool RankStabilized { get; init; }

    /// <summary>Whether the adapter is meant for use rather than further training (<c>inference_mode</c>).</summary>
    public bool InferenceMode { get; init; } = true;

    /// <summary>The factor of B A: alpha / r, or alpha / sqrt(r) when <see cref="RankStabilized"/>.</summary>
    public double Scale => RankStabilized ? Alpha / Math.Sqrt(Rank) : Alpha / Rank;

    /// <summary>Reads <c>adapter_config.json</c> of the adapter folder <paramref name="folder"/>.</summary>
    /// <exception cref="KalmException">The file is missing or not valid, or asks for something that is not supported, by name.</exception>
    public static AdapterConfig Load(string folder) => AdapterConfigFile.Read(Path.Combine(folder, FileName));

    /// <summary>Writes <c>adapter_config.json</c> into the existing folder <paramref name="folder"/> with all the fields of PEFT.</summary>
    /// <exception cref="KalmException">A value is out of range, or the file cannot be written.</exception>
    public void Save(string folder)
    {
        var path = Path.Combine(folder, FileName);
        AdapterConfigFile.Check(this, path);
        AtomicFile.WriteAllText(path, AdapterConfigFile.Write(this));
    }

    /// <summary>Whether the adapter changes the module of this full name, for example <c>model.layers.0.mlp.gate_proj</c>: a target
    /// equals it or is what it ends with after a dot.</summary>
    public bool Targets(string module)
    {
        ArgumentNullException.ThrowIfNull(module);
        return TargetModules.Any(target => module == target || module.EndsWith("." + target, StringComparison.Ordinal));
    }

    /// <summary>The name of an adapter's tensor in <see cref="WeightsName"/>.</summary>
    /// <param name="layer">The layer, from 0.</param>
    /// <param name="module">The module within the layer, for example <c>mlp.gate_proj</c>.</param>
    /// <param name="which">'A' for the matrix [rank, inputs], 'B' for [outputs, rank].</param>
    public static string LoraName(int layer, string module, char which)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(layer);
        if (which is not ('A' or 'B'))
            throw new ArgumentOutOfRangeException(nameof(which), which, "expected 'A' or 'B'");
        return $"base_model.model.model.layers.{layer}.{module}.lora_{which}.weight";
    }
}
