using System.Globalization;
using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Representation;
using TorchSharp;

namespace Kalm.Alignment;

/// <summary>What an alignment on a CPU takes of the memory at its peak, in bytes: an estimate, told before it starts.</summary>
/// <param name="Base">The base's weights as they are held.</param>
/// <param name="Learned">What is learned, with gradients, moments and the best so far.</param>
/// <param name="Pass">What the way back needs of a pass through the body.</param>
/// <param name="Logits">Scores over the vocabulary, in the portions in which they are computed.</param>
/// <param name="Rest">The program, the graph and its texts.</param>
public sealed record AlignmentMemory(long Base, long Learned, long Pass, long Logits, long Rest)
{
    private const int Block = DecoderPool.BlockTokens;
    // Logits of two models, their logarithms, and a gradient.
    private const int LogitCopies = 5;
    private const int TextsLookedAt = 1000;
    private const int TokensOfRelation = 8;

    /// <summary>All together.</summary>
    public long Total => Base + Learned + Pass + Logits + Rest;

    /// <summary>Estimates.</summary>
    /// <param name="source">The base.</param>
    /// <param name="options">The options; method, low-rank options and threads count.</param>
    /// <param name="learned">The number of learned parameters.</param>
    /// <param name="tokens">The tokens of a batch's views.</param>
    public static AlignmentMemory Of(IModelSource source, AlignmentOptions options, long learned, long tokens)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        var config = source.Config;
        var isLora = options.Method == AlignmentMethod.Lora;
        var threads = options.Threads ?? Environment.ProcessorCount;
        var workers = config.HiddenSize < Decoder.WideModel ? threads : 1;
        var frozen = isLora && options.Lora.TrainedLayers is { } trained ? Math.Max(0, config.LayerCount - trained) : 0;
        var memory = new ActivationMemory(config, torch.CPU, workers, frozen);
        var blocks = (long)workers * memory.TokensAtOnce(Block);
        var kept = memory.Holds(tokens) && !options.Batches.GradientCache ? tokens : 0;
        return new AlignmentMemory(
            ModelMemory.Base(source, isLora ? options.Lora.BasePrecision : BasePrecision.Fp32),
            // Values, moments and the best so far once, a gradient for each worker.
            learned * sizeof(float) * (4 + workers),
            Math.Max(blocks, kept) * memory.BytesPerToken,
            workers * LogitCopies * sizeof(float) * Math.Min(
                isLora ? HeadPortions.LogitsAtOnce : HeadPortions.LearnedLogitsAtOnce, (long)config.VocabularySize * Block),
            ModelMemory.Program + GC.GetTotalMemory(false));
    }

    /// <summary>The most that a method takes of a model before a graph is known: with the largest batch that is chosen for it, and texts
    /// as long as they are read.</summary>
    /// <param name="model">The base.</param>
    /// <param name="method">What is trained.</param>
    /// <param name="learned">The number of learned parameters.</param>
    public static AlignmentMemory AtMost(OpenedModel model, AlignmentMethod method, long learned)
    {
        ArgumentNullException.ThrowIfNull(model);
        var options = new AlignmentOptions { Method = method };
        var batch = ChosenOptions.LargestBatch(model);
        options = options with
        {
            Batches = options.Batches with { Triples = batch }, Lora = options.Lora with { BasePrecision = FrozenPrecision(model) },
        };
        // Two entities a triple, and a question from either side, which is a text with a few words of a relation.
        return Of(model.Source, options, learned, batch * 2L * (options.Wording.MaximumTextTokens + TokensOfRelation));
    }

    /// <summary>How a frozen base is held on a CPU where nothing else is said.</summary>
    /// <param name="model">The base.</param>
    public static BasePrecision FrozenPrecision(OpenedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (!model.IsLarge)
            return BasePrecision.Auto;
        if (!Fits(BasePrecision.Bf16))
            return Fits(BasePrecision.Auto) ? BasePrecision.Auto : BasePrecision.EightBit;
        return MatrixProducts.GainsFromBf16 || !Fits(BasePrecision.Auto) ? BasePrecision.Bf16 : BasePrecision.Auto;

        // A pass, what is learned and everything else need room too.
        bool Fits(BasePrecision precision) => ModelMemory.Base(model.Source, precision) <= ModelMemory.Available / 2;
    }

    /// <summary>The tokens of a batch's views, by the mean length of the texts.</summary>
    /// <param name="texts">The graph's texts as the model sees them.</param>
    /// <param name="options">Gives the batch.</param>
    public static long TokensOfBatch(TextIndex texts, AlignmentOptions options)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(options);
        var queries = options.Batches.Triples * (options.Batches.BothDirections ? 2L : 1L);
        var entities = Math.Min(2L * options.Batches.Triples, texts.Descriptions.Count);
        return (long)((entities * Mean(texts.Descriptions)) + (queries * Mean(texts.Relations)));
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"memory: about {Gigabytes(Total)} GB at the peak, of {Gigabytes(ModelMemory.Available)} GB: base {Gigabytes(Base)}, learned "
        + $"{Gigabytes(Learned)}, a pass {Gigabytes(Pass)}, logits {Gigabytes(Logits)}, program and graph {Gigabytes(Rest)}")
        + (Total > ModelMemory.Available
            ? "; that is more than there is: a smaller batch (--batch), lora.base_precision int8 or lora.trained_layers take less" : "");

    private static string Gigabytes(long bytes) => (bytes / 1e9).ToString("F1", CultureInfo.InvariantCulture);

    private static double Mean(IReadOnlyList<int[]> texts)
    {
        var step = Math.Max(1, texts.Count / TextsLookedAt);
        var (count, tokens) = (0, 0L);
        for (var at = 0; at < texts.Count; at += step, count++)
            tokens += texts[at].Length;
        return count == 0 ? 0 : (double)tokens / count;
    }
}
