using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Kalm.Engine;

/// <summary>How the engine multiplies F32 matrices on a CPU: as they are, or with their numbers rounded to BF16 and the products added up
/// in F32, which processors with units for it (AMX-BF16) do several times faster.</summary>
/// <remarks>TorchSharp has no <c>torch.backends.mkldnn.matmul.fp32_precision</c>, so libtorch's own function behind it is called. The
/// setting is the whole process's: it is made around the products of a training step and taken back after them.</remarks>
internal static unsafe class MatrixProducts
{
    // at::Float32Backend::MKLDNN, at::Float32Op::MATMUL, at::Float32Precision::{IEEE, BF16}.
    private const int Backend = 2;
    private const int Operation = 3;
    private const int Exact = 1;
    private const int Rounded = 3;
    private const int Rounds = 25;
    private static readonly Lazy<Setter?> Setting = new(Find);

    private static readonly Lazy<double> Gain = new(MeasureGain);

    /// <summary>Whether this processor multiplies matrices held as BF16 clearly faster than F32 ones (AMX-BF16, AVX512-BF16): tried once,
    /// on a matrix of the size that small models have.</summary>
    public static bool GainsFromBf16 => IsGain(Bf16Gain);

    /// <summary>How many times as fast it multiplies them; 0 without instructions for it, where nothing is tried.</summary>
    public static double Bf16Gain => Gain.Value;

    /// <summary>Whether a gain is worth other last bits.</summary>
    public static bool IsGain(double gain) => gain > 1.2;

    /// <summary>Whether this process may round at all; set to false where other work beside a training must stay exact.</summary>
    public static bool IsAllowed { get; set; } = true;

    /// <summary>Whether rounding is allowed and pays on this machine. <see cref="NativeEngine.Initialize"/> must have run.</summary>
    public static bool CanRound => IsAllowed && Setting.Value is not null;

    /// <summary>Rounds until the result is disposed.</summary>
    /// <param name="wanted">Whether to; nothing happens without, nor where rounding does not pay.</param>
    public static Rounding Round(bool wanted) => new(wanted && CanRound ? Setting.Value : null);

    private static Setter? Find() => HasMatrixUnits && NativeEngine.CoreHandle != 0
        && NativeLibrary.TryGetExport(NativeEngine.CoreHandle, "_ZN2at13globalContextEv", out var context)
        && NativeLibrary.TryGetExport(
            NativeEngine.CoreHandle,
            "_ZN2at7Context19setFloat32PrecisionENS_14Float32BackendENS_9Float32OpENS_16Float32PrecisionE", out var set)
        ? new Setter(context, set) : null;

    /// <summary>Whether the processor has units that multiply BF16 matrices (CPUID leaf 7: AMX-BF16 and AMX-TILE).</summary>
    public static bool HasMatrixUnits => X86Base.IsSupported && (X86Base.CpuId(7, 0).Edx & 0b101 << 22) == 0b101 << 22;

    /// <summary>Whether the processor has vector instructions for BF16 (CPUID leaf 7.1: AVX512-BF16).</summary>
    public static bool HasShortVectors => X86Base.IsSupported && (X86Base.CpuId(7, 1).Eax & 1 << 5) != 0;

    private static double MeasureGain()
    {
        // Without the instructions it is a matter of converting each number, which nobody has to wait for.
        if (!HasMatrixUnits && !HasShortVectors)
            return 0;
        NativeEngine.Initialize();
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var (input, weight) = (ones(512, 576), ones(1536, 576));
        var (shortInput, shortWeight) = (input.bfloat16(), weight.bfloat16());
        var (best, shortBest) = (double.MaxValue, double.MaxValue);
        // In turns, and the least of many: the first compiles code, and others may be using the machine.
        for (var round = 0; round < Rounds; round++)
        {
            best = Math.Min(best, Seconds(input, weight));
            shortBest = Math.Min(shortBest, Seconds(shortInput, shortWeight));
        }
        return best / shortBest;
    }

    private static double Seconds(Tensor input, Tensor weight)
    {
        var start = Stopwatch.GetTimestamp();
        functional.linear(input, weight).Dispose();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>libtorch's global context and the function that sets a precision in it.</summary>
    internal sealed class Setter(nint context, nint set)
    {
        private readonly nint context = ((delegate* unmanaged<nint>)context)();

        public void Set(bool rounded) =>
            ((delegate* unmanaged<nint, int, int, int, void>)set)(context, Backend, Operation, rounded ? Rounded : Exact);
    }

    /// <summary>The time for which products are rounded.</summary>
    internal readonly struct Rounding : IDisposable
    {
        private readonly Setter? setter;

        public Rounding(Setter? setter)
        {
            this.setter = setter;
            setter?.Set(rounded: true);
        }

        public void Dispose() => setter?.Set(rounded: false);
    }
}
