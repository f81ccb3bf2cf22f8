using System.Diagnostics;
using Kalm.Language.Training;
using static TorchSharp.torch;

namespace Kalm.Alignment;

/// <summary>The training loop: steps, validations, checkpoints and the best of them as the result.</summary>
internal sealed class AlignmentTraining(
    AlignmentModel model, AlignmentStep step, Validation validation, RunFolder run, RunDescription description,
    AlignmentOptions options, IProgress<TrainingEvent>? progress) : IDisposable
{
    private const double DefaultRate = 3e-3;
    private const double ValidationShare = 0.08;
    private const int MostValidations = 10;
    private readonly Tensor best = model.Learned.Values.clone().DetachFromDisposeScope();
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private RunDescription description = description;
    private double validationSeconds;

    /// <summary>Trains to the end of the budget and writes the result.</summary>
    public RunDescription Train(TrainingBudget budget, CancellationToken cancellation)
    {
        var done = 0;
        try
        {
            Validate(0, cancellation);
            var rate = new RateMeter();
            while (budget.TotalSteps is not { } total || done < total)
            {
                cancellation.ThrowIfCancellationRequested();
                var report = step.Take(done, Schedule(budget).RateAt(done), WithOwnHead(done, budget));
                Report(report, ++done, budget, rate);
                if (budget.Measure(done, options.WarmupSteps, ReservedSeconds()))
                    Update(description with { TotalSteps = budget.TotalSteps });
                if (IsValidationDue(done, budget) || done == budget.TotalSteps)
                {
                    var watch = Stopwatch.StartNew();
                    Validate(done, cancellation);
                    SaveCheckpoint(done);
                    rate.Pause(watch.Elapsed.TotalSeconds);
                }
                else if (options.SaveEvery is { } every && done % every == 0)
                {
                    SaveCheckpoint(done);
                }
            }
        }
        catch (OperationCanceledException)
        {
            SaveCheckpoint(done);
            Update(description with { Status = RunStatus.Interrupted, StepsDone = done });
            throw;
        }
        return Finish(done);
    }

    private RunDescription Finish(int done)
    {
        using (no_grad())
            model.Learned.Values.copy_(best);
        run.SaveResult(model.ResultName, folder => model.Save(folder, options.Wording));
        Update(description with { Status = RunStatus.Complete, StepsDone = done, BestStep = description.BestStep ?? done });
        return description;
    }

    private void Validate(int done, CancellationToken cancellation)
    {
        if (!validation.IsPossible)
        {
            if (done == 0)
                progress?.Report(new TrainingNote("no valid split: the last step's weights are the result, not the best ones"));
            Keep();
            return;
        }
        var start = clock.Elapsed.TotalSeconds;
        var metrics = RunValidation.Of(done, validation.Measure(progress, cancellation));
        validationSeconds = clock.Elapsed.TotalSeconds - start;
        // Step 0 is the base: it is shown, but a run's result is always trained.
        var isBest = done > 0 && description.Validations.Where(earlier => earlier.Step > 0).All(earlier => earlier.MeanReciprocalRank < metrics.MeanReciprocalRank);
        run.Record(done, [new("valid_mrr", metrics.MeanReciprocalRank), new("valid_hits@10", metrics.HitsAt10)]);
        Update(description with { Validations = [.. description.Validations, metrics], BestStep = isBest ? done : description.BestStep });
        progress?.Report(new TrainingNote(
            $"validation at step {done}: MRR {metrics.MeanReciprocalRank:F3}  Hits@10 {metrics.HitsAt10:F3}{(isBest ? "  best so far" : "")}  ({validationSeconds:F1} s)"));
        if (isBest)
            Keep();
    }

    private void Keep()
    {
        using var noGradient = no_grad();
        best.copy_(model.Learned.Values);
    }

    private void Report(StepReport report, int done, TrainingBudget budget, RateMeter rate)
    {
        var stepsPerSecond = rate.Add();
        List<KeyValuePair<string, double>> measures =
        [
            new("loss", report.Loss), new("explicit", report.Explicit), new("temperature", report.Temperature),
            new("accuracy", report.Accuracy), new("learning_rate", Schedule(budget).RateAt(done - 1)), new("gradient_norm", report.GradientNorm),
            new("tokens", report.Tokens), new("triples_per_second", stepsPerSecond * step.BatchSize), new("seconds", clock.Elapsed.TotalSeconds),
        ];
        if (report.Implicit is { } language)
            measures.Insert(2, new("implicit", language));
        run.Record(done, measures);
        var remaining = budget.TotalSteps is { } total ? TimeSpan.FromSeconds((total - done) / stepsPerSecond + ReservedSeconds() * (total - done) / total) : (TimeSpan?)null;
        progress?.Report(new TrainingStep(done, budget.TotalSteps, measures, stepsPerSecond * step.BatchSize, "triples/s", remaining));
    }

    private void SaveCheckpoint(int done) =>
        run.SaveCheckpoint(done, description.BestStep, folder => model.Save(folder, options.Wording));

    private void Update(RunDescription changed)
    {
        description = changed with { Seconds = clock.Elapsed.TotalSeconds };
        run.Describe(description);
    }

    private int ValidationCount() => !validation.IsPossible ? 0 : options.Validations
        ?? (options.Minutes is { } minutes && validationSeconds > 0 ? Math.Clamp((int)(ValidationShare * minutes * 60 / validationSeconds), 1, MostValidations) : 5);

    private double ReservedSeconds() => ValidationCount() * validationSeconds;

    private bool IsValidationDue(int done, TrainingBudget budget) =>
        budget.TotalSteps is { } total && ValidationCount() is > 0 and var count && done * (long)count / total > (done - 1) * (long)count / total;

    private LearningRateSchedule Schedule(TrainingBudget budget) => new(
        options.LearningRate ?? DefaultRate, Math.Min(options.WarmupSteps, (budget.TotalSteps ?? int.MaxValue) / 5),
        budget.TotalSteps ?? int.MaxValue, options.FinalRateShare);

    private bool WithOwnHead(int done, TrainingBudget budget) =>
        options.OwnHeadFrom == 0 || (budget.TotalSteps is { } total && done >= options.OwnHeadFrom * total);

    public void Dispose() => best.Dispose();

    /// <summary>Steps a second over the last steps.</summary>
    private sealed class RateMeter
    {
        private const int Window = 50;
        private readonly Queue<double> times = new();
        private readonly Stopwatch clock = Stopwatch.StartNew();
        private double paused;

        public void Pause(double seconds) => paused += seconds;

        public double Add()
        {
            var now = clock.Elapsed.TotalSeconds - paused;
            var first = times.Count > 0 ? times.Peek() : 0;
            times.Enqueue(now);
            if (times.Count > Window)
                times.Dequeue();
            return Math.Max(1, times.Count - 1) / Math.Max(1e-9, now - first);
        }
    }
}
