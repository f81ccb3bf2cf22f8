using Kalm.Completion;
using Kalm.Files;
using Kalm.Graph;
using Kalm.Representation;
using Kalm.Server.Http;

namespace Kalm.Server;

/// <summary>Adds entities, and takes in what other servers over the same index folder added. All append to one file, one at a time under a
/// lock, and read it first; so nobody's is lost, and all number them alike.</summary>
/// <param name="served">What they are added to.</param>
internal sealed class EntityAdding(ServedModel served) : IDisposable
{
    private const int AtOnce = 256;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private readonly SemaphoreSlim turn = new(1);
    private volatile bool isSpoilt;

    /// <summary>Takes in what others added since; costs a look at the file when there is nothing.</summary>
    public async Task Refresh(CancellationToken cancellation)
    {
        if (isSpoilt || served.Catalog.IsCurrent)
            return;
        await turn.WaitAsync(cancellation);
        try
        {
            await TakeIn(cancellation);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Adds an entity; it outlives the server once this returns.</summary>
    /// <param name="make">Makes it, knowing what is there; may refuse.</param>
    /// <param name="cancellation">Ends the waiting; what is written is added all the same.</param>
    /// <exception cref="ApiException">Another server adds for too long, or the file was changed otherwise than by adding.</exception>
    public async Task<Entity> Add(Func<Entity> make, CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            using var held = await Lock(cancellation);
            if (!await TakeIn(cancellation))
                throw new ApiException(409, "invalid_request_error", $"{served.Catalog.AddedPath}: changed otherwise than by adding; "
                    + "expected what was added before at its beginning; a restart takes it as it is", null, "conflict");
            var entity = make();
            var vectors = await VectorsOf([entity], cancellation);
            // From here on it is added, whoever leaves: first where it outlives us, then where it has a name, then where it is found.
            served.Catalog.Save(entity);
            await Found(vectors);
            return entity;
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<IDisposable> Lock(CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(served.Catalog.AddedPath))!);
        for (var waited = TimeSpan.Zero; ; waited += Pause)
        {
            if (FileLock.TryTake(served.Catalog.AddedPath + ".lock") is { } held)
                return held;
            if (waited > Patience)
                throw ApiException.Busy($"another server has been adding entities for {Patience.TotalSeconds:F0} seconds");
            await Task.Delay(Pause, cancellation);
        }
    }

    // False when the file does not begin with what is known already, which is then kept as it is.
    private async Task<bool> TakeIn(CancellationToken cancellation)
    {
        if (isSpoilt || served.Catalog.IsCurrent)
            return !isSpoilt;
        (IReadOnlyList<Entity> Entities, FileStamp Stamp) written;
        try
        {
            written = served.Catalog.Written();
        }
        catch (KalmException)
        {
            written = ([], FileStamp.Of(served.Catalog.AddedPath));
            isSpoilt = true;
        }
        var known = served.Catalog.Added;
        isSpoilt |= !written.Entities.Take(known.Count).Select(Told).SequenceEqual(known.Select(Told));
        if (isSpoilt)
            return false;
        foreach (var block in written.Entities.Skip(served.Catalog.Added.Count).Chunk(AtOnce).ToList())
        {
            var vectors = await VectorsOf(block, cancellation);
            served.Catalog.Take(block, null);
            await Found(vectors);
        }
        served.Catalog.Take([], written.Stamp);
        return true;
    }

    private static (string, string) Told(Entity entity) => (entity.Id, entity.Description);

    private async Task<IReadOnlyList<float[]>> VectorsOf(IReadOnlyList<Entity> entities, CancellationToken cancellation) =>
        (await served.Encode(
            [.. entities.Select(entity => new ViewRequest(served.Model.Wording.Description(entity.Description), true, []))],
            [], cancellation)).Vectors;

    private Task<bool> Found(IReadOnlyList<float[]> vectors) => served.Call(
        _ =>
        {
            served.Index.Vectors.Add(vectors);
            return true;
        }, CancellationToken.None);

    /// <inheritdoc/>
    public void Dispose() => turn.Dispose();
}
