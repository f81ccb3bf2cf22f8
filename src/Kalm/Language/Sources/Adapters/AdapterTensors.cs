using Kalm.Files;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Adapters;

/// <summary>What a tensor of an adapter is to the module it belongs to.</summary>
internal enum AdapterPart
{
    /// <summary>A of a low-rank product.</summary>
    Down,
    /// <summary>B of a low-rank product.</summary>
    Up,
    /// <summary>A of an embedding's product.</summary>
    EmbeddingDown,
    /// <summary>B of an embedding's product.</summary>
    EmbeddingUp,
    /// <summary>The lengths of the rows (DoRA).</summary>
    Magnitude,
    /// <summary>The bias of B.</summary>
    UpBias,
    /// <summary>Rows of an embedding.</summary>
    TokenRows,
    /// <summary>The module's own weight.</summary>
    Weight,
    /// <summary>The module's own bias.</summary>
    Bias,
    /// <summary>A copy of the weight that the adapter was put on.</summary>
    BaseWeight,
    /// <summary>A copy of the bias that the adapter was put on.</summary>
    BaseBias,
    /// <summary>The module's own weight once more, under its name in memory.</summary>
    WeightAgain,
    /// <summary>The module's own bias once more, under its name in memory.</summary>
    BiasAgain,
}

/// <summary>The tensors of an adapter by module and part, whatever stands before, between and after in their names: PEFT's prefix or none,
/// an adapter's name, wrappers for compiling and sharding, the wrapper of a multimodal model.</summary>
internal sealed class AdapterTensors
{
    private const int NamesInWarning = 5;

    // What models are wrapped in, inside and around transformers: it says nothing about which module is meant.
    private static readonly HashSet<string> Outer = ["base_model", "module", "model", "language_model", "text_model"];
    private static readonly HashSet<string> Inner = ["_orig_mod", "_checkpoint_wrapped_module", "_fsdp_wrapped_module"];

    private static readonly Dictionary<string, AdapterPart> Matrices = new()
    {
        ["lora_A"] = AdapterPart.Down,
        ["lora_B"] = AdapterPart.Up,
        ["lora_embedding_A"] = AdapterPart.EmbeddingDown,
        ["lora_embedding_B"] = AdapterPart.EmbeddingUp,
        ["lora_magnitude_vector"] = AdapterPart.Magnitude,
        ["trainable_tokens_delta"] = AdapterPart.TokenRows,
    };

    private readonly string path;
    private readonly Dictionary<(string Module, AdapterPart Part), StoredTensor> entries = [];
    private readonly Dictionary<string, string> spelled = [];
    private readonly HashSet<StoredTensor> unused = [];

    /// <exception cref="KalmException">Two tensors are the same part of one module.</exception>
    public AdapterTensors(ITensorStore file)
    {
        path = file.Path;
        foreach (var entry in file.Tensors)
        {
            unused.Add(entry);
            if (Parse(entry.Name) is not var (module, part))
                continue;
            var core = CoreOf(module);
            if (part is AdapterPart.Down or AdapterPart.EmbeddingDown)
                spelled.TryAdd(core, module);
            if (entries.TryAdd((core, part), entry))
                continue;
            // Several wrappers around one weight each bring it.
            if (part is AdapterPart.BaseWeight or AdapterPart.BaseBias or AdapterPart.WeightAgain or AdapterPart.BiasAgain)
                unused.Remove(entry);
            else
                throw SafetensorsLayout.Fault(
                    path, entry.Name, $"found twice: {FileFault.Quote(entries[(core, part)].Name)} is the same part of the same module");
        }
    }

    /// <summary>How many tensors there are.</summary>
    public int Count => entries.Count;

    /// <summary>A module's name without what it is wrapped in, so that all spellings of it are one.</summary>
    public static string CoreOf(string module)
    {
        var parts = module.Split('.');
        var first = 0;
        while (first < parts.Length - 1 && Outer.Contains(parts[first]))
            first++;
        return string.Join('.', parts[first..]);
    }

    /// <summary>The name that the adapter's file has for the module, where it has a low-rank product.</summary>
    public string? Spelling(string core) => spelled.GetValueOrDefault(core);

    /// <summary>Whether a part is there.</summary>
    public bool Has(string core, AdapterPart part) => entries.ContainsKey((core, part));

    /// <summary>Takes a part, so that it does not count as unused; null when it is not there.</summary>
    /// <exception cref="KalmException">It holds no real numbers.</exception>
    public StoredTensor? Take(string core, AdapterPart part)
    {
        if (!entries.TryGetValue((core, part), out var entry))
            return null;
        if (!entry.IsFloatingPoint)
            throw SafetensorsLayout.Fault(path, entry.Name, $"found the type {entry.Type}, expected F32, F16 or BF16");
        unused.Remove(entry);
        return entry;
    }

    /// <summary>The tensors that were not taken, in a sentence for the user; none when all were.</summary>
    public IEnumerable<string> UnusedWarning()
    {
        var names = unused.Select(entry => entry.Name).Order(StringComparer.Ordinal).ToList();
        if (names.Count > 0)
            yield return $"{path}: {names.Count} {(names.Count == 1 ? "tensor adapts" : "tensors adapt")} nothing in this base model, "
                + $"or nothing that the config targets, and {(names.Count == 1 ? "is" : "are")} ignored: "
                + Listed(names);
    }

    /// <summary>The first of some names, quoted, for a sentence.</summary>
    public static string Listed(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(NamesInWarning).Select(FileFault.Quote))
        + (names.Count > NamesInWarning ? $" and {names.Count - NamesInWarning} more" : "");

    private static (string Module, AdapterPart Part)? Parse(string name)
    {
        if (name.StartsWith(AdapterConfig.Prefix, StringComparison.Ordinal))
            name = name[AdapterConfig.Prefix.Length..];
        var parts = name.Split('.').Where(part => !Inner.Contains(part)).ToList();
        // ...q_proj.lora_A.weight, in memory ...q_proj.lora_A.default.weight; a magnitude and an embedding's matrices lack the end.
        var at = parts.FindIndex(Matrices.ContainsKey);
        if (at > 0)
        {
            var part = Matrices[parts[at]];
            if (part == AdapterPart.TokenRows && parts[at - 1] == "token_adapter")
                parts.RemoveAt(--at);
            var isBias = part == AdapterPart.Up && parts[^1] == "bias";
            return at == 0 ? null : (string.Join('.', parts[..at]), isBias ? AdapterPart.UpBias : part);
        }
        var isWeight = parts[^1] == "weight";
        if (!isWeight && parts[^1] != "bias")
            return null;
        parts.RemoveAt(parts.Count - 1);
        var copies = parts.RemoveAll(part => part is "base_layer" or "original_module");
        var again = parts.RemoveAll(part => part == "modules_to_save");
        _ = parts.RemoveAll(part => part is "default" or "token_adapter");
        if (parts.Count == 0)
            return null;
        return (string.Join('.', parts), copies > 0 ? (isWeight ? AdapterPart.BaseWeight : AdapterPart.BaseBias)
            : again > 0 ? (isWeight ? AdapterPart.WeightAgain : AdapterPart.BiasAgain)
            : isWeight ? AdapterPart.Weight : AdapterPart.Bias);
    }
}
