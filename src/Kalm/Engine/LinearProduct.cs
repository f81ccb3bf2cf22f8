using System.Diagnostics;
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
    private const int Rounds = 25;
    // A kernel of one place has no distances to widen, but the library takes oneDNN for one of a single thread only where they are wide.
    private static readonly long[] Dilation = [2, 2];
    private static readonly Lazy<double> Gain = new(MeasureGain);

    /// <summary>Whether the convolution is clearly faster on this processor: tried once where it can be.</summary>
    public static bool GainsFromConvolution => Gain.Value > 1.2;

    /// <param name="input">x, [rows, in].</param>
    /// <param name="weight">W, [out, in], of the same type.</param>
    /// <param name="bias">b, [out], or null.</param>
    /// <returns>[rows, out]; the caller owns it.</returns>
    public static Tensor Apply(Tensor input, Tensor weight, Tensor? bias = null) =>
        Suits(input, weight) && GainsFromConvolution ? Convolved(input, weight, bias) : functional.linear(input, weight, bias);

    private static bool Suits(Tensor input, Tensor weight)
    {
        if (input.dtype != ScalarType.Float32 || weight.dtype != ScalarType.Float32 || input.device_type != TorchSharp.DeviceType.CPU)
            return false;
        var (shape, outputs) = (input.shape, weight.shape[0]);
        return shape.Length == 2 && shape[0] >= LeastRows && shape[0] * shape[1] > LargestLeftOut
            && 2 * shape[0] * shape[1] * outputs >= LeastOperations;
    }

    /// <summary>The same as a convolution, whatever the processor.</summary>
    public static Tensor Convolved(Tensor input, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        var (rows, width, outputs) = (input.shape[0], input.shape[1], weight.shape[0]);
        // An image of as many places as there are rows, whose channels lie beside each other.
        var image = input.contiguous().view(1, rows, 1, width).permute(0, 3, 1, 2);
        return functional.conv2d(image, weight.reshape(outputs, width, 1, 1), bias, dilation: Dilation)
            .permute(0, 2, 3, 1).reshape(rows, outputs).MoveToOuterDisposeScope();
    }

    private static double MeasureGain()
    {
        // Elsewhere both take the same instructions, and units for BF16 do better still.
        if (!Avx512F.IsSupported || !IsOfAmd() || MatrixProducts.HasMatrixUnits)
            return 0;
        NativeEngine.Initialize();
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var (input, weight) = (ones(512, 576), ones(1536, 576));
        var (product, convolution) = (double.MaxValue, double.MaxValue);
        // In turns, and the least of many: the first compiles code, and others may be using the machine.
        for (var round = 0; round < Rounds; round++)
        {
            product = Math.Min(product, Seconds(() => functional.linear(input, weight)));
            convolution = Math.Min(convolution, Seconds(() => Convolved(input, weight, null)));
        }
        return product / convolution;
    }

    private static double Seconds(Func<Tensor> multiply)
    {
        var start = Stopwatch.GetTimestamp();
        multiply().Dispose();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>CPUID leaf 0: "AuthenticAMD".</summary>
    private static bool IsOfAmd()
    {
        var (_, first, third, second) = X86Base.CpuId(0, 0);
        return (first, second, third) == (0x68747541, 0x69746E65, 0x444D4163);
    }
}
