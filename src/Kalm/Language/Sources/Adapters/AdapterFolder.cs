using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Pickled;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Adapters;

/// <summary>A PEFT LoRA adapter open for reading, checked against the base model it is for. Nothing but B has been read then.</summary>
public sealed class AdapterFolder : IDisposable
{
    private const string PickledName = "adapter_model.bin";
    private const int ElementsPerChunk = 1 << 16;

    private AdapterFolder(AdapterConfig adapter, ITensorStore weights, AdapterPlan plan)
    {
        (Adapter, Weights, Config, Changes) = (adapter, weights, plan.Model, plan.Changes);
        Warnings = [.. weights.Warnings, .. adapter.Warnings, .. plan.Warnings, .. EffectWarning()];
    }

    /// <summary>What <c>adapter_config.json</c> says.</summary>
    public AdapterConfig Adapter { get; }

    /// <summary>The adapter's tensors.</summary>
    public ITensorStore Weights { get; }

    /// <summary>The architecture of base and adapter together: the adapter may bring a larger vocabulary, an output layer apart from the
    /// embedding, or biases.</summary>
    public ModelConfig Config { get; }

    /// <summary>What becomes of each tensor of <see cref="Config"/> that is not the base model's as it is, by its canonical name.</summary>
    public IReadOnlyDictionary<string, AdaptedTensor> Changes { get; }

    /// <summary>What is odd about the adapter without being wrong, in sentences for the user.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>Opens the adapter in <paramref name="folder"/> for the base <paramref name="model"/>.</summary>
    /// <exception cref="KalmException">A file is missing or not sound, the adapter asks for something that is not supported, or does not
    /// fit the base; the message names the tensor, module or key.</exception>
    public static AdapterFolder Open(string folder, ModelConfig model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var adapter = AdapterConfig.Load(folder);
        var weights = OpenWeights(folder);
        try
        {
            var plan = new AdapterPlan(adapter, weights, model, Path.Combine(folder, AdapterConfig.FileName));
            return new AdapterFolder(adapter, weights, plan);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>The folders directly inside <paramref name="folder"/> that hold an adapter: PEFT writes one of another name than
    /// <c>default</c> into a folder of that name, and trainers keep their checkpoints so.</summary>
    public static IReadOnlyList<string> Inside(string folder) =>
        [.. Directory.EnumerateDirectories(folder).Where(inner => File.Exists(Path.Combine(inner, AdapterConfig.FileName)))
            .Order(StringComparer.Ordinal)];

    /// <summary>Closes the weights.</summary>
    public void Dispose() => Weights.Dispose();

    // Where both are there the safetensors are taken, as PEFT does.
    private static ITensorStore OpenWeights(string folder)
    {
        var (safe, pickled) = (Path.Combine(folder, AdapterConfig.WeightsName), Path.Combine(folder, PickledName));
        return !File.Exists(safe) && File.Exists(pickled) ? PickledFile.Open(pickled) : SafetensorsFile.Open(safe);
    }

    private IEnumerable<string> EffectWarning()
    {
        var products = Changes.Values.Select(change => change.Product).OfType<LowRankProduct>().ToList();
        if (products.Count == Changes.Count
            && products.All(product => product.Magnitude is null && product.Start == LowRankStart.Base && IsZero(product.Up)))
            yield return $"{Weights.Path}: every B is zero, so the adapter changes nothing; was it trained?";
    }

    private bool IsZero(StoredTensor entry)
    {
        var chunk = new float[Math.Min(ElementsPerChunk, entry.ElementCount)];
        for (long at = 0; at < entry.ElementCount; at += chunk.Length)
        {
            var part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, entry.ElementCount - at));
            Weights.ReadSingles(entry.Name, at, part);
            if (part.ContainsAnyExcept(0f))
                return false;
        }
        return true;
    }
}
