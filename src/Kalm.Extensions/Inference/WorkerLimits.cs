using Kalm.Language.Generation;

namespace Kalm.Extensions.Inference;

/// <summary>How much the model's thread does at once, and how long it lets jobs wait.</summary>
internal sealed record WorkerLimits
{
    /// <summary>Jobs that may wait for the model.</summary>
    public int Queue { get; init; } = 256;

    /// <summary>Views that are encoded together.</summary>
    public int BatchViews { get; init; } = 256;

    /// <summary>Chats that are written at the same time; others wait.</summary>
    public int Chats { get; init; } = 32;

    /// <summary>How long a job may wait before it is refused.</summary>
    public TimeSpan QueueTime { get; init; } = TimeSpan.MaxValue;

    /// <summary>How long a chat may be written.</summary>
    public TimeSpan ChatTime { get; init; } = TimeSpan.MaxValue;
}

/// <summary>Sees what the model's thread does; this one looks away.</summary>
internal class WorkerWatch
{
    /// <summary>So many jobs wait.</summary>
    public virtual void Waiting(int jobs) { }

    /// <summary>So many chats are being written.</summary>
    public virtual void Writing(int chats) { }

    /// <summary>So many jobs are encoded together.</summary>
    public virtual void Batched(int jobs) { }

    /// <summary>So many tokens are encoded.</summary>
    public virtual void Encoded(int tokens) { }

    /// <summary>A step of the chats was done.</summary>
    /// <param name="step">What it did.</param>
    /// <param name="prefixBytes">What is kept of chats that have ended, in bytes.</param>
    public virtual void Stepped(StepReport step, long prefixBytes) { }

    /// <summary>So many tokens were written.</summary>
    public virtual void Written(int tokens) { }

    /// <summary>A job failed; whoever asked is told.</summary>
    public virtual void Failed(Job job, Exception error) { }
}
