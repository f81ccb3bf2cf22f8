using static TorchSharp.torch;

namespace Kalm.Language.Execution.Kernels;

/// <summary>Lets the tensors of a custom function's way back die once the engine has them. Their handles belong to the scope of the whole
/// way back and would hold every layer's states and gradients until it ends.</summary>
internal static class WayBack
{
    [ThreadStatic]
    private static List<Tensor>? handedOver;

    /// <summary>Ends a function's way back.</summary>
    /// <param name="read">What arrived and what was saved; not used any more, disposed.</param>
    /// <param name="gradients">What goes on; the engine keeps it, and its handles are disposed when the next function ends its way
    /// back.</param>
    /// <returns>The gradients.</returns>
    public static List<Tensor> End(IEnumerable<Tensor> read, List<Tensor> gradients)
    {
        foreach (var tensor in read)
            tensor.Dispose();
        foreach (var tensor in handedOver ?? [])
            tensor?.Dispose();
        return handedOver = gradients;
    }
}
