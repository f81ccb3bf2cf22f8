using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Kalm.Language.Execution.Kernels;

/// <summary>What the hand-written operations share: a tensor's numbers in place, and vectors of sixteen of them.</summary>
/// <remarks>Torch's norm, gate, rotation and attention are a dozen passes over memory each, which at a width of a few hundred cost as much
/// as the matrix products; <c>bench kernels</c> measures what these save.</remarks>
internal static class Numbers
{
    /// <summary>The numbers of a vector.</summary>
    public const int Lanes = 16;

    /// <summary>The least multiple of <see cref="Lanes"/> that holds a count.</summary>
    public static int Padded(int count) => (count + Lanes - 1) / Lanes * Lanes;

    /// <summary>The numbers of a contiguous F32 tensor on the CPU, in place.</summary>
    public static Span<float> Of(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);

    /// <summary>The largest of sixteen numbers.</summary>
    public static float Largest(Vector512<float> numbers)
    {
        var eight = Vector256.Max(numbers.GetLower(), numbers.GetUpper());
        var four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        return MathF.Max(MathF.Max(four[0], four[1]), MathF.Max(four[2], four[3]));
    }

    /// <summary>1 / (1 + e^-x).</summary>
    public static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));

    /// <summary>e^x, to the last or last but one bit; 0 below -87 and finite above 88.</summary>
    /// <remarks>x = n ln 2 + r, and e^r as a polynomial of degree 6 over |r| &lt;= ln(2) / 2.</remarks>
    public static Vector512<float> Exp(Vector512<float> x)
    {
        var isTiny = Vector512.LessThan(x, Vector512.Create(-87f));
        x = Vector512.Min(Vector512.Max(x, Vector512.Create(-87f)), Vector512.Create(88f));
        // Adding 1.5 x 2^23 rounds to a whole number, which then stands in the low bits.
        var shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(1.44269504f), Vector512.Create(12582912f));
        var whole = shifted - Vector512.Create(12582912f);
        var rest = Vector512.FusedMultiplyAdd(whole, Vector512.Create(-0.693359375f), x);
        rest = Vector512.FusedMultiplyAdd(whole, Vector512.Create(2.12194440e-4f), rest);
        var sum = Vector512.FusedMultiplyAdd(Vector512.Create(1f / 720), rest, Vector512.Create(1f / 120));
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512.Create(1f / 24));
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512.Create(1f / 6));
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512.Create(1f / 2));
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512<float>.One);
        sum = Vector512.FusedMultiplyAdd(sum, rest, Vector512<float>.One);
        var power = Vector512.ShiftLeft(shifted.AsInt32() + Vector512.Create(127 - 0x4B400000), 23).AsSingle();
        return Vector512.ConditionalSelect(isTiny, Vector512<float>.Zero, sum * power);
    }
}
