namespace Kalm.Evaluation;

/// <summary>Tells a count to an action at once, on the thread that reports it (<see cref="Progress{T}"/> would put it off).</summary>
internal sealed class Relay(Action<int> report) : IProgress<int>
{
    /// <summary>A relay of one stage, which begins now; null when nobody listens.</summary>
    public static Relay? Of(IProgress<EvaluationProgress>? progress, string stage, int total)
    {
        progress?.Report(new EvaluationProgress(stage, 0, total));
        return progress is null ? null : new Relay(done => progress.Report(new EvaluationProgress(stage, done, total)));
    }

    /// <inheritdoc/>
    public void Report(int value) => report(value);
}
