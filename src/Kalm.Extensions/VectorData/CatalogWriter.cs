using Kalm.Completion;
using Kalm.Files;

namespace Kalm.Extensions.VectorData;

/// <summary>Writes changes of entities to the log that all who share an index follow, as a server does: under the log's lock, knowing all
/// that others wrote, and on the disk before anyone is told. For one thread at a time.</summary>
/// <param name="completer">Takes the changes in.</param>
internal sealed class CatalogWriter(Completer completer)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Takes in what others wrote.</summary>
    public void Follow()
    {
        if (completer.Catalog.Log.IsCurrent)
            return;
        var (catalog, touched) = completer.Catalog.Follow();
        completer.Take(catalog, touched);
    }

    /// <summary>Makes changes, all or none.</summary>
    /// <param name="make">Makes one, knowing the catalog right before it, its number and time left open; null for none.</param>
    /// <exception cref="KalmException">Another writes for too long, the log is damaged, or a change is refused.</exception>
    public void Write(IReadOnlyList<Func<Catalog, Change?>> make)
    {
        using var held = Lock();
        Follow();
        if (completer.Catalog.Log.Damage is { } damage)
            throw new KalmException($"nothing can be changed while the log of changes is damaged: {damage}");
        var (catalog, touched, changes) = (completer.Catalog, new SortedSet<int>(), new List<Change>());
        foreach (var one in make)
            if (one(catalog) is { } wanted)
            {
                var change = wanted with { Number = catalog.Number + 1, Time = DateTimeOffset.UtcNow };
                catalog = catalog.With(change, touched);
                changes.Add(change);
            }
        if (changes.Count == 0)
            return;
        completer.Keep([.. changes.Select(change => change.Text).OfType<string>().Distinct()
            .Select(text => (text, completer.VectorOf(text)))]);
        completer.Take(catalog.Appended(changes), touched);
    }

    private IDisposable Lock()
    {
        var path = completer.Catalog.Log.LockPath;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        for (var waited = TimeSpan.Zero; ; waited += Pause)
        {
            if (FileLock.TryTake(path) is { } held)
                return held;
            if (waited > Patience)
                throw new KalmException($"{path}: held by another for {Patience.TotalSeconds:F0} seconds; expected to write changes");
            Thread.Sleep(Pause);
        }
    }
}
