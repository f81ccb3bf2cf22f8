using Kalm.Distributed;
using Kalm.Engine;
using Kalm.Files;
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

    /// <summary>Trains and writes a Hugging Face folder.</summary>
    /// <param name="texts">The texts; empty ones are passed over.</param>
    /// <param name="outPath">The folder: absent or empty.</param>
    /// <param name="options">Size, budget, seed.</param>
    /// <param name="progress">Told what happens; may be null.</param>
    /// <param name="kept">A folder that keeps the steps done until the model is there; nothing is kept when null.</param>
    /// <param name="resume">Whether a stopped pretraining of the same texts and options goes on from what <paramref name="kept"/> holds;
    /// it ends with the bytes that it would have had without the stop.</param>
    /// <param name="ranks">Who trains together: the first reads and writes files; null for this process alone.</param>
    /// <param name="cancellation">Stops between steps, with a checkpoint in <paramref name="kept"/>; nothing else is left behind.</param>
    /// <returns>The last mean negative log-likelihood, in nats a token.</returns>
    /// <exception cref="KalmException">Something given is at fault, or is not what the stopped pretraining was of.</exception>
    public static double Run(
        IEnumerable<string> texts, string outPath, PretrainingOptions options, IProgress<ProgressEvent>? progress = null,
        string? kept = null, bool resume = false, ICollectives? ranks = null, CancellationToken cancellation = default)
    {
        var start = TimeProvider.System.GetTimestamp();
        options = options with { Threads = options.Threads ?? Environment.ProcessorCount };
        var corpus = texts.Where(text => text.Length > 0).ToList();
        if (corpus.Count == 0)
            throw new KalmException("no text to train on: every text is empty");
        var description = PretrainingDescription.Of(corpus, options);
        ranks ??= Alone.Instance;
        if (ranks.Count > 1)
            ResumePoint.RequireNoDifference(
                $"rank {ranks.Rank}: cannot share the work of rank 0, which has other inputs",
                ranks.FromFirst(() => description).Deciding(), description.Deciding());
        var writes = ranks.IsFirst();
        using var resumed = writes && kept is not null && resume ? KeptPretraining.Resume(kept, description, progress) : null;
        // Who holds what is kept knows that no other writes the model.
        if (resumed is not null)
            StagedFolder.RemoveAbandoned(outPath);
        using var staged = writes ? new StagedFolder(outPath) : null;
        using var begun = writes && kept is not null && !resume ? KeptPretraining.Begin(kept, description) : null;
        var steps = resumed ?? begun;
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
        using var training = new PretrainingLoop(
            model, learned, stream, ranks.FromFirst(() => steps?.Description ?? description), steps, ranks, progress);
        var loss = training.Train(start, cancellation);
        if (staged is null)
            return loss;
        CausalModel.Save(staged.Path, config, tokenizer, name => learned[name]);
        staged.Commit();
        steps?.Delete();
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
