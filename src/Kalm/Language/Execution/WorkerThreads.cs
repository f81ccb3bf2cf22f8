using System.Runtime.ExceptionServices;
using Kalm.Engine;

namespace Kalm.Language.Execution;

/// <summary>A fixed set of threads that run the same action side by side. They live as long as this object, because the tensor
/// library keeps its scopes, gradient modes and thread counts per thread.</summary>
public sealed class WorkerThreads : IDisposable
{
    private readonly Thread[] threads;
    private readonly SemaphoreSlim[] starts;
    private readonly CountdownEvent finished;
    private readonly Exception?[] failures;
    private readonly Lock running = new();
    private Action<int>? action;

    /// <summary>Starts the threads.</summary>
    /// <param name="count">How many.</param>
    /// <param name="threadsEach">How many threads the tensor library may use inside each of them.</param>
    public WorkerThreads(int count, int threadsEach)
    {
        starts = [.. Enumerable.Range(0, count).Select(_ => new SemaphoreSlim(0))];
        finished = new CountdownEvent(count);
        failures = new Exception?[count];
        threads = [.. Enumerable.Range(0, count)
            .Select(index => new Thread(() => Work(index, threadsEach)) { IsBackground = true, Name = $"decoder {index}" })];
        foreach (var thread in threads)
            thread.Start();
    }

    /// <summary>The number of threads.</summary>
    public int Count => threads.Length;

    /// <summary>Runs the action once on every thread, with the thread's index, and waits for all; whoever calls meanwhile waits.</summary>
    /// <exception cref="Exception">The first failure, after all threads have ended.</exception>
    public void Run(Action<int> work)
    {
        lock (running)
            RunAll(work);
    }

    private void RunAll(Action<int> work)
    {
        action = work;
        finished.Reset();
        Array.Clear(failures);
        foreach (var start in starts)
            start.Release();
        finished.Wait();
        action = null;
        if (failures.FirstOrDefault(failure => failure is not null) is { } first)
            ExceptionDispatchInfo.Throw(first);
    }

    /// <summary>Runs the action on one of the threads and waits for it.</summary>
    public void RunOn(int worker, Action work) => Run(index =>
    {
        if (index == worker)
            work();
    });

    private void Work(int index, int threadsEach)
    {
        EngineThreads.Use(threadsEach);
        while (true)
        {
            starts[index].Wait();
            if (action is null)
                return;
            try
            {
                action(index);
            }
#pragma warning disable CA1031 // Every failure is handed to the thread that asked for the work.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                failures[index] = failure;
            }
            finished.Signal();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        action = null;
        foreach (var start in starts)
            start.Release();
        foreach (var thread in threads)
            thread.Join();
        foreach (var start in starts)
            start.Dispose();
        finished.Dispose();
    }
}
