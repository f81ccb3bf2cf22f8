using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Execution.Kernels;
using Kalm.Language.Model;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Execution;

/// <summary>Whatever the architecture: the hand-written operations compute what the engine's own do, a tree what its branches do, and a
/// cache
/// changes nothing.</summary>
public class FamilyKernelTests : TorchTest
{
    // What sums of F32 in another order come to at most; 1.4e-4 was seen, where the library shared its products among threads otherwise.
    private const double OtherOrder = 3e-4;

    public static IEnumerable<TheoryDataRow<string, int>> Cases() => SmallFamily.Cases(4);

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_forest_has_the_states_logits_and_gradients_of_the_plain_operations(string modelType, int seed)
    {
        var config = SmallFamily.Config(modelType, seed, positions: 24);
        using var model = SmallFamily.Model(config, seed);
        using var learned = new ParameterSet(model.Weights, CPU);
        TokenRow[] rows = [.. Trees(new Random(seed))];

        AssertSame(model, rows, learned, null);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Low_rank_matrices_have_the_gradients_of_the_plain_operations_and_their_merged_weights_the_same_states(
        string modelType, int seed)
    {
        var config = SmallFamily.Config(modelType, seed, positions: 24);
        using var model = SmallFamily.Model(config, seed);
        var targets = config.Projections.Select(module => config.CheckpointName("model.layers.0." + module).Split('.')[^1]).ToList();
        var adapter = new AdapterConfig { Rank = 2, Alpha = 3, TargetModules = targets };
        using var spread = 0.2.ToScalar();
        using var generator = new Generator((ulong)seed);
        var matrices = LowRank.Shapes(config, adapter)
            .ToDictionary(matrix => matrix.Name, matrix => randn(matrix.Shape, generator: generator).mul(spread));
        Assert.Equal(2 * config.LayerCount * config.Projections.Count(), matrices.Count);
        using var learned = new ParameterSet(matrices, CPU);
        TokenRow[] rows = [.. Trees(new Random(seed))];

        var side = AssertSame(model, rows, learned, adapter);

        using var scale = adapter.Scale.ToScalar();
        foreach (var (name, weight) in model.Weights.Where(pair => pair.Value.dim() == 2))
        {
            var module = config.CheckpointName(name[..^".weight".Length]);
            if (matrices.TryGetValue(AdapterConfig.LoraName(module, 'A'), out var down))
                weight.add_(matrices[AdapterConfig.LoraName(module, 'B')].mm(down), scale);
        }
        AssertClose(side, Run(model, rows, null, null, fused: true).States, OtherOrder);
    }

    [Theory]
    [InlineData("llama3")]
    [InlineData("qwen2_window")]
    [InlineData("qwen3")]
    public void In_BF16_a_device_comes_as_near_as_it_rounds(string name)
    {
        using var model = Generation.FixtureModel.Load(name);
        using var learned = new ParameterSet(model.Weights, CPU);
        TokenRow[] rows = [.. Trees(new Random(1))];
        var (states, _, gradient) = Run(model, rows, learned, null, fused: false);
        var (near, _, nearGradient) = Run(model, rows, learned, null, fused: false, isShort: true);
        Assert.Equal((ScalarType.Float32, ScalarType.Float32), (near.dtype, nearGradient!.dtype));
        Assert.InRange(Cosine(states, near), 0.97, 1 - 1e-9);
        Assert.InRange(Cosine(gradient!, nearGradient), 0.95, 1 - 1e-9);

        static double Cosine(Tensor left, Tensor right)
        {
            var (one, other) = (left.flatten().to(ScalarType.Float64), right.flatten().to(ScalarType.Float64));
            return (one * other).sum().ReadNumber() / (one.norm().ReadNumber() * other.norm().ReadNumber());
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_tree_equals_its_branches_apart(string modelType, int seed)
    {
        var config = SmallFamily.Config(modelType, seed, positions: 512);
        using var model = SmallFamily.Model(config, seed);
        var random = new Random(seed);
        var prefix = Ids(random, 11);
        var branches = new[] { 2, 9, 1, 12 }.Select(length => Branch.ReadAtEnd(Ids(random, length))).ToList();

        var packed = Run(model, [.. new TextTree(prefix, branches).ToRows(1000)], null, null, fused: true).States;
        var apart = branches.Select(branch => Run(
            model, [TokenRow.Sequence([.. prefix, .. branch.Tokens], [prefix.Length + branch.Tokens.Length - 1])],
            null, null, fused: true).States);

        AssertClose(cat([.. apart]), packed, OtherOrder);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_cache_changes_nothing(string modelType, int seed)
    {
        AssertCached(SmallFamily.Config(modelType, seed, positions: 512), seed);
        // Heads that fill vectors are attended to by an operation of our own.
        AssertCached(SmallFamily.Config(modelType, seed, positions: 512, headDimension: 16 * (1 + (seed % 2))), seed);
    }

    private static void AssertCached(ModelConfig config, int seed)
    {
        foreach (var kernels in new Func<IDecoderKernels>[]
                 { () => new TorchKernels(config), () => new WideCpuKernels(config), () => new CpuKernels(config) })
            AssertCached(config, seed, kernels());
    }

    private static void AssertCached(ModelConfig config, int seed, IDecoderKernels kernels)
    {
        using var model = SmallFamily.Model(config, seed);
        using var decoder = new Decoder(config, model.Weights, null, null, CPU, kernels: kernels);
        var ids = Ids(new Random(seed), 23);
        using var whole = decoder.Block([TokenRow.Sequence(ids, [.. Enumerable.Range(0, ids.Length)])]);
        var expected = decoder.Read(decoder.Embed(whole.Tokens), whole);
        using var cache = new KeyValueCache(config, 1, CPU);

        using var noGradient = no_grad();
        var parts = new List<Tensor>();
        foreach (var (from, to) in new[] { (0, 6), (6, 7), (7, 8), (8, 20), (20, 21), (21, 23) })
        {
            var row = new TokenRow(
                ids[from..to], [.. Enumerable.Range(from, to - from)], new int[to - from], [.. Enumerable.Range(0, to - from)]);
            using var block = new TokenBlock([row], CPU, cache);
            parts.Add(decoder.Read(decoder.Embed(block.Tokens), block));
        }

        AssertClose(expected, cat([.. parts]), OtherOrder);
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("hunyuan_v1_dense")]
    [InlineData("phi3")]
    public void Rows_of_several_lengths_have_their_own_frequencies(string modelType)
    {
        foreach (var isDynamic in new[] { true, false })
        {
            var config = SmallFamily.Config(modelType, 1, positions: 12) with { RotatedShare = 1, HeadDimension = 8 };
            double[] Divisors(double start) => [start, start + 0.5, start + 1, start + 1.5];
            config = config with
            {
                RopeScaling = isDynamic ? new DynamicScaling(2, 12) : new LongRopeScaling(Divisors(1), Divisors(2), 12, 2),
            };
            using var model = SmallFamily.Model(config, 1);
            var random = new Random(1);
            var rows = new[] { 5, 30, 12, 19 }.Select(length => TokenRow.Sequence(Ids(random, length), [length - 1])).ToList();

            foreach (var fused in new[] { true, false })
            {
                var together = Run(model, [.. rows], null, null, fused).States;
                AssertClose(cat([.. rows.Select(row => Run(model, [row], null, null, fused).States)]), together, 1e-5);
                // Within the length trained on nothing is scaled by a dynamic scaling, beyond it everything is.
                if (isDynamic)
                {
                    using var plain = SmallFamily.Model(config with { RopeScaling = null }, 1);
                    var unscaled = Run(plain, [.. rows], null, null, fused).States;
                    AssertClose(unscaled[0], together[0], 1e-6);
                    Assert.True((unscaled[1] - together[1]).abs().max().ReadNumber() > 1e-3);
                }
            }
        }
    }

    private static Tensor AssertSame(CausalModel model, TokenRow[] rows, ParameterSet learned, AdapterConfig? adapter)
    {
        var (states, logits, gradient) = Run(model, rows, learned, adapter, fused: true);
        var (plainStates, plainLogits, plainGradient) = Run(model, rows, learned, adapter, fused: false);
        AssertClose(plainStates, states, OtherOrder);
        AssertClose(plainLogits, logits, OtherOrder);
        AssertClose(plainGradient!, gradient!, 1e-3);
        foreach (var slice in learned.Slices)
            Assert.True(gradient!.narrow(0, slice.Offset, slice.Count).abs().max().ReadNumber() > 0, slice.Name);
        return states;
    }

    private static (Tensor States, Tensor Logits, Tensor? Gradient) Run(
        CausalModel model, TokenRow[] rows, ParameterSet? learned, AdapterConfig? adapter, bool fused, bool isShort = false)
    {
        using var replica = learned?.CreateReplica();
        using var decoder = new Decoder(
            model.Config, model.Weights, replica, adapter, CPU,
            kernels: fused ? null : new TorchKernels(model.Config, isShort), isShort: isShort);
        using var block = decoder.Block(rows);
        Assert.Equal(fused && model.Config.ScoreCap is null, block.IsPacked);
        var states = decoder.Read(decoder.Embed(block.Tokens), block);
        var logits = decoder.Logits(states);
        if (replica is not null)
        {
            using var randomness = new Generator(5);
            var weights = randn(logits.shape, generator: randomness);
            (logits * weights).sum().backward();
        }
        return (states.detach(), logits.detach(), replica?.Gradient.clone());
    }

    private static void AssertClose(Tensor expected, Tensor found, double tolerance)
    {
        Assert.Equal(expected.shape, found.shape);
        var largest = expected.abs().max().ReadNumber();
        Assert.True(double.IsFinite(largest) && largest > 0, $"largest: {largest}");
        var error = (found - expected).abs().max().ReadNumber() / largest;
        Assert.True(error < tolerance, $"relative error {error}");
    }

    private static IEnumerable<TokenRow> Trees(Random random)
    {
        foreach (var prefix in new[] { 0, 1, 7, 17 })
        {
            var branches = Enumerable.Range(0, random.Next(1, 5)).Select(_ => Branch.ReadAtEnd(Ids(random, random.Next(1, 20)))).ToList();
            foreach (var row in new TextTree(Ids(random, prefix), branches) { SeesWholePrefix = prefix % 2 == 1 }.ToRows(60))
                yield return row;
        }
        yield return new TextTree(Ids(random, 18), [Branch.ReadAtEnd(Ids(random, 2)), Branch.ReadAtEnd(Ids(random, 5))])
        {
            SeesWholePrefix = true,
        }.ToRows(60).Single();
        yield return TokenRow.Sequence(Ids(random, 37), [0, 20, 36]);
    }

    private static int[] Ids(Random random, int length) =>
        [.. Enumerable.Range(0, length).Select(_ => random.Next(SmallFamily.Vocabulary))];
}
