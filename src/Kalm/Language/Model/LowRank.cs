using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Model;

/// <summary>Low-rank adapters (LoRA, arXiv 2106.09685) in PEFT's names and shapes.</summary>
public static class LowRank
{
    private const string WeightEnd = ".weight";

    /// <summary>The matrices of an adapter that is learned: PEFT's names and shapes, for the linear modules of the layers that it targets.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Shapes(ModelConfig config, AdapterConfig adapter)
    {
        foreach (var (name, shape) in config.TensorShapes())
        {
            if (shape.Length != 2 || !name.StartsWith(TensorNames.LayerPrefix, StringComparison.Ordinal))
                continue;
            var module = config.CheckpointName(name[..^WeightEnd.Length]);
            if (!adapter.Targets(module))
                continue;
            yield return (AdapterConfig.LoraName(module, 'A'), [adapter.RankOf(module), shape[1]]);
            yield return (AdapterConfig.LoraName(module, 'B'), [shape[0], adapter.RankOf(module)]);
        }
    }

    /// <summary>Fresh matrices: A uniform within 1 / sqrt(in) (Kaiming with a = sqrt 5), B zero, so that training starts at the base model.</summary>
    /// <returns>The matrices by name; the caller owns them.</returns>
    public static Dictionary<string, Tensor> Initialise(ModelConfig config, AdapterConfig adapter, long seed)
    {
        using var randomness = new Generator(unchecked((ulong)seed));
        var matrices = new Dictionary<string, Tensor>();
        foreach (var (name, shape) in Shapes(config, adapter))
        {
            using var scope = NewDisposeScope();
            var bound = 1 / Math.Sqrt(shape[1]);
            using var width = (2 * bound).ToScalar();
            using var middle = bound.ToScalar();
            var matrix = name.Contains("lora_A", StringComparison.Ordinal)
                ? rand(shape, generator: randomness).mul(width).sub(middle)
                : zeros(shape);
            matrices.Add(name, matrix.DetachFromDisposeScope());
        }
        return matrices;
    }

    /// <summary>Applies an adapter to every weight that it changes, in place, in F32.</summary>
    /// <param name="model">The base model, changed.</param>
    /// <param name="folder">A PEFT folder.</param>
    /// <exception cref="KalmException">The adapter is not sound, not supported, or does not fit the base.</exception>
    public static void Merge(CausalModel model, string folder)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var adapter = AdapterFolder.Open(folder, model.Config);
        foreach (var name in adapter.Modules.Keys.Union(adapter.Replacements.Keys))
            Apply(adapter, name, model.Weights[name]);
    }

    /// <summary>Applies an adapter to one weight, in place: W += scale B A, or W = the adapter's own.</summary>
    /// <param name="adapter">The adapter.</param>
    /// <param name="name">The weight's name in the base.</param>
    /// <param name="weight">Its values, F32.</param>
    public static void Apply(AdapterFolder adapter, string name, Tensor weight)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        ArgumentNullException.ThrowIfNull(weight);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        if (adapter.Replacements.TryGetValue(name, out var replacement))
            weight.copy_(CausalModel.ReadTensor(adapter.Weights, replacement.Name, weight.device));
        if (!adapter.Modules.TryGetValue(name, out var module))
            return;
        using var scale = module.Scale.ToScalar();
        var down = CausalModel.ReadTensor(adapter.Weights, module.Down.Name, weight.device);
        var up = CausalModel.ReadTensor(adapter.Weights, module.Up.Name, weight.device);
        weight.add_(up.mm(down), scale);
    }
}
