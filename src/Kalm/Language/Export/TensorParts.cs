using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Kalm.Language.Export;

/// <summary>A tensor's numbers in parts of bounded size: a span must stay below 2 GiB.</summary>
internal static class TensorParts
{
    /// <summary>Numbers in a part; a multiple of every block size.</summary>
    private const int Part = 1 << 22;

    /// <summary>Calls <paramref name="take"/> with the numbers of a tensor in their order.</summary>
    /// <param name="tensor">F32, on the CPU.</param>
    /// <param name="take">Given the parts one after the other; the span is valid only then.</param>
    public static void ForEach(Tensor tensor, Action<ReadOnlySpan<float>> take)
    {
        using var scope = NewDisposeScope();
        var flat = tensor.contiguous().flatten();
        for (long at = 0; at < flat.numel(); at += Part)
        {
            using var part = flat.narrow(0, at, Math.Min(Part, flat.numel() - at));
            take(MemoryMarshal.Cast<byte, float>(part.bytes));
        }
    }
}
