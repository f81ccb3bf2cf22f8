using Kalm.Files;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Adapters;

/// <summary>Finds each tensor of an adapter the weight of the base that it belongs to, and the other way round.</summary>
internal sealed class AdapterPlan
{
    private const string WeightEnd = ".weight";
    private const string Embedding = "model.embed_tokens";
    private const string Head = "lm_head";

    private readonly AdapterConfig _config;
    private readonly string _configPath;
    private readonly SafetensorsFile _weights;
    private readonly bool _isTied;
    private readonly Dictionary<string, long[]> _base;
    private readonly Dictionary<string, TensorEntry> _tensors = new(StringComparer.Ordinal);
    private readonly HashSet<string> _used = [];

    public AdapterPlan(AdapterConfig config, SafetensorsFile weights, ModelConfig model, string configPath)
    {
        (_config, _weights, _configPath, _isTied) = (config, weights, configPath, model.TieWordEmbeddings);
        _base = model.TensorShapes().ToDictionary(tensor => tensor.Name, tensor => tensor.Shape);
        foreach (var (name, entry) in weights.Tensors)
        {
            if (!entry.Type.IsFloatingPoint())
                throw Fault(name, $"found the type {entry.Type.SafetensorsName()}, expected F32, F16 or BF16");
            if (!_tensors.TryAdd(PlainName(name), entry))
                throw Fault(name, $"found {PlainName(name)} twice, under two spellings");
        }
    }

    /// <summary>The modules that the config targets, each with its matrices.</summary>
    public Dictionary<string, AdaptedModule> Modules()
    {
        var names = Linear().Where(_config.Targets).ToList();
        RequireKnownTargets(names);
        var modules = new Dictionary<string, AdaptedModule>();
        foreach (var module in names)
        {
            var shape = _base[module + WeightEnd];
            var rank = _config.RankOf(module);
            modules.Add(module + WeightEnd, new AdaptedModule(
                module + WeightEnd, _config.ScaleOf(module),
                Take($"{module}.lora_A.weight", [rank, shape[1]]), Take($"{module}.lora_B.weight", [shape[0], rank])));
        }
        return modules;
    }

    /// <summary>The weights that the adapter holds whole.</summary>
    public Dictionary<string, TensorEntry> Replacements()
    {
        var replacements = new Dictionary<string, TensorEntry>();
        foreach (var saved in _config.ModulesToSave)
            if (!Modules(WithTiedHead(_base.Keys)).Any(module => module.EndsWith(saved, StringComparison.Ordinal)))
                throw new KalmException($"{_configPath}: modules_to_save: found {FileFault.Quote(saved)}, which the base model lacks; it has {Described()}");
        foreach (var (name, shape) in _base)
            if (_config.Saves(ModuleOf(name)))
                replacements.Add(name, Take(name, shape));
            // PEFT writes these of its own accord, too, when the vocabulary has been changed.
            else if (ModuleOf(name) is Embedding or Head && _tensors.ContainsKey(name))
                replacements.Add(name, Take(name, shape));
        if (_isTied)
            RequireTied(replacements);
        return replacements;
    }

    /// <summary>Refuses tensors that belong to nothing.</summary>
    public void RequireNothingElse()
    {
        var strangers = _tensors.Where(pair => !_used.Contains(pair.Key)).Select(pair => pair.Value.Name).Order(StringComparer.Ordinal).ToList();
        if (strangers.Count == 0)
            return;
        var first = strangers[0];
        var reason = first.Contains("lora_magnitude_vector", StringComparison.Ordinal) ? "DoRA is not supported"
            : first.Contains("lora_embedding_", StringComparison.Ordinal) ? "adapters of the embedding are not supported; save it whole with modules_to_save"
            : first.EndsWith(".bias", StringComparison.Ordinal) ? "biases in an adapter are not supported"
            : "it adapts nothing in this base model, or nothing that the config targets";
        throw Fault(first, $"{reason} ({strangers.Count} such tensors); expected matrices on {Described()}");
    }

