using System.Diagnostics;
using Kalm.Engine;
using Kalm.Files;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using Kalm.Language.Sources.Config;
using Kalm.Language.Tokenization;
using Kalm.Language.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Pretraining;

/// <summary>Makes a base model from plain texts: a byte-level BPE vocabulary, then a Llama-architecture decoder trained to predict
/// the next token.</summary>
public static class Pretrainer
{
    /// <summary>The number of steps when the options give no budget.</summary>
    public const int DefaultSteps = 500;

    private const double FinalRateShare = 0.1;
    private const double ClipNorm = 1;

    /// <summary>Trains and writes a Hugging Face folder.</summary>
    /// <param name="texts">The texts; empty ones are passed over.</param>
    /// <param name="outPath">The folder: absent or empty.</param>
    /// <param name="options">Size, budget, seed.</param>
    /// <param name="progress">Told what happens; may be null.</param>
    /// <param name="cancellation">Stops between steps; nothing is left behind.</param>
    /// <returns>The last mean negative log-likelihood, in nats a token.</returns>
    public static double Run(
        IEnumerable<string> texts, string outPath, PretrainingOptions options,
        IProgress<ProgressEvent>? progress = null, CancellationToken cancellation = default)
    {
        using var staged = new StagedFolder(outPath);
        var corpus = texts.Where(text => text.Length > 0).ToList();
        if (corpus.Count == 0)
            throw new KalmException("no text to train on: every text is empty");
        var tokenizer = Tokenizer.Train(corpus, options.Preset.Vocabulary);
        var stream = new TextStream(tokenizer, corpus, options.Preset.Context, options.Seed);
        progress?.Report(
            new ProgressNote($"{corpus.Count:N0} texts, {stream.TokenCount:N0} tokens, vocabulary {tokenizer.VocabularySize:N0}"));
        NativeEngine.Initialize();
        var config = options.Preset.ToConfig(tokenizer.VocabularySize, tokenizer.EndId);
        using var model = new CausalModel(config, tokenizer, Initialise(config, options.Seed), CPU);
        var (all, body) = model.ParameterCount;
        progress?.Report(new ProgressNote($"preset {options.Preset.Name}: {all:N0} parameters, {body:N0} without embeddings"));
        using var learned = new ParameterSet(model.Weights, CPU);
        var loss = Train(model, learned, stream, options, progress, cancellation);
        CausalModel.Save(staged.Path, config, tokenizer, name => learned[name]);
        staged.Commit();
        return loss;
    }

    private static double Train(
        CausalModel model, ParameterSet learned, TextStream stream, PretrainingOptions options,
        IProgress<ProgressEvent>? progress, CancellationToken cancellation)
    {
        using var pool = new DecoderPool(model, learned, null, options.Threads ?? Environment.ProcessorCount,
            roundProducts: options.ProductPrecision == ProductPrecision.Bf16);
        using var optimizer = new AdamW(learned, options.WeightDecay, secondDecay: 0.98);
        var budget = options.Minutes is { } minutes
            ? TrainingBudget.OfMinutes(minutes) : TrainingBudget.OfSteps(options.Steps ?? DefaultSteps);
        var clock = Stopwatch.StartNew();
        var loss = double.NaN;
        for (var done = 0; budget.TotalSteps is not { } total || done < total;)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var (rows, labels) = stream.Next(options.BatchTokens);
            pool.ZeroGradients();
            loss = pool.LanguageModelPass(rows, labels, 1, options.Seed);
            var gradient = pool.SumGradients();
            var norm = AdamW.Clip(gradient, ClipNorm);
            if (!double.IsFinite(loss) || !double.IsFinite(norm))
                throw new KalmException(
                    $"step {done}: the loss is {loss} and the gradient's norm {norm}; expected finite numbers: try a lower learning rate");
            var schedule = new LearningRateSchedule(
                options.LearningRate, options.WarmupSteps, budget.TotalSteps ?? int.MaxValue, FinalRateShare);
            optimizer.Step(gradient, schedule.RateAt(done));
            done++;
            budget.Measure(done, options.WarmupSteps, 0);
            var rate = done / clock.Elapsed.TotalSeconds;
            progress?.Report(new ProgressStep(
                done, budget.TotalSteps, [new("loss", loss), new("learning_rate", schedule.RateAt(done - 1))],
                rate * options.BatchTokens, "tokens/s",
                budget.TotalSteps is { } steps ? TimeSpan.FromSeconds((steps - done) / rate) : null));
        }
        return loss;
    }

    /// <summary>Normal weights of deviation 1 / sqrt(inputs), the outputs of each layer scaled down by the depth, norms at one. A small
    /// model learns little before its attention passes content on, and at the usual 0.02 a narrow one takes long to get there.</summary>
    private static Dictionary<string, Tensor> Initialise(ModelConfig config, long seed)
    {
        using var randomness = new Generator(unchecked((ulong)seed));
        var weights = new Dictionary<string, Tensor>();
        foreach (var (name, shape) in config.TensorShapes())
        {
            using var scope = NewDisposeScope();
            var isOutput = name.Contains("o_proj", StringComparison.Ordinal) || name.Contains("down_proj", StringComparison.Ordinal);
            using var shrink = (Math.Sqrt(shape[^1]) * (isOutput ? Math.Sqrt(2.0 * config.LayerCount) : 1)).ToScalar();
            var weight = shape.Length == 1 ? ones(shape) : randn(shape, generator: randomness).div(shrink);
            weights.Add(name, weight.DetachFromDisposeScope());
        }
        return weights;
    }
}
