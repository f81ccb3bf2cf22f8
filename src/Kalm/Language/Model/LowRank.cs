using Kalm.Engine;
using Kalm.Language.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Model;

/// <summary>Low-rank adapters (LoRA, arXiv 2106.09685) in PEFT's names and shapes.</summary>
public static class LowRank
{
    private static readonly string[] Modules =
        ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"];

    /// <summary>The matrices of an adapter: PEFT's names and shapes.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Shapes(ModelConfig config, AdapterConfig adapter)
    {
        var shapes = config.TensorShapes().ToDictionary(tensor => tensor.Name, tensor => tensor.Shape);
        for (var layer = 0; layer < config.LayerCount; layer++)
            foreach (var module in Modules.Where(adapter.Targets))
            {
                var shape = shapes[TensorNames.OfLayer(layer, module)];
                yield return (AdapterConfig.LoraName(layer, module, 'A'), [adapter.Rank, shape[1]]);
                yield return (AdapterConfig.LoraName(layer, module, 'B'), [shape[0], adapter.Rank]);
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

    /// <summary>Adds scale * B A to every adapted weight of the model, in place, in F32.</summary>
    /// <param name="model">The base model, changed.</param>
    /// <param name="folder">A PEFT folder.</param>
    /// <exception cref="KalmException">A matrix is missing or has another shape than the base asks for, or every B is zero.</exception>
    public static void Merge(CausalModel model, string folder)
    {
        var adapter = AdapterConfig.Load(folder);
        using var file = SafetensorsFile.Open(Path.Combine(folder, AdapterConfig.WeightsName));
        var shapes = Shapes(model.Config, adapter).ToList();
        foreach (var (name, shape) in shapes)
            if (!file.Find(name).Shape.SequenceEqual(shape))
                throw new KalmException(
                    $"{file.Path}: tensor {name} has shape {TensorEntry.Describe(file.Find(name).Shape)}; expected {TensorEntry.Describe(shape)} for this base model");
        if (file.Tensors.Keys.Except(shapes.Select(tensor => tensor.Name)).FirstOrDefault() is { } stranger)
            throw new KalmException($"{file.Path}: tensor {stranger} adapts nothing in this base model; expected {shapes.Count} matrices on {string.Join(", ", adapter.TargetModules)}");
        using var noGradient = no_grad();
        using var scale = adapter.Scale.ToScalar();
        var changed = false;
        for (var layer = 0; layer < model.Config.LayerCount; layer++)
            foreach (var module in Modules.Where(adapter.Targets))
            {
                using var scope = NewDisposeScope();
                using var down = CausalModel.ReadTensor(file, AdapterConfig.LoraName(layer, module, 'A'), model.Device);
                using var up = CausalModel.ReadTensor(file, AdapterConfig.LoraName(layer, module, 'B'), model.Device);
                changed |= up.count_nonzero().ReadNumber() > 0;
                model.Weights[TensorNames.OfLayer(layer, module)].add_(up.mm(down), scale);
            }
        if (!changed)
            throw new KalmException($"{file.Path}: every lora_B is zero, so the adapter changes nothing; expected a trained adapter");
    }
}