    // The output layer of a tied model is the embedding: an adapter may bring both, but they must stay one.
    private void RequireTied(Dictionary<string, TensorEntry> replacements)
    {
        const string HeadWeight = Head + WeightEnd, EmbeddingWeight = Embedding + WeightEnd;
        var head = _tensors.GetValueOrDefault(HeadWeight);
        if (head is null && !_config.Saves(Head))
            return;
        head ??= Take(HeadWeight, _base[EmbeddingWeight]);
        _used.Add(HeadWeight);
        var same = replacements.TryGetValue(EmbeddingWeight, out var embedding) && embedding.Type == head.Type
            && embedding.Shape.SequenceEqual(head.Shape) && SameBytes(embedding, head);
        if (!same)
            throw Fault(head.Name, "the base model's output layer is tied to its embedding; expected the same embedding beside it, or none");
    }

    private bool SameBytes(TensorEntry first, TensorEntry second)
    {
        const int Chunk = 1 << 20;
        for (long at = 0; at < first.ByteCount; at += Chunk)
        {
            var count = (int)Math.Min(Chunk, first.ByteCount - at);
            if (!_weights.Bytes(first, at, count).SequenceEqual(_weights.Bytes(second, at, count)))
                return false;
        }
        return true;
    }

    private void RequireKnownTargets(List<string> found)
    {
        if (_config.TargetPattern is { } pattern)
        {
            if (found.Count == 0)
                throw new KalmException($"{_configPath}: target_modules: found the pattern {FileFault.Quote(pattern)}, which matches no linear module of the base model; it has {Described()}");
            return;
        }
        var linear = Linear().ToList();
        foreach (var target in _config.TargetModules)
            if (!linear.Any(module => AdapterPattern.IsEndOf(target, module)))
                throw new KalmException($"{_configPath}: target_modules: found {FileFault.Quote(target)}, expected a linear module of the base model; it has {Described()}");
        if (_config.Layers is { } layers && layers.FirstOrDefault(layer => !linear.Any(module => module.StartsWith($"model.layers.{layer}.", StringComparison.Ordinal)), -1) is >= 0 and var absent)
            throw new KalmException($"{_configPath}: layers_to_transform: found {absent}, which the base model lacks");
    }

    private TensorEntry Take(string name, long[] shape)
    {
        if (!_tensors.TryGetValue(name, out var entry))
            throw Fault(AdapterConfig.Prefix + name, $"missing; {AdapterConfig.FileName} and the base model ask for it with the shape {TensorEntry.Describe(shape)}");
        if (!entry.Shape.SequenceEqual(shape))
            throw Fault(entry.Name, $"found the shape {TensorEntry.Describe(entry.Shape)}; expected {TensorEntry.Describe(shape)} for this base model");
        _used.Add(name);
        return entry;
    }

    private IEnumerable<string> Linear() =>
        _base.Where(tensor => tensor.Value.Length == 2 && tensor.Key.EndsWith(WeightEnd, StringComparison.Ordinal)).Select(tensor => ModuleOf(tensor.Key)).Where(module => module != Embedding);

    private IEnumerable<string> WithTiedHead(IEnumerable<string> names) => _isTied ? names.Append(Head + WeightEnd) : names;

    private static IEnumerable<string> Modules(IEnumerable<string> names) => names.Select(ModuleOf);

    private static string ModuleOf(string tensor) => tensor[..tensor.LastIndexOf('.')];

    // As PEFT writes it, without the prefix and without what it puts into names while an adapter is in memory.
    private static string PlainName(string name)
    {
        if (name.StartsWith(AdapterConfig.Prefix, StringComparison.Ordinal))
            name = name[AdapterConfig.Prefix.Length..];
        return name.Replace(".modules_to_save.", ".", StringComparison.Ordinal).Replace(".default.", ".", StringComparison.Ordinal);
    }

    private string Described()
    {
        var ends = Linear().Select(module => module[(module.LastIndexOf('.') + 1)..]).Distinct().ToList();
        return string.Join(", ", ends) + $" in {Linear().Count()} linear modules";
    }

    private KalmException Fault(string name, string fault) => SafetensorsLayout.Fault(_weights.Path, name, fault);
}
