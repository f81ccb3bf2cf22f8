using Kalm.Files;

namespace Kalm.Language.Sources.Hub;

/// <summary>Models of the Hugging Face hub, in the cache that <c>huggingface_hub</c> shares.</summary>
public static class HubModels
{
    /// <summary>Looks the model up, fetches what the cache lacks of it, and tells where it lies. Where the hub cannot be reached, or
    /// refuses, the snapshot in the cache is taken, with a warning. Broken off, it leaves nothing that could be taken for a whole
    /// file.</summary>
    /// <param name="id">The model.</param>
    /// <param name="settings">Usually <see cref="HubSettings.FromEnvironment"/>.</param>
    /// <param name="progress">Told of the bytes, at most some ten times a second; not told of a model that is there.</param>
    /// <param name="cancellation">Ends it; the next call goes on where this one stopped.</param>
    /// <exception cref="KalmException">The model is not to be had; the message says why and what to do.</exception>
    public static async Task<HubSnapshot> FetchAsync(
        HubModelId id, HubSettings settings, IProgress<HubProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        ArgumentNullException.ThrowIfNull(settings);
        if (HubModelIdText.Fault(id) is { } fault)
            throw new KalmException($"{FileFault.Quote(id.ToString())} is no model of the hub: {fault}; expected {HubModelIdText.Form}");
        try
        {
            var (cached, missing) = HubCachedModel.Find(id, settings);
            if (settings.IsOffline)
                return cached ?? throw new KalmException(
                    $"{id}: {missing} and HF_HUB_OFFLINE forbids to fetch it\nthe cache is {settings.CacheFolder}");
            using var fetch = new HubFetch(id, settings, progress);
            try
            {
                return await fetch.Run(cached is null ? HubFetch.AttemptsWithoutCache : 1, cancellation);
            }
            catch (HubFailure failure) when (failure.AllowsCache && cached is not null && !fetch.HasBegun)
            {
                // What a commit holds does not change, so nothing newer is missed.
                if (HubCache.IsCommit(id.Revision))
                    return cached;
                var reason = failure.Message.Split('\n')[0];
                return cached with { Warnings = [$"{reason}; took what the cache has, commit {cached.Commit[..8]}"] };
            }
            catch (HubFailure failure)
            {
                var isAway = failure is { IsTransient: true, AllowsCache: true } && !fetch.HasBegun;
                throw new KalmException(
                    isAway ? $"{id}: {missing} and the hub cannot be reached: {failure.Message}" : failure.Message, failure);
            }
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(settings.CacheFolder, "use the cache of the hub", error);
        }
    }

    /// <summary><see cref="FetchAsync"/>, waited for.</summary>
    /// <inheritdoc cref="FetchAsync" path="/param|/exception"/>
    public static HubSnapshot Fetch(
        HubModelId id, HubSettings settings, IProgress<HubProgress>? progress = null, CancellationToken cancellation = default) =>
        Task.Run(() => FetchAsync(id, settings, progress, cancellation), cancellation).GetAwaiter().GetResult();
}
