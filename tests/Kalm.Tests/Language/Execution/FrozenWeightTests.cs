using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;
using Kalm.Language.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Execution;

/// <summary>The frozen base in fewer bytes: its error, its size, and the gradient that passes through it.</summary>
public class FrozenWeightTests : TorchTest
{
    public static IEnumerable<TheoryDataRow<string>> Models() =>
        Directory.GetDirectories(Path.Combine(Fixture.Folder, "architectures"))
            .Select(folder => new TheoryDataRow<string>(Path.GetFileName(folder)));

    [Fact]
    public void Eight_bits_keep_every_weight_within_half_a_level_of_its_row()
    {
        var weight = randn(50, 70);
        weight[3].fill_(0.ToScalar());
        weight[4].mul_(1e-6.ToScalar());
        var (values, scales) = FrozenForm.Hold(weight.clone(), BasePrecision.EightBit);
        var restored = FrozenWeight.Apply(eye(70), values, scales).t();

        Assert.Equal(ScalarType.Int8, values.dtype);
        Assert.True(((restored - weight).abs() / scales!).max().ReadNumber() <= 0.50001);
        Assert.Equal(0, restored[3].abs().max().ReadNumber());
        Assert.Equal(127, values[4].abs().max().to(ScalarType.Float32).ReadNumber());
    }

    [Theory]
    [InlineData(BasePrecision.EightBit)]
    [InlineData(BasePrecision.Bf16)]
    public void The_gradient_of_the_input_is_that_of_the_restored_matrix(BasePrecision precision)
    {
        var (values, scales) = FrozenForm.Hold(randn(30, 20), precision);
        var restored = scales is null ? values.to(ScalarType.Float32) : values.to(ScalarType.Float32) * scales;
        var input = randn(7, 20).requires_grad_();
        var same = input.detach().clone().requires_grad_();
        var weights = randn(7, 30);

        (FrozenWeight.Apply(input, values, scales) * weights).sum().backward();
        (same.mm(restored.t()) * weights).sum().backward();

        var error = (input.grad! - same.grad!).abs().max() / same.grad!.abs().max();
        Assert.True(error.ReadNumber() < (precision == BasePrecision.Bf16 ? 1e-2 : 1e-6), $"{error.ReadNumber()}");
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_base_in_fewer_bytes_gives_nearly_the_same_logits_and_adapter_gradients(string name)
    {
        var folder = Path.Combine(Fixture.Folder, "architectures", name);
        var adapter = AdapterConfig.Load(Path.Combine(folder, "adapter"));
        using var file = SafetensorsFile.Open(Path.Combine(folder, "adapter", AdapterConfig.WeightsName));
        using var learned = new ParameterSet(
            file.Tensors.Keys.Select(key => KeyValuePair.Create(key, SourceTensors.Read(file, key, CPU))), CPU);
        var (full, held, half) = (Run(BasePrecision.Fp32), Run(BasePrecision.EightBit), Run(BasePrecision.Bf16));

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"relative error of logits {Error(held.Logits, full.Logits):E1} (8 bits), {Error(half.Logits, full.Logits):E1} (bf16); of the "
                + $"adapter's gradient {Error(held.Gradient, full.Gradient):E1}, {Error(half.Gradient, full.Gradient):E1}");
        // The scheme itself costs a few per cent in models this narrow; how it is computed costs nothing beyond.
        Assert.InRange(Error(held.Logits, full.Logits), 1e-6, 0.05);
        Assert.InRange(Error(held.Gradient, full.Gradient), 1e-6, 0.15);
        // Where BF16 is made single precision for a product, a base that was BF16 before loses nothing.
        Assert.InRange(Error(half.Logits, full.Logits), MatrixProducts.GainsFromBf16 ? 1e-6 : 0, 0.05);
        var restored = Run(BasePrecision.EightBit, restore: true);
        Assert.InRange(Error(held.Logits, restored.Logits), 0, 1e-5);
        Assert.InRange(Error(held.Gradient, restored.Gradient), 0, 1e-5);
        // A byte a weight and four a row, of four a weight.
        var rows = full.Shapes.Sum(shape => shape[0]);
        var elements = full.Shapes.Sum(shape => shape[0] * shape[1]);
        Assert.Equal(4 * elements, full.Bytes);
        Assert.Equal(2 * elements, half.Bytes);
        Assert.Equal(elements + 4 * rows, held.Bytes);

        (Tensor Logits, Tensor Gradient, long Bytes, List<long[]> Shapes) Run(BasePrecision precision, bool restore = false)
        {
            using var given = new TemporaryFolder();
            using var model = LoadWithTokenizer(folder, given.Path, precision);
            using var replica = learned.CreateReplica();
            var weights = model.Weights.ToDictionary(pair => pair.Key,
                pair => restore && model.Weights.TryGetValue(TensorNames.ScalesOf(pair.Key), out var scales)
                ? pair.Value.to(ScalarType.Float32) * scales
                : pair.Value);
            using var decoder = new Decoder(model.Config, weights, replica, adapter, CPU);
            int[] ids = [.. Enumerable.Range(0, 40).Select(at => at * 7 % 64)];
            using var block = new TokenBlock([TokenRow.Sequence(ids, [.. Enumerable.Range(0, ids.Length)])], CPU);
            var logits = decoder.Logits(decoder.Read(decoder.Embed(block.Tokens), block));
            (logits * logits).mean().backward();
            var layers = model.Weights.Where(pair => FrozenForm.Covers(pair.Key, pair.Value.shape)).ToList();
            return (logits.detach().clone(), replica.Gradient.clone(), layers.Sum(pair => pair.Value.numel() * pair.Value.element_size()),
                [.. layers.Where(pair => !pair.Key.EndsWith("_scale", StringComparison.Ordinal)).Select(pair => pair.Value.shape)]);
        }
    }

    private static double Error(Tensor found, Tensor expected) => ((found - expected).norm() / expected.norm()).ReadNumber();

    // The fixtures have fewer tokens than any tokenizer, so their vocabulary is widened.
    private static CausalModel LoadWithTokenizer(string source, string folder, BasePrecision precision)
    {
        var tokenizer = Tokenizer.Train(["any text"], 257);
        using var checkpoint = FolderSource.Open(source);
        var config = checkpoint.Config with { VocabularySize = tokenizer.VocabularySize };
        CausalModel.Save(folder, config, tokenizer, name =>
        {
            var weight = SourceTensors.Read(checkpoint, name, CPU);
            return weight.shape[0] == checkpoint.Config.VocabularySize && name is TensorNames.Embedding or TensorNames.Head
                ? cat([weight, zeros(tokenizer.VocabularySize - 64, weight.shape[1])])
                : weight;
        });
        return CausalModel.Load(folder, CPU, precision);
    }
}
