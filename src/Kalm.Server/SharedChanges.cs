using System.Collections.Concurrent;
using Kalm.Completion;
using Kalm.Extensions;
using Kalm.Files;
using Kalm.Server.Http;

namespace Kalm.Server;

/// <summary>Makes changes of entities and facts, and takes in what other servers over the same index folder made. All append to one log
/// under a lock, read it first, and number entities alike; so nothing that one of them acknowledged is lost. Whoever waits together is
/// written together.</summary>
/// <param name="served">What is changed.</param>
internal sealed class SharedChanges(ServedModel served) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(3);
    private readonly ConcurrentQueue<Wish> wishes = new();

    // The one who writes has the first, whoever reads or writes the log the second: nobody who only asks waits for the lock.
    private readonly SemaphoreSlim writing = new(1);
    private readonly SemaphoreSlim reading = new(1);

    /// <summary>A change that somebody waits for.</summary>
    private sealed record Wish(Func<Catalog, Change?> Make, string? Text, float[]? Vector)
    {
        public TaskCompletionSource<(Catalog Catalog, Change? Made)> Outcome { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Takes in what others changed since; costs a look at the file when there is nothing.</summary>
    public async Task Refresh(CancellationToken cancellation)
    {
        if (served.Catalog.Log.IsCurrent)
            return;
        await reading.WaitAsync(cancellation);
        try
        {
            if (!served.Catalog.Log.IsCurrent)
                await Follow();
        }
        finally
        {
            reading.Release();
        }
    }

    /// <summary>Makes a change; it outlives the server once this returns.</summary>
    /// <param name="text">The text that an entity gets by it; null for none.</param>
    /// <param name="make">Makes it, knowing all that was changed before, its number and time left open; null when nothing is to be
    /// changed; may refuse.</param>
    /// <param name="cancellation">Ends the waiting; what has begun is done all the same.</param>
    /// <returns>The catalog right behind it, and the change.</returns>
    /// <exception cref="ApiException">Another server writes for too long, the log is damaged, or the change is refused.</exception>
    public async Task<(Catalog Catalog, Change? Made)> Make(string? text, Func<Catalog, Change?> make, CancellationToken cancellation)
    {
        var vector = text is null ? null : await served.Call(_ => served.Completer.VectorOf(text), cancellation);
        var wish = new Wish(make, text, vector);
        wishes.Enqueue(wish);
        _ = Write();
        return await wish.Outcome.Task;
    }

    private async Task Write()
    {
        List<Wish> taken = [];
        await writing.WaitAsync(CancellationToken.None);
        try
        {
            if (wishes.IsEmpty)
                return;
            using (await Lock())
            {
                await reading.WaitAsync(CancellationToken.None);
                try
                {
                    while (wishes.TryDequeue(out var wish))
                        taken.Add(wish);
                    await Fulfil(taken);
                }
                finally
                {
                    reading.Release();
                }
            }
            // Another server's turn, if it waits.
            await Task.Delay(Pause);
        }
#pragma warning disable CA1031 // Told to all who wait.
        catch (Exception error)
#pragma warning restore CA1031
        {
            while (wishes.TryDequeue(out var wish))
                taken.Add(wish);
            taken.ForEach(wish => wish.Outcome.TrySetException(error));
        }
        finally
        {
            writing.Release();
        }
    }

    private async Task Fulfil(List<Wish> taken)
    {
        await Follow();
        var catalog = served.Catalog;
        if (catalog.Log.Damage is { } damage)
            throw ApiException.Conflict(null, $"nothing can be changed while the log of changes is damaged: {damage}");
        var (touched, made) = (new SortedSet<int>(), new List<(Wish Wish, Catalog Catalog, Change? Change)>());
        foreach (var wish in taken)
            try
            {
                var change = wish.Make(catalog) is { } wanted ? wanted with
                {
                    Number = catalog.Number + 1, Time = DateTimeOffset.UtcNow,
                } : null;
                catalog = change is null ? catalog : catalog.With(change, touched);
                made.Add((wish, catalog, change));
            }
            catch (Exception error) when (error is ApiException or KalmException)
            {
                wish.Outcome.TrySetException(error);
            }
        var changes = made.Where(item => item.Change is not null).ToList();
        if (changes.Count > 0)
        {
            // First where it outlives us, then where it has a name and is found.
            served.Completer.Keep(changes.Where(item => item.Wish.Vector is not null).Select(item => (item.Wish.Text!, item.Wish.Vector!)));
            catalog = catalog.Appended([.. changes.Select(item => item.Change!)]);
            await Take(catalog, touched);
        }
        made.ForEach(item => item.Wish.Outcome.TrySetResult((item.Catalog, item.Change)));
    }

    private async Task Follow()
    {
        if (served.Catalog.Log.IsCurrent)
            return;
        var (catalog, touched) = served.Catalog.Follow();
        await Take(catalog, touched);
    }

    private async Task Take(Catalog catalog, IReadOnlySet<int> touched)
    {
        for (; ; await Task.Delay(Pause))
            try
            {
                await served.Call(_ => { served.Completer.Take(catalog, touched); return true; }, CancellationToken.None);
                return;
            }
            catch (ModelUnavailableException error) when (error.IsBusy)
            {
                // What is written must be taken in, however many wait for the model.
            }
    }

    private async Task<IDisposable> Lock()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(served.Catalog.Log.LockPath))!);
        for (var waited = TimeSpan.Zero; ; waited += Pause)
        {
            if (FileLock.TryTake(served.Catalog.Log.LockPath) is { } held)
                return held;
            if (waited > Patience)
                throw ApiException.Busy($"another server has been writing changes for {Patience.TotalSeconds:F0} seconds");
            await Task.Delay(Pause);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        writing.Dispose();
        reading.Dispose();
    }
}
