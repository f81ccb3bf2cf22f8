using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Kalm.Language.Sources.Gguf;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Tests.Language.Sources.Gguf;

public class GgufBlocksTests
{
    public static TheoryData<string> ReferenceTypes =>
    [
        "F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS", "MXFP4",
    ];

    [Theory]
    [MemberData(nameof(ReferenceTypes))]
    public void Every_type_gives_the_numbers_of_the_reference_implementation_bit_for_bit(string type)
    {
        using var file = GgufFile.Open(DataFolder.Require("gguf-types/types.gguf"));
        using var expected = SafetensorsFile.Open(DataFolder.Require("gguf-types/expected.safetensors"));
        var tensor = file.TryFind(type + ".weight");
        var reference = expected.Find(type);
        Assert.Equal(type, tensor!.Type.FormatName());
        Assert.Equal(reference.Shape, tensor.Shape);
        var (numbers, right) = (new float[tensor.ElementCount], new float[tensor.ElementCount]);
        file.ReadSingles(tensor, 0, numbers);
        expected.ReadSingles(reference, 0, right);
        Assert.Equal(MemoryMarshal.Cast<float, int>(right), MemoryMarshal.Cast<float, int>(numbers));

        var random = new Random(1);
        for (var time = 0; time < 200; time++)
        {
            var offset = random.Next(numbers.Length);
            var part = new float[random.Next(numbers.Length - offset + 1)];
            file.ReadSingles(tensor, offset, part);
            Assert.Equal(right[offset..(offset + part.Length)], part);
        }
    }

    [Fact]
    public void Ternary_numbers_are_minus_one_zero_and_one_times_the_scale()
    {
        var random = new Random(2);
        var values = new sbyte[256];
        for (var index = 0; index < values.Length; index++)
            values[index] = (sbyte)random.Next(-1, 2);

        var four = new byte[66];
        for (var index = 0; index < 256; index++)
            four[(index / 128 * 32) + (index % 32)] |= (byte)((values[index] + 1) << (2 * (index % 128 / 32)));
        BinaryPrimitives.WriteHalfLittleEndian(four.AsSpan(64), (Half)0.5f);

        var five = new byte[54];
        foreach (var (from, first, length, digits) in ((int, int, int, int)[])[(0, 0, 32, 5), (32, 160, 16, 5), (48, 240, 4, 4)])
            for (var place = 0; place < length; place++)
            {
                var number = 0;
                for (var digit = 0; digit < 5; digit++)
                    number = (number * 3) + (digit < digits ? values[first + (digit * length) + place] + 1 : 0);
                five[from + place] = (byte)(((number * 256) + 242) / 243);
            }
        BinaryPrimitives.WriteHalfLittleEndian(five.AsSpan(52), (Half)0.5f);

        var expected = Array.ConvertAll(values, value => value * 0.5f);
        foreach (var (type, bytes) in new[] { (GgufTensorType.Tq2, four), (GgufTensorType.Tq1, five) })
        {
            var numbers = new float[256];
            GgufBlocks.Dequantize(type, bytes, numbers);
            Assert.Equal(expected, numbers);
        }
    }

    [Fact]
    public void Bytes_with_a_scale_are_read_past_the_sums_that_ggml_keeps_beside_them()
    {
        var q81 = new byte[36];
        BinaryPrimitives.WriteHalfLittleEndian(q81, (Half)0.25f);
        BinaryPrimitives.WriteHalfLittleEndian(q81.AsSpan(2), (Half)9);
        var q8K = new byte[292];
        BinaryPrimitives.WriteSingleLittleEndian(q8K, 0.1f);
        for (var index = 0; index < 256; index++)
        {
            q8K[4 + index] = (byte)(index - 128);
            q81[4 + (index % 32)] = (byte)(index - 250);
        }
        var (first, second) = (new float[32], new float[256]);
        GgufBlocks.Dequantize(GgufTensorType.Q8WithSum, q81, first);
        GgufBlocks.Dequantize(GgufTensorType.Q8K, q8K, second);
        Assert.Equal(Enumerable.Range(0, 32).Select(index => 0.25f * (sbyte)q81[4 + index]), first);
        Assert.Equal(Enumerable.Range(0, 256).Select(index => 0.1f * (index - 128)), second.Select((value, index) => value));
    }

    [Fact]
    public void Every_half_and_every_brain_float_is_exact()
    {
        var bytes = new byte[2 << 16];
        for (var bits = 0; bits < 1 << 16; bits++)
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * bits), (ushort)bits);
        var (halves, brain) = (new float[1 << 16], new float[1 << 16]);
        GgufBlocks.Dequantize(GgufTensorType.F16, bytes, halves);
        GgufBlocks.Dequantize(GgufTensorType.BF16, bytes, brain);
        for (var bits = 0; bits < 1 << 16; bits++)
        {
            Assert.Equal((float)BitConverter.UInt16BitsToHalf((ushort)bits), halves[bits]);
            Assert.Equal(bits << 16, BitConverter.SingleToInt32Bits(brain[bits]));
        }
    }
}
