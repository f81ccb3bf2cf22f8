using Kalm.Language.Execution.Kernels;
using Kalm.Language.Model;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>Finds the weights of a decoder, learned ones first.</summary>
/// <param name="Config">The architecture.</param>
/// <param name="Frozen">The weights that are not learned, by canonical name.</param>
/// <param name="Learned">The learned parameters: weights by canonical name, low-rank matrices by PEFT's.</param>
/// <param name="Lora">The low-rank options.</param>
/// <param name="Kernels">What computes all but products; not owned.</param>
/// <param name="Team">Shares products with a few rows; null where the library does all.</param>
/// <param name="IsShort">Whether F32 matrices are multiplied in BF16.</param>
internal sealed record DecoderWeights(
    ModelConfig Config, IReadOnlyDictionary<string, Tensor> Frozen, ParameterReplica? Learned, AdapterConfig? Lora,
    IDecoderKernels Kernels, CoreTeam? Team, bool IsShort)
{
    /// <summary>A weight that must be there.</summary>
    public Tensor Find(string name) => Learned?.Find(name) ?? Frozen[name];

    /// <summary>A matrix in whatever form it is held.</summary>
    public HeldMatrix Matrix(string name) => new(Find(name), Frozen.GetValueOrDefault(TensorNames.ScalesOf(name)), Team, IsShort);

    /// <summary>The norm before the output layer.</summary>
    public Norm FinalNorm() =>
        new(Config, Find(TensorNames.FinalNorm), Config.Architecture.HasNormBias ? Find(TensorNames.FinalNormBias) : null, Kernels);

    /// <summary>The weights of one layer.</summary>
    public LayerWeights Layer(int layer) => new(this, layer);
}

/// <summary>Finds the weights of one layer.</summary>
/// <param name="weights">The weights.</param>
/// <param name="layer">The layer.</param>
internal sealed class LayerWeights(DecoderWeights weights, int layer)
{
    /// <summary>A norm by its module's name; null where the model has none of it.</summary>
    public Norm? Norm(string module) => !weights.Config.HasModule(module) ? null : new Norm(
        weights.Config, weights.Find(TensorNames.OfLayer(layer, module)),
        weights.Config.HasBias(module) ? weights.Find(TensorNames.BiasOfLayer(layer, module)) : null, weights.Kernels);

    /// <summary>A projection by its module's name. The caller owns it, not its weights.</summary>
    public Projection Project(string module)
    {
        var weight = TensorNames.OfLayer(layer, module);
        var adapted = weights.Config.CheckpointName(TensorNames.Module(layer, module));
        var down = weights.Learned?.Find(AdapterConfig.LoraName(adapted, 'A'));
        var isKept = down is null && weights.Frozen.ContainsKey(TensorNames.AddedTo(weight, 'A'));
        return new Projection(
            weights.Matrix(weight),
            weights.Config.HasBias(module) ? weights.Find(TensorNames.BiasOfLayer(layer, module)) : null,
            down, weights.Learned?.Find(AdapterConfig.LoraName(adapted, 'B')), weights.Lora?.ScaleOf(adapted) ?? 0,
            weights.Lora?.Dropout ?? 0, isKept ? new KeptLowRank(
                weights.Frozen[TensorNames.AddedTo(weight, 'A')], weights.Frozen[TensorNames.AddedTo(weight, 'B')], weights.Team) : null);
    }
}
