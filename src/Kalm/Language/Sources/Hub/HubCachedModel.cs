namespace Kalm.Language.Sources.Hub;

/// <summary>A model that the cache holds whole.</summary>
internal static class HubCachedModel
{
    /// <summary>Looks for the snapshot that the revision meant last.</summary>
    /// <returns>The snapshot if all its weights are there; otherwise what is missing, to go on with a sentence.</returns>
    public static (HubSnapshot? Snapshot, string Missing) Find(HubModelId id, HubSettings settings)
    {
        var cache = new HubCache(settings, id.Repository);
        if (cache.CachedCommit(id.Revision) is not { } commit)
            return (null, "not in the cache");
        try
        {
            var need = HubNeed.For(id, cache.Files(commit));
            var shards = need.Index is { } index ? HubNeed.Shards(cache.SnapshotFile(commit, index), index) : [];
            if (shards.FirstOrDefault(shard => !cache.Has(commit, shard)) is { } absent)
                return (null, $"{absent} is not in the cache");
            var gguf = need.Gguf is { } file ? cache.SnapshotFile(commit, file) : null;
            return (new HubSnapshot(id, commit, cache.SnapshotFolder(commit), gguf, 0, []), "");
        }
        catch (HubFailure failure)
        {
            return (null, $"not whole in the cache ({failure.Message.ReplaceLineEndings("; ")})");
        }
    }
}
