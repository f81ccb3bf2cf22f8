using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Kalm.Language.Sources.Gguf;
using static TorchSharp.torch;

namespace Kalm.Language.Execution.Kernels;

/// <summary>y = x W^T with W as it is stored, for a few rows x: what takes the time is to read W, so it is read once, in its few bytes, and
/// turned into single precision in registers. The products are those of the numbers that the form stands for, added up in single
/// precision, in an order that is the same for any number of rows: what comes of a row does not depend on its company.</summary>
internal static unsafe class StoredProduct
{
    /// <summary>The most rows; for more the library's product with a restored matrix is faster.</summary>
    public const int MostRows = 64;

    // A tile is so many rows of W by so many of x: its sums fill the registers.
    private const int TileOutputs = 4;
    private const int TileRows = 2;
    private const int Alignment = 64;
    private const int PortionBytes = 1 << 15;
    private const int Ahead = 2048;

    private delegate void RestoreBlocks(byte* weights, int blocks, float* numbers);

    private delegate void MultiplyRows(byte* weights, int blocks, float* input, int rows, float* output, int width, int from, int to);

    /// <summary>Multiplies.</summary>
    /// <param name="input">x, [rows, in], F32 on the CPU.</param>
    /// <param name="values">W, [out, bytes of a row] or [out, in], contiguous.</param>
    /// <param name="type">W's form.</param>
    /// <param name="team">Shares the rows of W.</param>
    /// <returns>[rows, out]; the caller owns it.</returns>
    public static Tensor Apply(Tensor input, Tensor values, GgufTensorType type, CoreTeam team)
    {
        using var contiguous = input.contiguous();
        var (rows, width, outputs) = ((int)input.shape[0], (int)input.shape[1], (int)values.shape[0]);
        var output = empty([rows, outputs], ScalarType.Float32);
        var rowBytes = type.ByteCount(width);
        var multiply = FormOf(type)!.Multiply;
        float* from = (float*)Address(contiguous), to = (float*)Address(output);
        var weights = (byte*)Address(values);
        var blocks = width / Math.Max(32, type.BlockSize());
        var portion = (int)Math.Max(TileOutputs, PortionBytes / rowBytes / TileOutputs * TileOutputs);
        team.Run(outputs, portion, (first, end) => multiply(weights, blocks, from, rows, to, outputs, first, end));
        return output;
    }

