using System.Runtime.Intrinsics.X86;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Kalm.Engine;

/// <summary>y = x W^T + b of F32 numbers, by the faster of the library's two ways on a CPU: as a matrix product, or as a convolution with a
/// kernel of one place. They are the same sums by other code: MKL, which does the first, keeps to AVX2 on AMD's processors, oneDNN, which
/// does the second, takes AVX-512 where there is any.</summary>
internal static class LinearProduct
{
    // Below, calling it costs more than is gained.
    private const long LeastRows = 64;
    private const long LeastOperations = 25_000_000;
    // The library takes oneDNN for larger inputs alone.
    private const long LargestLeftOut = 20_480;
    // oneDNN lays the weight out anew at every call, in new memory: a head over a vocabulary costs more to lay out than to multiply.
    private const long LargestWeight = 8_000_000;
    // A kernel of one place has no distances to widen, but the library takes oneDNN for one of a single thread only where they are wide.
    private static readonly long[] Dilation = [2, 2];
    // AMD's family 1Ah (Zen 5) is the first whose units are as wide as AVX-512's registers.
    private const int FirstWideFamily = 0x1A;

    /// <summary>Whether the convolution is faster on this processor. Decided by what it is and not tried, as the BF16 products are: the
    /// gain is small enough for a busy machine to hide it, and a run that goes on must multiply as it began.</summary>
    public static bool GainsFromConvolution { get; } =
        Avx512F.IsSupported && IsOfAmd() && Family() >= FirstWideFamily && !MatrixProducts.HasMatrixUnits;

    /// <param name="input">x, [rows, in].</param>
    /// <param name="weight">W, [out, in], of the same type.</param>
    /// <param name="bias">b, [out], or null.</param>
    /// <returns>[rows, out]; the caller owns it.</returns>
    public static Tensor Apply(Tensor input, Tensor weight, Tensor? bias = null) =>
        GainsFromConvolution && Suits(input, weight) ? Convolved(input, weight, bias) : functional.linear(input, weight, bias);

    private static bool Suits(Tensor input, Tensor weight)
    {
        if (input.dtype != ScalarType.Float32 || weight.dtype != ScalarType.Float32 || input.device_type != TorchSharp.DeviceType.CPU)
            return false;
        var (shape, outputs) = (input.shape, weight.shape[0]);
        return shape.Length == 2 && shape[0] >= LeastRows && shape[0] * shape[1] > LargestLeftOut
            && shape[1] * outputs <= LargestWeight && 2 * shape[0] * shape[1] * outputs >= LeastOperations;
    }

    /// <summary>The same as a convolution, whatever the processor.</summary>
    public static Tensor Convolved(Tensor input, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        var (rows, width, outputs) = (input.shape[0], input.shape[1], weight.shape[0]);
        // An image of one line, a place for each row, whose channels lie beside each other.
        var image = input.contiguous().view(1, 1, rows, width).permute(0, 3, 1, 2);
        return functional.conv2d(image, weight.reshape(outputs, width, 1, 1), bias, dilation: Dilation)
            .permute(0, 2, 3, 1).reshape(rows, outputs).MoveToOuterDisposeScope();
    }

    /// <summary>CPUID leaf 0: "AuthenticAMD".</summary>
    private static bool IsOfAmd()
    {
        var (_, first, third, second) = X86Base.CpuId(0, 0);
        return (first, second, third) == (0x68747541, 0x69746E65, 0x444D4163);
    }

    /// <summary>CPUID leaf 1: the family, with what is added to it where it is 15.</summary>
    private static int Family()
    {
        var version = X86Base.CpuId(1, 0).Eax;
        var family = (version >> 8) & 0xF;
        return family == 0xF ? family + ((version >> 20) & 0xFF) : family;
    }
}
