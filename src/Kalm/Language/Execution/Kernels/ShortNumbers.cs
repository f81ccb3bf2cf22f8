using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Kalm.Language.Execution.Kernels;

/// <summary>Numbers in BF16, the upper halves of single precision.</summary>
internal static class ShortNumbers
{
    /// <summary>The sum of some tensors, each number of which is added in single precision.</summary>
    /// <param name="parts">At least one, BF16, contiguous, all of one shape.</param>
    /// <returns>The same shape, F32; the caller owns it.</returns>
    public static Tensor Sum(ReadOnlySpan<Tensor> parts)
    {
        var sum = empty(parts[0].shape, ScalarType.Float32);
        var numbers = Numbers.Of(sum);
        for (var part = 0; part < parts.Length; part += 2)
            Add(Of(parts[part]), part + 1 < parts.Length ? Of(parts[part + 1]) : default, numbers, isFirst: part == 0);
        return sum;
    }

    /// <summary>Rounds to the nearest, to even where two are equally near.</summary>
    /// <param name="numbers">Finite numbers.</param>
    /// <param name="rounded">As many.</param>
    public static void Round(ReadOnlySpan<float> numbers, Span<ushort> rounded)
    {
        ref var from = ref MemoryMarshal.GetReference(numbers);
        ref var to = ref MemoryMarshal.GetReference(rounded);
        var at = 0;
        for (; at <= numbers.Length - (2 * Numbers.Lanes); at += 2 * Numbers.Lanes)
            Vector512.Narrow(
                Upper(Vector512.LoadUnsafe(ref from, (nuint)at)), Upper(Vector512.LoadUnsafe(ref from, (nuint)(at + Numbers.Lanes))))
                .StoreUnsafe(ref to, (nuint)at);
        for (; at < numbers.Length; at++)
            rounded[at] = (ushort)Upper(Vector512.CreateScalar(numbers[at]))[0];
    }

    private static Vector512<uint> Upper(Vector512<float> numbers)
    {
        var bits = numbers.AsUInt32();
        return Vector512.ShiftRightLogical(
            bits + Vector512.Create(0x7FFFu) + (Vector512.ShiftRightLogical(bits, 16) & Vector512<uint>.One), 16);
    }

    private static ReadOnlySpan<ushort> Of(Tensor tensor) => MemoryMarshal.Cast<byte, ushort>(tensor.bytes);

    private static void Add(ReadOnlySpan<ushort> one, ReadOnlySpan<ushort> other, Span<float> sum, bool isFirst)
    {
        ref var one0 = ref MemoryMarshal.GetReference(one);
        ref var other0 = ref MemoryMarshal.GetReference(other);
        ref var sum0 = ref MemoryMarshal.GetReference(sum);
        var at = 0;
        for (; at <= sum.Length - Numbers.Lanes; at += Numbers.Lanes)
        {
            var added = Wide(ref one0, at);
            if (other.Length > 0)
                added += Wide(ref other0, at);
            (isFirst ? added : added + Vector512.LoadUnsafe(ref sum0, (nuint)at)).StoreUnsafe(ref sum0, (nuint)at);
        }
        for (; at < sum.Length; at++)
            sum[at] = (isFirst ? 0 : sum[at]) + Wide(one[at]) + (other.Length > 0 ? Wide(other[at]) : 0);
    }

    private static Vector512<float> Wide(ref ushort numbers, int at)
    {
        var (lower, upper) = Vector256.Widen(Vector256.LoadUnsafe(ref numbers, (nuint)at));
        return Vector512.ShiftLeft(Vector512.Create(lower, upper), 16).AsSingle();
    }

    private static float Wide(ushort number) => BitConverter.UInt32BitsToSingle((uint)number << 16);
}
