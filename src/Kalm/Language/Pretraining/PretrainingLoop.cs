using System.Diagnostics;
using Kalm.Distributed;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using Kalm.Language.Training;
using static TorchSharp.torch;

namespace Kalm.Language.Pretraining;

/// <summary>The steps of a pretraining, from the start or from a checkpoint. Ranks share the rows of each.</summary>
internal sealed class PretrainingLoop : IDisposable
{
    private const double FinalRateShare = 0.1;
    private const double ClipNorm = 1;
    private const double SecondDecay = 0.98;
    private const double SecondsBetweenCheckpoints = 60;
    private static readonly Dictionary<string, Tensor> NothingMore = [];
    private readonly ParameterSet learned;
    private readonly TextStream stream;
    private readonly KeptPretraining? kept;
    private readonly ICollectives ranks;
    private readonly IProgress<ProgressEvent>? progress;
    private readonly PretrainingOptions options;
    private readonly DecoderPool pool;
    private readonly AdamW optimizer;
    private PretrainingDescription description;
    private readonly Stopwatch sinceSaved = Stopwatch.StartNew();
    private double savingSeconds;

    /// <param name="model">The model; not owned.</param>
    /// <param name="learned">Its parameters; not owned.</param>
    /// <param name="stream">The texts from their beginning on.</param>
    /// <param name="description">As it stands.</param>
    /// <param name="kept">Takes checkpoints; may be null, and is on other ranks than the first.</param>
    /// <param name="ranks">Who trains together.</param>
    /// <param name="progress">Told of every step; may be null.</param>
    public PretrainingLoop(
        CausalModel model, ParameterSet learned, TextStream stream, PretrainingDescription description, KeptPretraining? kept,
        ICollectives ranks, IProgress<ProgressEvent>? progress)
    {
        (this.learned, this.stream, this.description, this.kept) = (learned, stream, description, kept);
        (this.ranks, this.progress) = (ranks, progress);
        options = description.Options;
        pool = new DecoderPool(model, learned, null, options.Threads ?? Environment.ProcessorCount,
            roundProducts: options.ProductPrecision == ProductPrecision.Bf16);
        optimizer = new AdamW(learned, options.WeightDecay, SecondDecay);
        if (description.StepsDone == 0)
            return;
        using var scope = NewDisposeScope();
        if (kept?.Checkpoint is { } checkpoint)
            TrainingState.Restore(checkpoint, description.StepsDone, learned, optimizer, NothingMore);
        ranks.FromFirst([learned.Values, optimizer.FirstMoment, optimizer.SecondMoment]);
        optimizer.StepCount = description.StepsDone;
        stream.Skip(description.StepsDone, options.BatchTokens);
    }

    /// <summary>Trains to the end of the budget.</summary>
    /// <param name="start">When the work began: where a wall time is counted from.</param>
    /// <param name="cancellation">Stops between steps, with a checkpoint.</param>
    /// <returns>The last loss, in nats a token.</returns>
    public double Train(long start, CancellationToken cancellation)
    {
        var budget = description.TotalSteps is { } known ? TrainingBudget.OfSteps(known)
            : options.Minutes is { } minutes ? TrainingBudget.OfMinutes(minutes, start)
            : TrainingBudget.OfSteps(options.Steps ?? Pretrainer.DefaultSteps);
        try
        {
            for (var done = description.StepsDone; budget.TotalSteps is not { } total || done < total;)
            {
                ranks.ThrowIfStopped(cancellation);
                var schedule = new LearningRateSchedule(
                    options.LearningRate, options.WarmupSteps, budget.TotalSteps ?? int.MaxValue, FinalRateShare);
                var (loss, rate) = (Step(done, schedule.RateAt(done)), schedule.RateAt(done));
                var isFixed = budget.Measure(++done, options.WarmupSteps, savingSeconds, ranks);
                description = description with { StepsDone = done, Loss = loss, TotalSteps = budget.TotalSteps };
                progress?.Report(new ProgressStep(
                    done, budget.TotalSteps, [new("loss", loss), new("learning_rate", rate)],
                    budget.StepsPerSecond * options.BatchTokens, "tokens/s", budget.Remaining(done, savingSeconds)));
                // The first tells how long writing takes.
                if (options.SaveEvery is { } every ? done % every == 0
                    : sinceSaved.Elapsed.TotalSeconds > SecondsBetweenCheckpoints || isFixed && savingSeconds == 0)
                {
                    Save();
                    budget.Pause(savingSeconds);
                }
            }
        }
        catch (OperationCanceledException stopped)
        {
            if (stopped is RanksLostException)
                progress?.Report(new ProgressNote($"step {description.StepsDone:N0} was the last that all ranks took: {stopped.Message}"));
            if (description.StepsDone > 0)
                Save();
            throw;
        }
        return description.Loss;
    }

    private double Step(int done, double rate)
    {
        using var scope = NewDisposeScope();
        var (rows, labels) = stream.Next(options.BatchTokens);
        pool.ZeroGradients();
        var loss = ranks.Totals(ranks.LanguageModelPart(pool, rows, labels, 1, options.Seed, null))[0];
        var gradient = pool.SumGradients();
        ranks.Sum(gradient);
        var norm = AdamW.Clip(gradient, ClipNorm);
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
            throw new KalmException(
                $"step {done}: the loss is {loss} and the gradient's norm {norm}; expected finite numbers: try a lower learning rate");
        optimizer.Step(gradient, rate);
        return loss;
    }

    private void Save()
    {
        if (kept is null)
            return;
        var clock = Stopwatch.StartNew();
        kept.Save(description, folder =>
        {
            using var scope = NewDisposeScope();
            TrainingState.Save(folder, description, learned, optimizer, NothingMore);
        });
        savingSeconds = clock.Elapsed.TotalSeconds;
        sinceSaved.Restart();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        pool.Dispose();
        optimizer.Dispose();
    }
}
