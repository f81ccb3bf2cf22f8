using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using static TorchSharp.torch;

namespace Kalm.Engine;

/// <summary>What the native tensor library does on this machine: tried with products whose results are known, not
/// read off a version.</summary>
/// <param name="Library">The path of libtorch; null where the system finds it by itself.</param>
/// <param name="Version">The version of libtorch that TorchSharp's library was built with.</param>
/// <param name="Bf16Gain">How many times as fast as in F32 a product is whose numbers are held as BF16; 0 on processors without
/// instructions for it, where it is not tried.</param>
/// <param name="RoundsTraining">Whether a training step may round the factors of its products to BF16.</param>
/// <param name="CudaDevices">The GPUs on which a product came out right.</param>
/// <param name="CudaFault">Why there are none, with what to do.</param>
/// <param name="Gpus">For each GPU its memory; null where CUDA's runtime does not tell.</param>
public sealed record EngineCheck(
    string? Library, string Version, double Bf16Gain, bool RoundsTraining, int CudaDevices, string? CudaFault,
    IReadOnlyList<GpuMemory?> Gpus)
{
    private const int Size = 48;

    /// <summary>Whether models whose weights are BF16 are multiplied as such on the CPU.</summary>
    public bool GainsFromBf16 => MatrixProducts.IsGain(Bf16Gain);

    /// <summary>The vector instructions of this processor that kernels use, by their usual names.</summary>
    public static IReadOnlyList<string> Instructions { get; } =
    [
        .. new[]
        {
            ("AVX2", Avx2.IsSupported), ("FMA", Fma.IsSupported), ("AVX-512F", Avx512F.IsSupported),
            ("AVX512-BF16", MatrixProducts.HasShortVectors), ("AMX-BF16", MatrixProducts.HasMatrixUnits), ("NEON", AdvSimd.IsSupported),
        }.Where(set => set.Item2).Select(set => set.Item1),
    ];

    /// <summary>Loads the library and tries it; takes a second or two.</summary>
    /// <exception cref="KalmException">It is missing, cannot be loaded, or its products are wrong.</exception>
    public static EngineCheck Run()
    {
        NativeEngine.Initialize();
        foreach (var type in new[] { ScalarType.Float32, ScalarType.BFloat16 })
            if (Fault(CPU, type) is { } fault)
                throw new KalmException(fault);
        var (devices, cudaFault) = Cuda();
        return new EngineCheck(
            NativeEngine.CorePath, NativeEngine.LibtorchVersion, MatrixProducts.Bf16Gain, MatrixProducts.CanRound, devices, cudaFault,
            [.. Enumerable.Range(0, cuda.is_available() ? cuda.device_count() : 0).Select(GpuMemory.Of)]);
    }

    private static (int Devices, string? Fault) Cuda()
    {
        if (!cuda.is_available())
            return (0, File.Exists("/dev/nvidiactl")
                ? "found the driver of an NVIDIA GPU, which this kalm does not use; build it with -p:TorchBackend=cuda"
                : "no NVIDIA driver found; what kalm does runs on the CPU");
        var right = 0;
        string? fault = null;
        for (var index = 0; index < cuda.device_count(); index++)
            if (Fault(device($"cuda:{index}"), ScalarType.Float32) is { } found)
                fault = found;
            else
                right++;
        return (right, fault);
    }

    // Whole numbers whose sums both types hold exactly, so that whatever the order they are added in there is one right result.
    private static string? Fault(Device place, ScalarType type)
    {
        try
        {
            using var scope = NewDisposeScope();
            using var noGradient = no_grad();
            var (left, right) = (Numbers(3), Numbers(5));
            var product = tensor(left, Size, Size).to(type).to(place).mm(tensor(right, Size, Size).to(type).to(place));
            var found = product.to(ScalarType.Float32).cpu().data<float>();
            for (var row = 0; row < Size; row++)
                for (var column = 0; column < Size; column++)
                {
                    var expected = Enumerable.Range(0, Size).Sum(inner => left[(row * Size) + inner] * right[(inner * Size) + column]);
                    if (found[(row * Size) + column] != expected)
                        return $"{place}: a product in {type} is wrong: found {found[(row * Size) + column]}; expected {expected}";
                }
            return null;
        }
        catch (Exception error) when (error is System.Runtime.InteropServices.ExternalException)
        {
            return $"{place}: a product in {type} fails: {error.Message.Split('\n')[0]}";
        }
    }

    private static float[] Numbers(int step) => [.. Enumerable.Range(0, Size * Size).Select(at => (float)(at * step % 5 - 2))];
}
