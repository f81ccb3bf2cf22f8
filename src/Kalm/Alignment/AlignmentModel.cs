using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Export;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Safetensors;
using Kalm.Representation;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Alignment;

/// <summary>A base model with everything that alignment learns: the weights or their low-rank additions, and the temperature, in one
/// flat set, so that all of it is trained, saved and restored together.</summary>
public sealed class AlignmentModel : IDisposable
{
    /// <summary>What the direction of verdicts is called among what is learned.</summary>
    internal const string VerdictName = "verdict";

    private const string TemperatureName = "log_inverse_temperature";
    private static readonly Scalar Lowest = Math.Log(1 / 1.0).ToScalar();
    private static readonly Scalar Highest = Math.Log(1 / 0.01).ToScalar();
    private readonly CausalModel model;
    private readonly IModelSource? source;
    private readonly AdapterConfig? adapter;
    private readonly AlignedBase? adaptedBase;
    private readonly int? vectorLayer;

    /// <summary>Attaches what is learned to a base model.</summary>
    /// <param name="model">The base; not owned, must outlive this object.</param>
    /// <param name="source">Where the base comes from; not owned, must outlive this object; null where nothing is saved.</param>
    /// <param name="options">Method, temperature, low-rank options, seed, threads.</param>
    /// <param name="withVerdict">Whether a direction in which states are read as verdicts is learned too, from zero.</param>
    public AlignmentModel(CausalModel model, IModelSource? source, AlignmentOptions options, bool withVerdict = false)
    {
        (this.model, this.source) = (model, source);
        using var temperature = tensor((float)Math.Log(1 / options.Explicit.InitialTemperature));
        using var verdict = zeros([model.Config.HiddenSize]);
        List<KeyValuePair<string, Tensor>> further = [new(TemperatureName, temperature)];
        if (withVerdict)
            further.Add(new(VerdictName, verdict));
        if (options.Method == AlignmentMethod.Full)
        {
            Learned = new ParameterSet(model.Weights.Concat(further), model.Device);
        }
        else
        {
            adapter = new AdapterConfig
            {
                BaseModel = source?.Reference,
                Rank = options.Lora.Rank,
                Alpha = options.Lora.Alpha,
                Dropout = options.Lora.Dropout,
                RankStabilized = options.Lora.RankStabilized,
                Layers = Upper(model.Config.LayerCount, options.Lora.TrainedLayers),
                TargetModules = model.Config.TargetNames(
                    options.Lora.Targets is [AdapterConfig.AllLinearName] ? AdapterConfig.AllLinear : options.Lora.Targets),
            };
            adaptedBase = source is null ? null : new AlignedBase(source.Reference, BaseFingerprint.Of(source));
            var matrices = LowRank.Initialise(model.Config, adapter, Randomness.Seed(options.Seed, "lora", 0));
            if (matrices.Count == 0)
                throw new KalmException($"lora.targets: no module of this model is named {string.Join(", ", options.Lora.Targets)}; "
                    + $"expected some of {string.Join(", ", model.Config.TargetNames(AdapterConfig.AllLinear))}");
            Learned = new ParameterSet(matrices.Concat(further), model.Device);
            foreach (var matrix in matrices.Values)
                matrix.Dispose();
        }
        Decoder = new DecoderPool(model, Learned, adapter, options.Threads ?? Environment.ProcessorCount,
            options.Optimizer.Dropout, options.Optimizer.ProductPrecision == ProductPrecision.Bf16, options.Explicit.VectorLayer);
        vectorLayer = options.Explicit.VectorLayer;
    }

    private static int[]? Upper(int layers, int? trained) => trained is not { } count || count == layers ? null
        : count < layers ? [.. Enumerable.Range(layers - count, count)]
        : throw new KalmException($"lora.trained_layers: found {count}; expected at most {layers}, the model's layers");

    /// <summary>Everything that is learned.</summary>
    public ParameterSet Learned { get; }

    /// <summary>The workers that run the model.</summary>
    public DecoderPool Decoder { get; }

    /// <summary>log(1 / tau) as a leaf for the contrastive loss. Owned by the decoder pool.</summary>
    public Tensor LogInverseTemperature => Decoder.Learned!.Find(TemperatureName)!;

    /// <summary>The direction of verdicts, [hidden], as a leaf for their loss; null where none is learned. Owned by the decoder
    /// pool.</summary>
    public Tensor? Verdict => Decoder.Learned!.Find(VerdictName);

    /// <summary>Goes on from an adapter of the same shape instead of fresh matrices.</summary>
    public void StartFrom(AdapterFolder other)
    {
        ArgumentNullException.ThrowIfNull(other);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        foreach (var slice in Learned.Slices)
            if (other.Weights.TryFind(slice.Name) is not null)
                Learned[slice.Name].copy_(SourceTensors.Read(other.Weights, slice.Name, model.Device));
    }

    /// <summary>tau.</summary>
    public double Temperature
    {
        get
        {
            using var value = Learned[TemperatureName];
            return Math.Exp(-value.ReadNumber());
        }
    }

    /// <summary>Keeps tau within its range after a step.</summary>
    public void ClampTemperature()
    {
        using var noGradient = no_grad();
        using var value = Learned[TemperatureName];
        value.clamp_(Lowest, Highest);
    }

    /// <summary>Goes back on the straight way to the base until a share of what was learned is left; tau stays.</summary>
    /// <param name="share">1 changes nothing.</param>
    public void KeepShare(double share)
    {
        if (share == 1)
            return;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var factor = share.ToScalar();
        using var rest = (1 - share).ToScalar();
        foreach (var slice in Learned.Slices)
        {
            var values = Learned[slice.Name];
            if (adapter is null && model.Weights.TryGetValue(slice.Name, out var weight))
                values.mul_(factor).PlusInPlace(weight.mul(rest));
            else if (adapter is not null && slice.Name.Contains(".lora_B.", StringComparison.Ordinal))
                values.mul_(factor);
        }
    }

    /// <summary>The name of the result's folder in a run: a Hugging Face folder or a PEFT folder.</summary>
    public string ResultName => adapter is null ? "model" : "adapter";

    /// <summary>Writes what was learned as a Hugging Face folder (full) or a PEFT folder (LoRA), with the settings beside it.</summary>
    /// <param name="folder">An existing folder, usually a staged one.</param>
    /// <param name="wording">The wording of the run.</param>
    public void Save(string folder, WordingOptions wording)
    {
        if (adapter is null)
        {
            HuggingFaceFiles.Write(folder, source ?? throw new InvalidOperationException("a model without a source is not saved"),
                model.Config with { TorchType = TensorType.F32 });
            CausalModel.SaveWeights(folder, model.Config, name => Learned[name]);
        }
        else
        {
            adapter.Save(folder);
            SourceTensors.Write(
                Path.Combine(folder, AdapterConfig.WeightsName), LowRank.Shapes(model.Config, adapter), name => Learned[name]);
        }
        Json.Write(Path.Combine(folder, AlignedSettings.FileName),
            new AlignedSettings(-Math.Log(Temperature), wording, adaptedBase, vectorLayer));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Decoder.Dispose();
        Learned.Dispose();
    }
}
