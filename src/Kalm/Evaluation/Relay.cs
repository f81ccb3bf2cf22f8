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

    /// <summary>A relay of the tokens of a part of the stage.</summary>
    /// <param name="start">What is done before it.</param>
    /// <param name="end">What is done behind it.</param>
    /// <param name="tokens">The tokens of the part.</param>
    public Relay Within(int start, int end, int tokens) => new(read => report(start + (int)((long)(end - start) * read / tokens)));

    /// <inheritdoc/>
    public void Report(int value) => report(value);
}