    /// <summary>Multiplies many rows by the library, both sides rounded to BF16.</summary>
    /// <param name="input">x, [rows, in], F32 on the CPU.</param>
    /// <param name="values">W, [out, bytes of a row].</param>
    /// <param name="type">W's form.</param>
    /// <param name="team">Shares the rows of W.</param>
    /// <returns>[rows, out], F32; the caller owns it.</returns>
    public static Tensor ApplyRounded(Tensor input, Tensor values, GgufTensorType type, CoreTeam team)
    {
        using var scope = NewDisposeScope();
        var weight = Restore(values, type, input.shape[1], team, isShort: true);
        return nn.functional.linear(input.to(ScalarType.BFloat16), weight).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>Turns W into numbers that the library multiplies.</summary>
    /// <param name="values">W, [out, bytes of a row].</param>
    /// <param name="type">Its form.</param>
    /// <param name="width">Numbers in a row.</param>
    /// <param name="team">Shares the rows; null for none.</param>
    /// <param name="isShort">Whether they are rounded to BF16, not F32.</param>
    /// <returns>[out, in]; the caller owns it.</returns>
    public static Tensor Restore(Tensor values, GgufTensorType type, long width, CoreTeam? team, bool isShort = false)
    {
        var restored = empty([values.shape[0], width], isShort ? ScalarType.BFloat16 : ScalarType.Float32);
        var (from, rowBytes) = ((nint)Address(values), type.ByteCount(width));
        var to = (nint)Address(restored);
        var restore = width % 32 == 0 ? FormOf(type)?.Restore : null;
        var blocks = (int)(width / Math.Max(32, type.BlockSize()));
        var portion = (int)Math.Max(1, PortionBytes / rowBytes);
        var count = (int)values.shape[0];
        if (team is null)
            for (var first = 0; first < count; first += portion)
                Part(first, Math.Min(first + portion, count));
        else
            team.Run(count, portion, Part);
        return restored;

        void Part(int first, int end)
        {
            if (isShort)
            {
                var numbers = new float[width];
                for (var row = first; row < end; row++)
                    fixed (float* number = numbers)
                    {
                        Single(row, row + 1, number);
                        ShortNumbers.Round(numbers, new Span<ushort>((ushort*)to + (row * width), numbers.Length));
                    }
            }
            else
                Single(first, end, (float*)to + (first * width));
        }

        void Single(int first, int end, float* numbers)
        {
            if (restore is not null)
                restore((byte*)from + (first * rowBytes), (end - first) * blocks, numbers);
            else
                GgufBlocks.Dequantize(
                    type, new ReadOnlySpan<byte>((byte*)from + (first * rowBytes), checked((int)((end - first) * rowBytes))),
                    new Span<float>(numbers, checked((int)((end - first) * width))));
        }
    }

    private static Form? FormOf(GgufTensorType type) => type switch
    {
        GgufTensorType.F32 => Made<SingleForm>(),
        GgufTensorType.BF16 => Made<BrainForm>(),
        GgufTensorType.F16 => Made<HalfForm>(),
        GgufTensorType.Q8 => Made<Q8Form>(),
        GgufTensorType.Q4 => Made<Q4Form>(),
        GgufTensorType.Q4WithMinimum => Made<Q4WithMinimumForm>(),
        GgufTensorType.Q5 => Made<Q5Form>(),
        GgufTensorType.Q5WithMinimum => Made<Q5WithMinimumForm>(),
        GgufTensorType.Q4K => Made<Q4KForm>(),
        GgufTensorType.Q5K => Made<Q5KForm>(),
        GgufTensorType.Q6K => Made<Q6KForm>(),
        _ => null,
    };

    private static Form Made<TForm>() where TForm : struct, IStoredForm => new(Multiply<TForm>, Restore<TForm>);

    private static void* Address(Tensor tensor) => Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply<TForm>(
        byte* weights, int blocks, float* input, int rows, float* output, int outputs, int from, int to) where TForm : struct, IStoredForm
    {
        if (rows == 1)
        {
            for (var row = from; row < to; row++)
                output[row] = Dot<TForm>(weights + ((long)row * blocks * TForm.Bytes), blocks, input);
            return;
        }
        var width = blocks * TForm.Parts * 32;
        var scratch = ArrayPool<float>.Shared.Rent((TileOutputs * width) + (Alignment / sizeof(float)));
        fixed (float* start = scratch)
        {
            var numbers = (float*)(((nuint)start + Alignment - 1) & ~(nuint)(Alignment - 1));
            for (var row = from; row < to; row += TileOutputs)
            {
                var count = Math.Min(TileOutputs, to - row);
                Restore<TForm>(weights + ((long)row * blocks * TForm.Bytes), blocks * count, numbers);
                var place = 0;
                if (count == TileOutputs)
                    for (; place <= rows - TileRows; place += TileRows)
                        DotTile(numbers, input + ((long)place * width), width, output + ((long)place * outputs) + row, outputs);
                for (; place < rows; place++)
                    for (var own = 0; own < count; own++)
                        output[((long)place * outputs) + row + own] =
                            Dot<SingleForm>((byte*)(numbers + ((long)own * width)), width / 32, input + ((long)place * width));
            }
        }
        ArrayPool<float>.Shared.Return(scratch);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot<TForm>(byte* weights, int blocks, float* input) where TForm : struct, IStoredForm
    {
        // Two sums, of every other 16 numbers, as in a tile.
        var (one, two) = (Vector512<float>.Zero, Vector512<float>.Zero);
        var count = blocks * TForm.Parts;
        var at = 0;
        for (; at + 2 <= count; at += 2, input += 64)
        {
            var block = weights + (at / TForm.Parts * TForm.Bytes);
            if (Sse.IsSupported)
            {
                // The processor's own looking ahead stops where a page ends.
                Sse.Prefetch0(block + Ahead);
                if (2 * TForm.Bytes / TForm.Parts > 64)
                    Sse.Prefetch0(block + Ahead + 64);
            }
            TForm.Read(ref *block, at % TForm.Parts, out var first, out var second);
            one = Vector512.FusedMultiplyAdd(first, Vector512.Load(input), one);
            two = Vector512.FusedMultiplyAdd(second, Vector512.Load(input + 16), two);
            TForm.Read(ref *(weights + ((at + 1) / TForm.Parts * TForm.Bytes)), (at + 1) % TForm.Parts, out first, out second);
            one = Vector512.FusedMultiplyAdd(first, Vector512.Load(input + 32), one);
            two = Vector512.FusedMultiplyAdd(second, Vector512.Load(input + 48), two);
        }
        if (at < count)
        {
            TForm.Read(ref *(weights + (at / TForm.Parts * TForm.Bytes)), at % TForm.Parts, out var first, out var second);
            one = Vector512.FusedMultiplyAdd(first, Vector512.Load(input), one);
            two = Vector512.FusedMultiplyAdd(second, Vector512.Load(input + 16), two);
        }
        return Vector512.Sum(one + two);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Restore<TForm>(byte* weights, int blocks, float* numbers) where TForm : struct, IStoredForm
    {
        for (var block = 0; block < blocks; block++, weights += TForm.Bytes)
            for (var part = 0; part < TForm.Parts; part++, numbers += 32)
            {
                TForm.Read(ref *weights, part, out var first, out var second);
                first.Store(numbers);
                second.Store(numbers + 16);
            }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DotTile(float* numbers, float* input, int width, float* output, int outputs)
    {
        var sums = stackalloc Vector512<float>[TileOutputs * TileRows];
        // The even 16 numbers, then the odd ones.
        for (var half = 0; half < 2; half++)
        {
            var (a, b, c, d) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
            var (e, f, g, h) = (Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero, Vector512<float>.Zero);
            for (var at = 16 * half; at < width; at += 32)
            {
                var (first, second) = (Vector512.Load(input + at), Vector512.Load(input + width + at));
                var number = Vector512.Load(numbers + at);
                (a, b) = (Vector512.FusedMultiplyAdd(number, first, a), Vector512.FusedMultiplyAdd(number, second, b));
                number = Vector512.Load(numbers + width + at);
                (c, d) = (Vector512.FusedMultiplyAdd(number, first, c), Vector512.FusedMultiplyAdd(number, second, d));
                number = Vector512.Load(numbers + (2 * width) + at);
                (e, f) = (Vector512.FusedMultiplyAdd(number, first, e), Vector512.FusedMultiplyAdd(number, second, f));
                number = Vector512.Load(numbers + (3 * width) + at);
                (g, h) = (Vector512.FusedMultiplyAdd(number, first, g), Vector512.FusedMultiplyAdd(number, second, h));
            }
            (sums[0], sums[1], sums[2], sums[3]) = (sums[0] + a, sums[1] + b, sums[2] + c, sums[3] + d);
            (sums[4], sums[5], sums[6], sums[7]) = (sums[4] + e, sums[5] + f, sums[6] + g, sums[7] + h);
        }
        for (var own = 0; own < TileOutputs; own++)
            (output[own], output[outputs + own]) = (Vector512.Sum(sums[2 * own]), Vector512.Sum(sums[(2 * own) + 1]));
    }

    private sealed record Form(MultiplyRows Multiply, RestoreBlocks Restore);
}
