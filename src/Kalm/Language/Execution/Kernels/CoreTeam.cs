namespace Kalm.Language.Execution.Kernels;

/// <summary>Threads that share the parts of one short operation after another. Between two of them they wait in a loop for a moment,
/// because waking a thread takes longer than such an operation; then they sleep.</summary>
internal sealed class CoreTeam : IDisposable
{
    private const int Spins = 2000;
    private readonly Thread[] helpers;
    private readonly SemaphoreSlim wake = new(0);
    private volatile Work? current;
    private int sleeping;
    private volatile bool isDisposed;

    /// <summary>Starts the threads.</summary>
    /// <param name="threads">How many work, the one that asks included.</param>
    public CoreTeam(int threads)
    {
        helpers = [.. Enumerable.Range(1, Math.Max(0, threads - 1)).Select(index =>
            new Thread(Help) { IsBackground = true, Name = $"core {index}" })];
        foreach (var helper in helpers)
            helper.Start();
    }

    /// <summary>Whether the helpers take part; otherwise the thread that asks does everything. One thread at a time may ask an open
    /// team.</summary>
    public bool IsOpen { get; set; }

    /// <summary>Does the parts of an operation, in any order, and comes back when all are done.</summary>
    /// <param name="count">The number of parts.</param>
    /// <param name="portion">How many are taken at a time.</param>
    /// <param name="part">Given the first of some parts and the one behind the last; must not throw.</param>
    public void Run(int count, int portion, Action<int, int> part)
    {
        if (!IsOpen || helpers.Length == 0 || count <= portion)
        {
            part(0, count);
            return;
        }
        var work = new Work(count, portion, part);
        current = work;
        if (Volatile.Read(ref sleeping) > 0)
            wake.Release(helpers.Length);
        work.TakePart();
        var spin = default(SpinWait);
        while (!work.IsDone)
            spin.SpinOnce(sleep1Threshold: -1);
        current = null;
    }

    private void Help()
    {
        Work? last = null;
        var idle = 0;
        while (!isDisposed)
        {
            var work = current;
            if (work is not null && work != last)
            {
                work.TakePart();
                (last, idle) = (work, 0);
            }
            else if (++idle < Spins)
                Thread.SpinWait(8);
            else
            {
                Interlocked.Increment(ref sleeping);
                // What began in between is taken part in without being woken.
                if (current is null || current == last)
                    wake.Wait();
                Interlocked.Decrement(ref sleeping);
                idle = 0;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        isDisposed = true;
        wake.Release(Math.Max(1, helpers.Length));
        foreach (var helper in helpers)
            helper.Join();
        wake.Dispose();
    }

    private sealed class Work(int count, int portion, Action<int, int> part)
    {
        private int next;
        private int done;

        public bool IsDone => Volatile.Read(ref done) == count;

        public void TakePart()
        {
            while (true)
            {
                var from = Interlocked.Add(ref next, portion) - portion;
                if (from >= count)
                    return;
                var to = Math.Min(from + portion, count);
                part(from, to);
                Interlocked.Add(ref done, to - from);
            }
        }
    }
}
