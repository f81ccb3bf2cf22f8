using Kalm.Files;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Adapters;

/// <summary>Finds each tensor of an adapter the weight of the base that it belongs to, and the other way round, as PEFT does when it loads
/// the adapter: what it would pass over is named, what it would fail on is refused.</summary>
internal sealed partial class AdapterPlan
{
    private readonly AdapterConfig config;
    private readonly string configPath;
    private readonly ITensorStore weights;
    private readonly AdapterTensors tensors;
    private readonly IReadOnlyList<AdapterModule> modules;
    private readonly List<string> warnings = [];
    private readonly List<string> untouched = [];
    private readonly Dictionary<string, AdaptedTensor> changes = [];

    /// <exception cref="KalmException">The adapter does not fit the base; the message names the tensor, module or key.</exception>
    public AdapterPlan(AdapterConfig config, ITensorStore weights, ModelConfig model, string configPath)
    {
        (this.weights, this.configPath) = (weights, configPath);
        this.config = config is { TargetPattern: null, TargetModules.Count: 0 }
            ? config with { TargetModules = AdapterModules.CustomaryTargets(model) } : config;
        tensors = new AdapterTensors(weights);
        modules = AdapterModules.Of(model);
        CheckNames();
        Model = model;
        foreach (var module in modules.Where(module => !module.IsEmbedding && !module.IsHead))
            if (Weight(module) is { } change)
                changes.Add(module.Weight, change);
        AddVocabulary();
        foreach (var module in modules)
            AddBias(module);
        if (changes.Count == 0)
            throw new KalmException(
                $"{weights.Path}: none of its {weights.Tensors.Count()} tensors adapts anything in this base model; it has {Described()}");
        if (untouched.Count > 0)
            warnings.Add($"{weights.Path}: no matrices for {AdapterTensors.Listed(untouched)}, which {AdapterConfig.FileName} targets; "
                + "left as in the base model");
        warnings.AddRange(tensors.UnusedWarning());
    }

    /// <summary>The merged model: its vocabulary may have grown, and its output layer may be another matrix than its embedding.</summary>
    public ModelConfig Model { get; private set; }

    /// <summary>What becomes of each tensor of <see cref="Model"/> that does not stay as it is in the base, by canonical name.</summary>
    public IReadOnlyDictionary<string, AdaptedTensor> Changes => changes;

    /// <summary>What is passed over, in sentences for the user.</summary>
    public IReadOnlyList<string> Warnings => warnings;

    private void CheckNames()
    {
        if (!modules.Any(IsTarget))
            throw new KalmException(
                $"{configPath}: target_modules: found {TargetText()}, which matches no module of the base model; it has {Described()}");
        foreach (var target in config.TargetModules)
            if (!modules.Any(module => NamesOf(module).Any(name => AdapterPattern.IsEndOf(target, name))))
                warnings.Add(
                    $"{configPath}: target_modules: {FileFault.Quote(target)} is not in the base model and ignored; it has {Described()}");
        foreach (var layer in config.Layers ?? [])
            if (!modules.Any(module => NamesOf(module).Any(name => AdapterPattern.LayerOf(config.LayersPattern, name) == layer)))
                warnings.Add($"{configPath}: layers_to_transform: {layer} is not in the base model and ignored");
        foreach (var saved in config.ModulesToSave)
            if (!modules.Any(module => AdapterConfig.Saves(saved, module.Name)))
                warnings.Add($"{configPath}: modules_to_save: {FileFault.Quote(saved)} is not in the base model and ignored");
    }

    private string TargetText() => FileFault.Quote(config.TargetPattern ?? string.Join(", ", config.TargetModules))
        + (config.Layers is { } layers ? $" in the layers {string.Join(", ", layers)}" : "");

    // A config may have been made for the module's name in another wrapper, the one that the file's names have.
    private bool IsTarget(AdapterModule module) => module.Shape.Length == 2
        && (!config.TargetsAllLinear || (module.IsLinear && !module.IsHead))
        && NamesOf(module).Any(config.Targets);

    private IEnumerable<string> NamesOf(AdapterModule module) =>
        tensors.Spelling(module.Core) is { } spelling && spelling != module.Name ? [module.Name, spelling] : [module.Name];

    private string NameFor(AdapterModule module) => NamesOf(module).First(config.Targets);

    // What becomes of a weight; null when it stays.
    private AdaptedTensor? Weight(AdapterModule module)
    {
        var source = Source(module);
        var stored = config.Saves(module.Name) ? Saved(module) : source;
        var product = IsTarget(module) ? Product(module, module.Shape, isOnBase: source is null) : null;
        return stored is null && product is null ? null : new AdaptedTensor(module.Weight, module.Shape)
        {
            Stored = stored is null ? null : Fit(stored, module.Shape),
            Product = product,
        };
    }

    // A copy of the base's weight that the adapter was put on: what is trained beside it, or what was resized.
    private StoredTensor? Source(AdapterModule module)
    {
        var copy = tensors.Take(module.Core, AdapterPart.BaseWeight);
        return copy is null && !config.Saves(module.Name) ? tensors.Take(module.Core, AdapterPart.Weight) : copy;
    }

    private StoredTensor Saved(AdapterModule module)
    {
        var again = tensors.Take(module.Core, AdapterPart.WeightAgain);
        return tensors.Take(module.Core, AdapterPart.Weight) ?? again ?? throw Missing(module.Name + ".weight", module.Shape);
    }

