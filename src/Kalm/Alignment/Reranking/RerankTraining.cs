using System.Diagnostics;
using Kalm.Completion.Reranking;
using Kalm.Language.Training;
using static TorchSharp.torch;

namespace Kalm.Alignment.Reranking;

/// <summary>The steps of a re-ranker.</summary>
/// <param name="model">What learns, the direction of verdicts among it.</param>
/// <param name="trees">Puts lessons into words.</param>
/// <param name="sampler">Draws them.</param>
/// <param name="options">Those of the run; its optimizer and the re-ranker's learning rate count.</param>
/// <param name="optimizer">Moves what is learned.</param>
/// <param name="average">The running mean that is the result.</param>
internal sealed class RerankTraining(
    AlignmentModel model, VerdictTrees trees, RerankSampler sampler, AlignmentOptions options, AdamW optimizer,
    ExponentialMovingAverage average)
{
    private const int WarmupSteps = 20;
    private const double RateShare = 1.0 / 3;

    /// <summary>Trains to the end of a budget.</summary>
    /// <param name="budget">How long.</param>
    /// <param name="reservedSeconds">What of a wall time is kept for what comes after the steps.</param>
    /// <param name="progress">Told of every step; may be null.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>The steps taken and their wall time in seconds.</returns>
    /// <exception cref="KalmException">The loss or the gradient is not finite.</exception>
    public (int Steps, double Seconds) Train(
        TrainingBudget budget, double reservedSeconds, IProgress<ProgressEvent>? progress, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var done = 0;
        while (budget.TotalSteps is not { } total || done < total)
        {
            cancellation.ThrowIfCancellationRequested();
            var rate = Schedule(budget).RateAt(done);
            var (loss, accuracy) = Take(done, rate);
            average.Update(done++);
            budget.Measure(done, WarmupSteps, reservedSeconds);
            progress?.Report(new ProgressStep(
                done, budget.TotalSteps, [new("loss", loss), new("accuracy", accuracy), new("learning_rate", rate)],
                budget.StepsPerSecond * options.Rerank.Queries, "queries/s",
                budget.Remaining(done, reservedSeconds)));
        }
        return (done, clock.Elapsed.TotalSeconds);
    }

    private LearningRateSchedule Schedule(TrainingBudget budget) => new(
        options.Rerank.LearningRate ?? RateShare * options.Optimizer.LearningRate!.Value,
        budget.TotalSteps is { } total ? Math.Min(WarmupSteps, total / 5) : WarmupSteps, budget.TotalSteps ?? int.MaxValue,
        options.Optimizer.FinalRateShare);

    private (double Loss, double Accuracy) Take(int step, double rate)
    {
        using var scope = NewDisposeScope();
        model.Decoder.ZeroGradients();
        var (loss, accuracy) = VerdictLoss.Add(
            model.Decoder, model.Verdict!,
            [.. sampler.Batch(step).Select(lesson => trees.Of(lesson.Request, step + 1, lesson.Lost))],
            Randomness.Seed(options.Seed, "rerank dropout", step));
        var gradient = model.Decoder.SumGradients();
        var norm = AdamW.Clip(gradient, options.Optimizer.ClipNorm);
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
            throw new KalmException($"step {step}: the loss is {loss} and the gradient's norm {norm}; expected finite numbers: try a lower "
                + "rerank.learning_rate");
        optimizer.Step(gradient, rate);
        return (loss, accuracy);
    }
}
