using System.Runtime.InteropServices;
using Kalm.Alignment;
using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Execution.Kernels;
using Kalm.Language.Generation;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Gguf;
using Kalm.Representation;
using static TorchSharp.torch;
using Generator = Kalm.Language.Generation.Generator;

namespace Kalm.Tests.Language.Execution;

/// <summary>Products with matrices as they are stored against products, in double precision, of the numbers that ggml's reference
/// conversion makes of them.</summary>
public class StoredProductTests : TorchTest
{
    public static TheoryData<GgufTensorType> Types =>
    [
        GgufTensorType.F32, GgufTensorType.F16, GgufTensorType.BF16, GgufTensorType.Q8, GgufTensorType.Q4, GgufTensorType.Q4WithMinimum,
        GgufTensorType.Q5, GgufTensorType.Q5WithMinimum, GgufTensorType.Q4K, GgufTensorType.Q5K, GgufTensorType.Q6K,
    ];

    [Theory]
    [MemberData(nameof(Types))]
    public void A_product_is_that_of_the_numbers_which_are_stored(GgufTensorType type)
    {
        const int outputs = 77, width = 768;
        var random = new Random(7);
        using var values = Blocks(type, outputs, width, random);
        var numbers = new float[outputs * width];
        GgufBlocks.Dequantize(type, values.bytes, numbers);
        using var team = new CoreTeam(3) { IsOpen = true };
        using var restored = StoredProduct.Restore(values, type, width, team);
        Assert.True(restored.allclose(tensor(numbers, [outputs, width]), 1e-6, 1e-7));
        using var weight = tensor(numbers, [outputs, width]).to(ScalarType.Float64);
        foreach (var rows in new[] { 1, 2, 3, 4, 7, 9, 64 })
        {
            using var input = randn(rows, width);
            using var found = StoredProduct.Apply(input, values, type, team);
            var expected = input.to(ScalarType.Float64).matmul(weight.t());
            var size = input.abs().to(ScalarType.Float64).matmul(weight.abs().t()).max().ReadNumber();
            Assert.InRange((found - expected).abs().max().ReadNumber(), 0, 1e-6 * size);
            // And of a row the same numbers as alone.
            for (var row = 0; row < rows; row++)
            {
                using var own = input.narrow(0, row, 1).contiguous();
                using var alone = StoredProduct.Apply(own, values, type, team);
                Assert.True(alone[0].Equals(found[row]));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Restored_in_16_bits_every_number_is_the_nearest(GgufTensorType type)
    {
        const int outputs = 9, width = 768;
        using var values = Blocks(type, outputs, width, new Random(3));
        using var team = new CoreTeam(2) { IsOpen = true };
        using var numbers = StoredProduct.Restore(values, type, width, team);
        using var found = StoredProduct.Restore(values, type, width, team, isShort: true);
        using var expected = numbers.to(ScalarType.BFloat16);
        Assert.True(found.Equals(expected));
        using var input = randn(70, width);
        using var product = StoredProduct.ApplyRounded(input, values, type, team);
        using var plain = input.matmul(numbers.t());
        using var size = input.abs().matmul(numbers.abs().t());
        // Both sides and the result have 8 bits.
        Assert.InRange((product - plain).abs().div(size).max().ReadNumber(), 1e-6, 3 * Math.Pow(2, -9));
    }

    [Fact]
    public void A_long_prompt_is_read_as_a_short_one_is_but_for_the_rounding_of_its_products()
    {
        using var folder = new TemporaryFolder();
        using var graph = FamilyGraph.Make();
        using (var made = OpenedModel.Open(TinyModel.Make(folder, graph.Load())))
            ModelExport.ToGguf(made, folder.File("model.gguf"), GgufTensorType.Q8, null, TestContext.Current.CancellationToken);
        using var source = GgufSource.Open(folder.File("model.gguf"));
        using var plain = CausalModel.Load(source);
        using var held = CausalModel.LoadForReading(source);
        var prompt = Enumerable.Range(0, 300).Select(at => 3 + (at * at % 40)).ToArray();
        Assert.InRange(Distance(Logits(plain, prompt[..200]), Logits(held, prompt[..200])), 0, 1e-5);
        var distance = Distance(Logits(plain, prompt), Logits(held, prompt));
        Assert.InRange(distance, MatrixProducts.GainsFromBf16 ? 1e-7 : 0, 2e-2);

        static float[] Logits(CausalModel model, int[] tokens)
        {
            using var pool = new DecoderPool(model, null, null, 2);
            return pool.OnFirst(decoder =>
            {
                using var batch = new DecodingBatch(decoder, new KeyValueCache(model.Config, 1, CPU), CPU);
                return batch.Feed([tokens]);
            });
        }

        static double Distance(float[] found, float[] expected) =>
            Math.Sqrt(found.Zip(expected, (a, b) => Math.Pow(a - b, 2)).Sum() / expected.Sum(number => (double)number * number));
    }

    [Fact]
    public void Others_are_left_to_the_library()
    {
        Assert.False(StoredMatrix.Covers(GgufTensorType.Q3K, 256));
        Assert.False(StoredMatrix.Covers(GgufTensorType.BF16, 48));
        Assert.True(StoredMatrix.Covers(GgufTensorType.BF16, 96));
        Assert.False(StoredMatrix.Covers(GgufTensorType.Q4K, 96));
    }

    [Fact]
    public void A_team_does_every_part_once_and_a_closed_one_leaves_it_to_the_asker()
    {
        using var team = new CoreTeam(4);
        foreach (var open in new[] { false, true })
        {
            team.IsOpen = open;
            for (var round = 0; round < 300; round++)
            {
                var done = new int[round];
                team.Run(round, 1 + (round % 7), (from, to) =>
                {
                    for (var part = from; part < to; part++)
                        Interlocked.Increment(ref done[part]);
                });
                Assert.All(done, times => Assert.Equal(1, times));
                if (round % 100 == 99)
                    Thread.Sleep(30);
            }
        }
    }

    [Theory]
    [InlineData(GgufTensorType.Q8)]
    [InlineData(GgufTensorType.BF16)]
    [InlineData(GgufTensorType.F16)]
    public void A_model_held_as_it_is_stored_writes_what_it_writes_in_single_precision(GgufTensorType type)
    {
        using var folder = new TemporaryFolder();
        using var graph = FamilyGraph.Make();
        using (var made = OpenedModel.Open(TinyModel.Make(folder, graph.Load())))
            ModelExport.ToGguf(made, folder.File("model.gguf"), type, null, TestContext.Current.CancellationToken);
        using var source = GgufSource.Open(folder.File("model.gguf"));
        using var plain = CausalModel.Load(source);
        using var held = CausalModel.LoadForReading(source);
        Assert.Equal(ScalarType.Byte, held.Weights["model.embed_tokens.weight"].dtype);
        Assert.Equal(ScalarType.Byte, held.Weights["model.layers.0.self_attn.q_proj.weight"].dtype);
        int[][] prompts = [[3, 14, 15], [9, 26, 5, 35], [8]];
        Assert.Equal(Write(plain), Write(held));
        Assert.Equal(Write(held), prompts.SelectMany(prompt => Write(held, prompt)));

        IEnumerable<int> Write(CausalModel model, params int[][] given)
        {
            using var pool = new DecoderPool(model, null, null, 2);
            return [.. new Generator(pool, model.Tokenizer)
                .Continue(given.Length == 0 ? prompts : given, new GenerationOptions { MaximumNewTokens = 20, IgnoreEnd = true })
                .SelectMany(continuation => continuation.Tokens)];
        }
    }

    [Fact]
    public void What_a_LoRA_adapter_adds_stays_beside_a_matrix_that_is_held_as_it_is_stored()
    {
        using var folder = new TemporaryFolder();
        using var graph = FamilyGraph.Make();
        using (var made = OpenedModel.Open(TinyModel.Make(folder, graph.Load())))
            ModelExport.ToGguf(made, folder.File("model.gguf"), GgufTensorType.Q8, null, TestContext.Current.CancellationToken);
        Cli.CommandLine.Run("align", "--model", folder.File("model.gguf"), "--graph", graph.Path, "--out", folder.File("run"), "--steps", "6",
            "--batch", "16", "--method", "lora", "--quiet").IsSuccess();
        using var opened = OpenedModel.Open(folder.File("run"));
        using var merged = CausalModel.Load(opened.Source);
        using var held = CausalModel.LoadForReading(opened.Source);
        Assert.Equal(ScalarType.Byte, held.Weights["model.layers.0.mlp.up_proj.weight"].dtype);
        Assert.NotEqual(0, held.Weights["model.layers.0.mlp.up_proj.weight_lora_B"].abs().sum().item<float>());
        using var expected = Pool(merged);
        using var found = Pool(held);
        TokenRow[] rows = [TokenRow.Sequence([3, 14, 15, 9], [1, 3]), TokenRow.Sequence([26, 5], [1])];
        var stop = TestContext.Current.CancellationToken;
        Assert.True(expected.Read(rows, null, stop).allclose(found.Read(rows, null, stop), 1e-3, 1e-4));

        static DecoderPool Pool(CausalModel model) => new(model, null, null, 2);
    }

    // Any bytes are quantized numbers; scales must be of a sensible size.
    private static Tensor Blocks(GgufTensorType type, int outputs, int width, Random random)
    {
        if (type is GgufTensorType.F32 or GgufTensorType.F16 or GgufTensorType.BF16)
        {
            var plain = randn(outputs, width).to(
                type == GgufTensorType.F32 ? ScalarType.Float32 : type == GgufTensorType.F16 ? ScalarType.Float16 : ScalarType.BFloat16);
            return tensor(plain.bytes.ToArray(), [outputs, type.ByteCount(width)]);
        }
        var bytes = new byte[outputs * type.ByteCount(width)];
        random.NextBytes(bytes);
        int[] halves = type switch
        {
            GgufTensorType.Q4WithMinimum or GgufTensorType.Q5WithMinimum or GgufTensorType.Q4K or GgufTensorType.Q5K => [0, 2],
            GgufTensorType.Q6K => [208],
            _ => [0],
        };
        for (var block = 0; block < bytes.Length; block += type.BlockBytes())
            foreach (var half in halves)
            {
                // Now and then one below the normal numbers, or zero.
                var scale = random.Next(8) switch { 0 => 1e-6, 1 => 0, _ => random.NextDouble() - 0.5 };
                MemoryMarshal.Write(bytes.AsSpan(block + half), (Half)scale);
            }
        return tensor(bytes, [outputs, type.ByteCount(width)]);
    }
}