    private LowRankProduct? Product(AdapterModule module, long[] shape, bool isOnBase)
    {
        var name = NameFor(module);
        var (rank, scale) = (config.RankOf(name), config.ScaleOf(name));
        var (down, up) = module.IsEmbedding
            ? (tensors.Take(module.Core, AdapterPart.EmbeddingDown), tensors.Take(module.Core, AdapterPart.EmbeddingUp))
            : (tensors.Take(module.Core, AdapterPart.Down), tensors.Take(module.Core, AdapterPart.Up));
        var (downShape, upShape) = module.IsEmbedding
            ? ((long[])[rank, shape[0]], (long[])[shape[1], rank]) : ([rank, shape[1]], [shape[0], rank]);
        if (down is null && up is null)
        {
            untouched.Add(module.Name);
            return null;
        }
        var start = !isOnBase || module.IsEmbedding ? LowRankStart.Base : config.Start;
        if (start != LowRankStart.Base && rank > Math.Min(shape[0], shape[1]))
            throw new KalmException(
                $"{configPath}: r: found {rank} for {module.Name}, expected at most the smaller side of {TensorEntry.Describe(shape)}");
        long[] lengths = [module.IsEmbedding ? shape[1] : shape[0]];
        return new LowRankProduct(
            Required(down, module.Name + (module.IsEmbedding ? ".lora_embedding_A" : ".lora_A.weight"), downShape),
            Required(up, module.Name + (module.IsEmbedding ? ".lora_embedding_B" : ".lora_B.weight"), upShape), scale,
            config.Decomposed
                ? Required(tensors.Take(module.Core, AdapterPart.Magnitude), $"{module.Name}.lora_magnitude_vector", lengths) : null,
            start, module.IsEmbedding);
    }

    private void AddBias(AdapterModule module)
    {
        var shape = module.Shape[..1];
        var name = module.Bias ?? BiasOf(module);
        var upBias = config.HasUpBias && changes.GetValueOrDefault(module.Weight)?.Product is not null
            ? tensors.Take(module.Core, AdapterPart.UpBias) : null;
        if (module.Bias is null && upBias is null)
            return;
        if (module.Bias is null)
            AddBiases(module);
        var own = tensors.Take(module.Core, AdapterPart.Bias);
        var again = tensors.Take(module.Core, AdapterPart.BiasAgain);
        var stored = config.Saves(module.Name) ? own ?? again ?? throw Missing(module.Name + ".bias", shape)
            : tensors.Take(module.Core, AdapterPart.BaseBias) ?? own;
        if (stored is not null || upBias is not null)
            changes[name] = new AdaptedTensor(name, shape)
            {
                StartsAtZero = module.Bias is null,
                Stored = stored is null ? null : Fit(stored, shape),
                UpBias = upBias is null ? null : (Fit(upBias, shape), config.ScaleOf(NameFor(module))),
            };
    }

    private static string BiasOf(AdapterModule module) => module.Weight[..module.Weight.LastIndexOf('.')] + ".bias";

    // A bias of B where the base has none: the architecture must have a place for it, and its other biases there are zero.
    private void AddBiases(AdapterModule module)
    {
        var (isAttention, isFeedForward) = (IsIn(".self_attn."), IsIn(".mlp."));
        var grown = isAttention && Model.Architecture.OffersAttentionBias ? Model with { AttentionBias = true }
            : isFeedForward && Model.Architecture.OffersMlpBias ? Model with { MlpBias = true }
            : Model;
        var before = Model.TensorShapes().Select(tensor => tensor.Name).ToHashSet();
        foreach (var (name, shape) in grown.TensorShapes())
            if (!before.Contains(name))
                changes.TryAdd(name, new AdaptedTensor(name, shape) { StartsAtZero = true });
        Model = grown;
        if (!changes.ContainsKey(BiasOf(module)))
            throw new KalmException(
                $"{configPath}: lora_bias: found true for {module.Name}, "
                + $"which has no bias in {Model.Architecture.ModelType}; expected false");

        bool IsIn(string part) => module.Weight.Contains(part, StringComparison.Ordinal);
    }

    private StoredTensor Required(StoredTensor? entry, string name, long[] shape) =>
        entry is null ? throw Missing(name, shape) : Fit(entry, shape);

    private StoredTensor Fit(StoredTensor entry, long[] shape) => entry.Shape.SequenceEqual(shape) ? entry : throw Unfit(entry, shape);

    private KalmException Unfit(StoredTensor entry, long[] shape) => Fault(
        entry.Name, $"found the shape {TensorEntry.Describe(entry.Shape)}; expected {TensorEntry.Describe(shape)} for this base model");

    private KalmException Missing(string name, long[] shape) => Fault(
        AdapterConfig.Prefix + name,
        $"missing; {AdapterConfig.FileName} and the base model ask for it with the shape {TensorEntry.Describe(shape)}");

    private KalmException Fault(string name, string fault) => SafetensorsLayout.Fault(weights.Path, name, fault);

    private string Described()
    {
        var linear = modules.Where(module => module.IsLinear).ToList();
        var ends = linear.Select(module => module.Name[(module.Name.LastIndexOf('.') + 1)..]).Distinct();
        return string.Join(", ", ends) + $" in {linear.Count} linear modules";
    }
}
