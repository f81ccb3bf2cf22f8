using Kalm.Extensions.Inference;
using Kalm.Language.Generation;
using Microsoft.Extensions.Logging;

namespace Kalm.Server;

/// <summary>Counts what the model's thread does, and logs what fails there.</summary>
internal sealed class ServerWatch(ServerMetrics metrics, ILogger log) : WorkerWatch
{
    /// <inheritdoc/>
    public override void Waiting(int jobs) => metrics.Waiting = jobs;

    /// <inheritdoc/>
    public override void Writing(int chats) => metrics.Writing = chats;

    /// <inheritdoc/>
    public override void Batched(int jobs) => metrics.Batched(jobs);

    /// <inheritdoc/>
    public override void Encoded(int tokens) => metrics.Encoded(tokens);

    /// <inheritdoc/>
    public override void Written(int tokens) => metrics.Written(tokens);

    /// <inheritdoc/>
    public override void Stepped(StepReport step, long prefixBytes)
    {
        metrics.Stepped(step);
        metrics.PrefixBytes = prefixBytes;
    }

    /// <inheritdoc/>
    public override void Failed(Job job, Exception error) => ServerLog.JobFailed(log, job.GetType().Name, error);
}
