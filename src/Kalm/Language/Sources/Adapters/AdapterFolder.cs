using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Adapters;

/// <summary>The matrices that adapt one module.</summary>
/// <param name="Weight">The base model's weight that is changed, for example <c>model.layers.0.mlp.gate_proj.weight</c>.</param>
/// <param name="Scale">The factor of B A.</param>
/// <param name="Down">A, [rank, inputs].</param>
/// <param name="Up">B, [outputs, rank].</param>
public sealed record AdaptedModule(string Weight, double Scale, TensorEntry Down, TensorEntry Up);

/// <summary>A PEFT LoRA adapter open for reading, checked against the base model it is for. Nothing but B has been read then.</summary>
public sealed class AdapterFolder : IDisposable
{
    private const int ElementsPerChunk = 1 << 16;

    private AdapterFolder(AdapterConfig config, SafetensorsFile weights) => (Config, Weights) = (config, weights);

    /// <summary>What <c>adapter_config.json</c> says.</summary>
    public AdapterConfig Config { get; }

    /// <summary>The architecture with the adapter merged.</summary>
    public ModelConfig Model { get; private init; } = null!;

    /// <summary>What is odd without being wrong, in sentences for the user.</summary>
    public IReadOnlyList<string> Warnings { get; private init; } = [];

    /// <summary>The adapter's tensors.</summary>
    public SafetensorsFile Weights { get; }

    /// <summary>What is added to weights of the base, by the weight's name.</summary>
    public IReadOnlyDictionary<string, AdaptedModule> Modules { get; private init; } = new Dictionary<string, AdaptedModule>();

    /// <summary>What replaces weights of the base, by the weight's name.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Replacements { get; private init; } = new Dictionary<string, TensorEntry>();

    /// <summary>Opens the adapter in <paramref name="folder"/> for the base <paramref name="model"/>.</summary>
    /// <exception cref="KalmException">A file is missing or not sound, the adapter asks for something that is not supported, does not fit the
    /// base, or changes nothing; the message names the tensor or module.</exception>
    public static AdapterFolder Open(string folder, ModelConfig model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var config = AdapterConfig.Load(folder);
        var path = Path.Combine(folder, AdapterConfig.WeightsName);
        if (!File.Exists(path) && File.Exists(Path.Combine(folder, "adapter_model.bin")))
            throw new KalmException($"{path}: no such file; adapter_model.bin is not read, convert it to safetensors");
        var weights = SafetensorsFile.Open(path);
        try
        {
            var plan = new AdapterPlan(config, weights, model, Path.Combine(folder, AdapterConfig.FileName));
            var opened = new AdapterFolder(config, weights) { Model = model, Modules = plan.Modules(), Replacements = plan.Replacements() };
            plan.RequireNothingElse();
            opened.RequireEffect();
            return opened;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Closes the weights.</summary>
    public void Dispose() => Weights.Dispose();

    private void RequireEffect()
    {
        if (Replacements.Count == 0 && Modules.Values.All(module => IsZero(module.Up)))
            throw new KalmException($"{Weights.Path}: every lora_B is zero, so the adapter changes nothing; expected a trained adapter");
    }

    private bool IsZero(TensorEntry entry)
    {
        var chunk = new float[Math.Min(ElementsPerChunk, entry.ElementCount)];
        for (long at = 0; at < entry.ElementCount; at += chunk.Length)
        {
            var part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, entry.ElementCount - at));
            Weights.ReadSingles(entry, at, part);
            if (part.ContainsAnyExcept(0f))
                return false;
        }
        return true;
    }
}
