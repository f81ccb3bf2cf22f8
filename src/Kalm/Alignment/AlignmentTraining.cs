using System.Diagnostics;
using Kalm.Alignment.Keeping;
using Kalm.Alignment.Losses;
using Kalm.Distributed;
using Kalm.Language.Training;
using static TorchSharp.torch;

namespace Kalm.Alignment;

/// <summary>The training loop: steps, validations, checkpoints and the best of them as the result. Ranks go through it together; the first
/// has the run's folder, and decides by its clock and its figures.</summary>
internal sealed class AlignmentTraining(
    AlignmentModel model, AlignmentStep step, AdamW optimizer, Validation validation, RunFolder? run, RunDescription description,
    AlignmentOptions options, LanguageKeeper? keeper, CandidateBank? bank, ICollectives ranks, IProgress<ProgressEvent>? progress)
    : IDisposable
{
    private const double ValidationShare = 0.08;
    private const int MostValidations = 10;
    private readonly Tensor best = model.Learned.Values.clone().DetachFromDisposeScope();
    private readonly ExponentialMovingAverage average = new(model.Learned, options.Optimizer.EmaDecay);
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private RunDescription description = description;
    private readonly double earlierSeconds = description.Seconds;
    private readonly List<(double Seconds, Traffic Traffic)> shared = [];
    private double validationSeconds;
    private double savingSeconds;

    /// <summary>Goes back to the values and moments of the checkpoint that the run's description was read from.</summary>
    /// <param name="checkpoint">Its folder; null on other ranks than the first, which tells them what it holds.</param>
    public void Restore(string? checkpoint)
    {
        using var scope = NewDisposeScope();
        var state = State();
        if (checkpoint is not null)
            TrainingState.Restore(checkpoint, description.StepsDone, model.Learned, optimizer, state);
        ranks.FromFirst([model.Learned.Values, optimizer.FirstMoment, optimizer.SecondMoment, .. state.Values]);
        optimizer.StepCount = description.StepsDone;
        bank?.Restore(state);
    }

    /// <summary>Trains to the end of the budget and writes the result.</summary>
    /// <param name="budget">How long to train.</param>
    /// <param name="cancellation">Stops after the current step, with a checkpoint.</param>
    public RunDescription Train(TrainingBudget budget, CancellationToken cancellation)
    {
        var done = description.StepsDone;
        try
        {
            while (true)
            {
                if (IsValidationDue(done, budget))
                {
                    var watch = Stopwatch.StartNew();
                    Validate(done, cancellation);
                    if (done > 0)
                        SaveCheckpoint(done);
                    budget.Pause(watch.Elapsed.TotalSeconds);
                }
                if (done == budget.TotalSteps || HasLostPatience(done, budget))
                    break;
                ranks.ThrowIfStopped(cancellation);
                var rate = Schedule(budget).RateAt(done);
                var begun = Stopwatch.GetTimestamp();
                var report = step.Take(done, rate, IsFrom(options.Explicit.SelfNegativeFrom, done, budget));
                if (report.Traffic is { } traffic)
                    shared.Add((Stopwatch.GetElapsedTime(begun).TotalSeconds, traffic));
                average.Update(done);
                var isFixed = budget.Measure(++done, options.Optimizer.WarmupSteps, ReservedSeconds(), ranks);
                if (isFixed || description.TotalSteps is null && budget.TotalSteps is not null)
                    Update(description with { TotalSteps = budget.TotalSteps, PlannedValidations = ranks.FromFirst(ValidationCount) });
                Report(report, done, rate, budget);
                if (options.Budget.SaveEvery is { } every && done % every == 0 && !IsValidationDue(done, budget))
                    SaveCheckpoint(done);
            }
        }
        catch (OperationCanceledException stopped)
        {
            if (stopped is RanksLostException)
                progress?.Report(new ProgressNote($"step {done:N0} was the last that all ranks took: {stopped.Message}"));
            SaveCheckpoint(done);
            Update(description with { Status = RunStatus.Interrupted });
            throw;
        }
        return Finish(done, cancellation);
    }

    // Asked again after a stop, it says the same.
    private bool HasLostPatience(int done, TrainingBudget budget)
    {
        if (options.Budget is not { Patience: > 0 and var patience, KeepBest: true } || description.BestStep is not { } step
            || description.Validations.Count(validation => validation.Step > step) < patience)
            return false;
        progress?.Report(new ProgressNote(
            $"no better validation than that of step {step:N0} in {patience}: training ends at step {done:N0} of {budget.TotalSteps:N0}"));
        return true;
    }

    private RunDescription Finish(int done, CancellationToken cancellation)
    {
        using (no_grad())
            model.Learned.Values.copy_(best);
        model.KeepShare(options.Keep.Scale);
        run?.SaveResult(model.ResultName, folder => model.Save(folder, options.Wording));
        Update(description with
        {
            Status = RunStatus.Complete, StepsDone = done, BestStep = description.BestStep ?? done,
            MeanStep = MeanStep(), Kept = ranks.IsFirst() ? keeper?.Compare(cancellation) : null,
        });
        return description;
    }

    private RunStep? MeanStep() => shared.Count == 0 ? null : new RunStep(
        shared.Average(item => item.Seconds), shared.Average(item => item.Traffic.Seconds),
        (long)shared.Average(item => item.Traffic.Bytes));

    private void Validate(int done, CancellationToken cancellation)
    {
        if (!validation.IsPossible)
        {
            if (done == 0)
                progress?.Report(new ProgressNote("no valid split: the last step's weights are the result, not the best ones"));
            using var last = average.Use();
            Keep();
            return;
        }
        if (done == 0 && validation.Note is { } note)
            progress?.Report(new ProgressNote(note));
        var start = clock.Elapsed.TotalSeconds;
        using var averaged = average.Use();
        var measured = validation.Measure(progress, cancellation);
        var metrics = ranks.FromFirst(() => RunValidation.Of(done, measured!));
        validationSeconds = clock.Elapsed.TotalSeconds - start;
        // Step 0 is the base: it is shown, but a run's result is always trained.
        // Where ranks are no aim they choose nothing: the last weights are the result.
        var isBest = done > 0 && (options.Explicit.Weight == 0 || !options.Budget.KeepBest
            || description.Validations.Where(earlier => earlier.Step > 0)
                .All(earlier => earlier.MeanReciprocalRank < metrics.MeanReciprocalRank));
        run?.Plot(done, [new("valid_mrr", metrics.MeanReciprocalRank), new("valid_hits@10", metrics.HitsAt10)]);
        Update(description with { Validations = [.. description.Validations, metrics], BestStep = isBest ? done : description.BestStep });
        progress?.Report(new ProgressNote(
            $"validation at step {done}: MRR {metrics.MeanReciprocalRank:F3}  Hits@10 "
                + $"{metrics.HitsAt10:F3}{(isBest && options.Budget.KeepBest ? "  best so far" : "")}  ({validationSeconds:F1} s)"));
        if (isBest)
            Keep();
    }

    private void Keep()
    {
        using var noGradient = no_grad();
        best.copy_(model.Learned.Values);
    }

    private void Report(StepReport report, int done, double rate, TrainingBudget budget)
    {
        var speed = budget.StepsPerSecond * step.BatchSize;
        List<KeyValuePair<string, double>> measures =
        [
            new("loss", report.Loss), new("temperature", report.Temperature),
            new("learning_rate", rate), new("gradient_norm", report.GradientNorm),
            new("tokens", report.Tokens), new("triples_per_second", speed),
            new("seconds", clock.Elapsed.TotalSeconds),
        ];
        if (report.Accuracy is { } accuracy)
            measures.Insert(2, new("accuracy", accuracy));
        measures.InsertRange(1, report.Terms);
        if (report.Traffic is { } traffic)
            measures.AddRange([new("communication_bytes", traffic.Bytes), new("communication_seconds", traffic.Seconds)]);
        run?.Record(done, measures);
        progress?.Report(new ProgressStep(
            done, budget.TotalSteps, measures, speed, "triples/s", budget.Remaining(done, ReservedSeconds())));
    }

    private void SaveCheckpoint(int done)
    {
        if (run is null)
            return;
        var watch = Stopwatch.StartNew();
        Update(description with { StepsDone = done });
        Checkpoints.Save(run.Path, description.Id, done, description.BestStep, folder =>
        {
            using var scope = NewDisposeScope();
            using (average.Use())
                model.Save(folder, options.Wording);
            TrainingState.Save(folder, description, model.Learned, optimizer, State());
        });
        savingSeconds = watch.Elapsed.TotalSeconds;
    }

    private Dictionary<string, Tensor> State()
    {
        var state = new Dictionary<string, Tensor>(bank?.ToTensors() ?? [])
        {
            ["best"] = best,
        };
        if (average.Values is { } mean)
            state.Add("average", mean);
        return state;
    }

    private void Update(RunDescription changed)
    {
        description = changed with { Seconds = earlierSeconds + clock.Elapsed.TotalSeconds };
        run?.Describe(description);
    }

    private int ValidationCount() => description.PlannedValidations ?? (!validation.IsPossible ? 0 : options.Budget.Validations
        ?? (options.Budget.Minutes is { } minutes && validationSeconds > 0
            ? Math.Clamp((int)(ValidationShare * minutes * 60 / validationSeconds), 1, MostValidations) : 5));

    // What is written at the end is no more than a checkpoint.
    private double ReservedSeconds() =>
        Math.Max(1, ValidationCount() - Validated) * (validationSeconds + savingSeconds) + savingSeconds + (keeper?.CompareSeconds ?? 0);

    // After the first, which is of the base.
    private int Validated => description.Validations.Count(earlier => earlier.Step > 0);

    /// <summary>Before the first step, after the last, and evenly between; once each, also when a stop came in the middle of one.</summary>
    private bool IsValidationDue(int done, TrainingBudget budget)
    {
        if (description.Validations.Any(earlier => earlier.Step == done))
            return false;
        if (done == 0 || done == budget.TotalSteps)
            return true;
        // Where a number of steps is fixed again the places move: neither is one taken twice, nor are those made up for that were skipped.
        return budget.TotalSteps is { } total && ValidationCount() is > 0 and var count
            && done * (long)count / total is var due && due > Validated
            && due > (description.Validations is [.., var last] ? last.Step : 0) * (long)count / total;
    }

    private LearningRateSchedule Schedule(TrainingBudget budget) => new(
        options.Optimizer.LearningRate!.Value, WarmupSteps(budget),
        budget.TotalSteps ?? int.MaxValue, options.Optimizer.FinalRateShare);

    /// <summary>A short run has a short warm-up; under a time budget the warm-up is over before the number of steps is known.</summary>
    private int WarmupSteps(TrainingBudget budget) =>
        options.Budget.Minutes is null && budget.TotalSteps is { } total
            ? Math.Min(options.Optimizer.WarmupSteps, total / 5) : options.Optimizer.WarmupSteps;

    private static bool IsFrom(double share, int done, TrainingBudget budget) =>
        share == 0 || (budget.TotalSteps is { } total && done >= share * total);

    public void Dispose()
    {
        best.Dispose();
        average.Dispose();
    }
}
