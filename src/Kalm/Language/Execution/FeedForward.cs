using Kalm.Language.Execution.Kernels;
using Kalm.Language.Sources.Config;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Kalm.Language.Execution;

/// <summary>The feed-forward part of a layer: down(f(gate x) * up x), or down(f(up x)) where there is no gate.</summary>
internal sealed class FeedForward : IDisposable
{
    private readonly Activation activation;
    private readonly IDecoderKernels kernels;
    private readonly bool isOneMatrix;
    private readonly long width;
    private readonly ProjectionGroup inner;
    private readonly ProjectionGroup down;

    /// <param name="config">The architecture.</param>
    /// <param name="kernels">What computes the gate; not owned.</param>
    /// <param name="projection">Gives a projection of the layer by its module's name.</param>
    public FeedForward(ModelConfig config, IDecoderKernels kernels, Func<string, Projection> projection)
    {
        (activation, width, this.kernels) = (config.Activation, config.IntermediateSize, kernels);
        isOneMatrix = config.Architecture.FusesGate;
        inner = isOneMatrix ? new ProjectionGroup(projection("mlp.gate_up_proj"))
            : config.Architecture.HasGate ? new ProjectionGroup(projection("mlp.gate_proj"), projection("mlp.up_proj"))
            : new ProjectionGroup(projection("mlp.up_proj"));
        down = new ProjectionGroup(projection("mlp.down_proj"));
    }

    /// <param name="input">[tokens, hidden].</param>
    /// <param name="pass">The pass.</param>
    /// <returns>[tokens, hidden]; the caller owns it.</returns>
    public Tensor Apply(Tensor input, DecoderPass pass)
    {
        using var scope = NewDisposeScope();
        var wide = inner.Apply(input, pass);
        if (isOneMatrix)
            wide = [wide[0].narrow(1, 0, width).contiguous(), wide[0].narrow(1, width, width).contiguous()];
        var active = wide is not [var gate, var up] ? Activate(wide[0])
            : activation == Activation.Silu ? kernels.SwiGlu(gate, up) : Activate(gate) * up;
        return down.Apply(active, pass)[0].MoveToOuterDisposeScope();
    }

    private Tensor Activate(Tensor values) => activation switch
    {
        Activation.Silu => functional.silu(values),
        Activation.Gelu => functional.gelu(values),
        Activation.GeluTanh => functional.gelu(values, TorchSharp.Modules.GELU.Approximate.tanh),
        Activation.Relu => functional.relu(values),
        _ => Squared(functional.relu(values)),
    };

    private static Tensor Squared(Tensor values) => values * values;

    public void Dispose()
    {
        inner.Dispose();
        down.Dispose();
    }
}
