using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Engine;

/// <summary>Reads single numbers out of tensors. TorchSharp's own conversions pass through a <see cref="Scalar"/> that nothing keeps alive,
/// so the finalizer may free it before it is read; this looks at the tensor's memory instead.</summary>
public static class TensorReading
{
    /// <summary>The only element of a tensor; a truth value reads as 0 or 1.</summary>
    public static double ReadNumber(this Tensor tensor)
    {
        using var scope = NewDisposeScope();
        using var number = tensor.detach().to(ScalarType.Float64).cpu().reshape(1);
        return number.data<double>()[0];
    }
}
