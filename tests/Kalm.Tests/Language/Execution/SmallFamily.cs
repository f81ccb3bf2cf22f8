using Kalm.Language.Model;
using Kalm.Language.Sources.Config;
using Kalm.Language.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Execution;

/// <summary>Small random models of every architecture: sizes, options and weights are drawn.</summary>
internal static class SmallFamily
{
    public const int Vocabulary = 60;

    private static readonly Tokenizer AnyTokenizer = Tokenizer.Train(["any text"], 257);

    public static IEnumerable<TheoryDataRow<string, int>> Cases(int seeds) =>
        from architecture in Architecture.All
        from seed in Enumerable.Range(0, seeds)
        select new TheoryDataRow<string, int>(architecture.ModelType, seed);

    /// <param name="modelType">The architecture.</param>
    /// <param name="seed">Decides what is drawn.</param>
    /// <param name="positions">The context; frequencies that depend on a text's length change there.</param>
    /// <param name="headDimension">Numbers of a head; drawn where null.</param>
    public static ModelConfig Config(string modelType, int seed, int positions, int? headDimension = null)
    {
        var random = new Random(HashCode.Combine(seed) * 31 + modelType.Sum(letter => letter));
        var architecture = Architecture.Find(modelType)!;
        var heads = 2 * random.Next(1, 4);
        var dimension = 2 * random.Next(2, 9);
        dimension = headDimension ?? dimension;
        var layers = random.Next(2, 6);
        var config = new ModelConfig
        {
            Architecture = architecture,
            HiddenSize = architecture.Defaults.HasEqualHeads ? heads * dimension : random.Next(3, 40),
            IntermediateSize = random.Next(5, 50),
            LayerCount = layers,
            HeadCount = heads,
            KeyValueHeadCount = architecture.HasOwnKeyHeads ? heads : Coin() ? heads / 2 : Coin() ? 1 : heads,
            HeadDimension = dimension,
            VocabularySize = Vocabulary,
            MaxPositions = positions,
            Activation = Coin() ? architecture.Defaults.Activation : (Activation)random.Next(5),
            NormEpsilon = Coin() ? 1e-5 : 3e-6,
            IsParallel = architecture.OffersParallel ? Coin() : architecture.IsParallel,
            AttentionBias = architecture.OffersAttentionBias && Coin(),
            OutputBias = architecture.OutputBias is not null && Coin(),
            TieWordEmbeddings = Coin(),
            RopeTheta = Coin() ? 10000 : 500,
            RotatedShare = architecture.RotatedShareKey is not null && Coin() ? Coin() ? 0.5 : 0.75 : 1,
            EmbeddingMultiplier = architecture.HasMultipliers ? 3 : 1,
            ResidualMultiplier = architecture.HasMultipliers ? 0.4 : 1,
            AttentionMultiplier = architecture.HasMultipliers ? 0.3 : null,
            QueryScalar = architecture.HasQueryScalar ? 7 : null,
            ScoreCap = architecture.SoftCaps.Scores && Coin() ? 2 : null,
            LogitCap = architecture.SoftCaps.Logits && Coin() ? 3 : null,
            LogitScale = architecture.LogitScaleKey is not null ? 1.7 : 1,
            RotatedLayers = architecture.Rotation == RotationRule.ListedLayers
                ? [.. Enumerable.Range(0, layers).Select(_ => Coin())] : null,
            BeginTokenId = Coin() ? 1 : null,
            EndTokenIds = Coin() ? [2] : Coin() ? [2, 3] : [],
        };
        var scaling = Scaling(random, config, isLongOnly: architecture == Architecture.Phi3);
        config = config with
        {
            MlpBias = architecture.MlpBias is not null
                && (architecture.MlpBias == architecture.AttentionBias ? config.AttentionBias : Coin()),
            RopeScaling = scaling,
            QueryStretch = architecture.StretchesQueries && Coin() ? new QueryStretch(0.3, scaling?.TrainedPositions ?? 8) : null,
            WindowedRotary = architecture.HasWindowedRotary
                ? new RotaryParameters(architecture.WindowedThetaKey is null ? config.RopeTheta : 300, null) : null,
        };
        return WithWindows(config, random);

        bool Coin() => random.Next(2) == 0;
    }

    public static CausalModel Model(ModelConfig config, int seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        using var spread = 0.3.ToScalar();
        using var one = 1.ToScalar();
        var weights = config.TensorShapes().ToDictionary(tensor => tensor.Name, tensor =>
        {
            var drawn = randn(tensor.Shape, generator: generator).mul(spread);
            var isFactor = tensor.Shape.Length == 1 && tensor.Name.EndsWith(".weight", StringComparison.Ordinal)
                && config.Architecture.Norm != NormKind.ShiftedRootMeanSquare;
            return (isFactor ? drawn.add(one, one) : drawn).DetachFromDisposeScope();
        });
        return new CausalModel(config, AnyTokenizer, weights, CPU);
    }

    private static RopeScaling? Scaling(Random random, ModelConfig config, bool isLongOnly)
    {
        var dimension = new RotaryParameters(1, null, config.RotatedShare).Dimension(config.HeadDimension);
        var stretched = new YarnScaling(
            4, 8) { FastTurns = 2, SlowTurns = 0.1, Truncates = random.Next(2) == 0, Magnitude = 0.7, MagnitudeOfAll = 1 };
        var longRope = new LongRopeScaling(Divisors(), Divisors(), Math.Max(2, config.MaxPositions / 2), 2.5);
        return (isLongOnly ? 5 * random.Next(2) : random.Next(8)) switch
        {
            1 => new LinearScaling(2.5),
            2 => new DynamicScaling(2.5, config.MaxPositions),
            3 => stretched,
            4 => stretched with { GivenRotaryFactor = 1.3 },
            5 => longRope,
            6 => longRope with { GivenRotaryFactor = 0.9 },
            7 => new Llama3Scaling(4, 1, 3, 16),
            _ => config.Architecture.ReadsRopeAlpha ? new DynamicScaling(1, config.MaxPositions, 40) : null,
        };

        double[] Divisors() => [.. Enumerable.Range(0, (dimension + 1) / 2).Select(_ => 1 + random.NextDouble())];
    }

    private static ModelConfig WithWindows(ModelConfig config, Random random)
    {
        var rule = config.Architecture.Windows;
        if (rule == WindowRule.None || (rule != WindowRule.Periodic && random.Next(3) == 0))
            return config;
        bool[] layers = [.. Enumerable.Range(0, config.LayerCount).Select(_ => random.Next(2) == 0)];
        layers[0] = true;
        return config with { SlidingWindow = random.Next(2, 9), WindowedLayers = layers.Contains(false) ? layers : null };
    }
}
