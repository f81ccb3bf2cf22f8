using Kalm.Files;

namespace Kalm.Language.Sources.Hub;

/// <summary>One model fetched: the hub is asked what it consists of, then of each missing file what it is, and only when all of that is
/// known and fits on the disk does anything come.</summary>
internal sealed class HubFetch : IDisposable
{
    /// <summary>How often the first question is asked when the cache has no answer.</summary>
    public const int AttemptsWithoutCache = 3;

    private readonly HubModelId id;
    private readonly HubSettings settings;
    private readonly HubHttp http;
    private readonly HubClient client;
    private readonly HubCache cache;
    private readonly HubMeter meter;
    private readonly List<string> warnings = [];

    public HubFetch(HubModelId id, HubSettings settings, IProgress<HubProgress>? progress)
    {
        (this.id, this.settings) = (id, settings);
        cache = new HubCache(settings, id.Repository);
        meter = new HubMeter(progress);
        http = new HubHttp(settings, meter.Report);
        client = new HubClient(http, id, settings);
    }

    /// <summary>Whether a file has been asked for, so that the user sees something new coming.</summary>
    public bool HasBegun { get; private set; }

    public void Dispose() => http.Dispose();

    /// <summary>Fetches what is missing.</summary>
    /// <exception cref="HubFailure">The hub refuses or cannot be reached.</exception>
    /// <exception cref="KalmException">The disk is too small, or the file system refuses.</exception>
    public async Task<HubSnapshot> Run(int attempts, CancellationToken cancellation)
    {
        var info = await client.Info(attempts, cancellation);
        if (!info.Name.Equals(id.Repository, StringComparison.OrdinalIgnoreCase))
            warnings.Add($"{id.Repository} is now named {FileFault.Plain(info.Name)}");
        var need = HubNeed.For(id, info.Files);
        await Fetch(info.Commit, need.Files, cancellation);
        if (need.Index is { } index)
        {
            var shards = HubNeed.Shards(cache.SnapshotFile(info.Commit, index), index);
            if (shards.Except(info.Files.Select(file => file.Name)).FirstOrDefault() is { } absent)
                throw new HubFailure($"{id}: {index} names {FileFault.Plain(absent)}, which is not in the repository");
            await Fetch(info.Commit, shards, cancellation);
        }
        cache.StoreRef(id.Revision, info.Commit);
        return new HubSnapshot(id, info.Commit, cache.SnapshotFolder(info.Commit),
            need.Gguf is { } gguf ? cache.SnapshotFile(info.Commit, gguf) : null, meter.Received, warnings);
    }

    private async Task Fetch(string commit, IReadOnlyList<string> names, CancellationToken cancellation)
    {
        var missing = new List<HubFileState>();
        foreach (var name in names)
            if (!cache.Has(commit, name))
                missing.Add(await client.State(commit, name, cancellation));
        if (missing.Count == 0)
            return;
        RequireSpace(missing);
        HasBegun = true;
        meter.Expect(missing.Sum(file => file.Size));
        var download = new HubDownload(client, http, cache, settings, meter, warnings);
        foreach (var file in missing)
            await download.Fetch(commit, file, cancellation);
    }

    private void RequireSpace(IReadOnlyList<HubFileState> missing)
    {
        var needed = missing.DistinctBy(file => file.Tag).Where(file => !cache.HasBlob(file.Tag))
            .Sum(file => file.Size - Begun(file));
        var folder = settings.CacheFolder;
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { } parent)
            folder = parent;
        long free;
        try
        {
            free = settings.FreeSpace(folder);
        }
        catch (Exception error) when (FileFault.Is(error) || error is ArgumentException)
        {
            // A file system that does not tell; it will when it is full.
            return;
        }
        if (needed > free)
            throw new KalmException($"{id}: needs {HubFile.Show(needed)}, and {HubFile.Show(free)} are free at {settings.CacheFolder}\n"
                + "make room, or name a larger place with HF_HUB_CACHE");
    }

    private long Begun(HubFileState file) =>
        new FileInfo(cache.Incomplete(file.Tag)) is { Exists: true, Length: var length } && length <= file.Size ? length : 0;
}
