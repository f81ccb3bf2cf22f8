using System.Globalization;
using Kalm.Files;

namespace Kalm.Language.Sources.Hub;

/// <summary>The three questions that are put to the hub about one model: what it consists of, what a file is, and the file
/// itself.</summary>
internal sealed class HubClient(HubHttp http, HubModelId id, HubSettings settings)
{
    /// <summary>How often a request is tried that nothing can replace.</summary>
    public const int Attempts = 5;

    private const int MostInfoBytes = 64 << 20;

    // Larger than any disk, small enough to add up.
    private const long MostFileBytes = 1L << 50;

    /// <summary>Looks the revision up.</summary>
    /// <exception cref="HubFailure">There is no such model or revision, or no answer.</exception>
    public Task<HubModelInfo> Info(int attempts, CancellationToken cancellation) => http.Repeat(attempts, async () =>
    {
        var address = new Uri(http.Address(["api", "models", .. id.Repository.Split('/'), "revision", id.Revision]) + "?blobs=true");
        using var response = await http.Send(HttpMethod.Get, address, 0, leavesHub: true, settings.MetadataTimeout, cancellation);
        if (!response.IsSuccessStatusCode)
            throw HubAnswer.Failure(response, id, settings, file: null);
        return HubModelInfo.Read(await Content(response, address, cancellation), id, address);
    }, cancellation);

    /// <summary>Asks what a file of a commit is.</summary>
    /// <exception cref="HubFailure">It may not be had, is not there, or no answer came.</exception>
    public Task<HubFileState> State(string commit, string file, CancellationToken cancellation) => http.Repeat(Attempts, async () =>
    {
        using var response = await http.Send(
            HttpMethod.Head, FileAddress(commit, file), 0, leavesHub: false, settings.MetadataTimeout, cancellation);
        // A redirect away from the hub tells of the file as a success does.
        if ((int)response.StatusCode >= 400)
            throw HubAnswer.Failure(response, id, settings, file);
        var tag = Tag(HubAnswer.Header(response, "X-Linked-Etag") ?? HubAnswer.Header(response, "ETag"));
        var size = long.TryParse(
            HubAnswer.Header(response, "X-Linked-Size"), NumberStyles.None, CultureInfo.InvariantCulture, out var linked)
            ? linked : response.Content.Headers.ContentLength;
        if (tag is null || size is null or > MostFileBytes)
            throw new HubFailure($"{settings.Endpoint.Host}: {FileFault.Plain(file)}: found no {(tag is null ? "ETag" : "size")} "
                + "in the answer, expected a hub's\nis HF_ENDPOINT a hub's address, and does the proxy let its headers pass?");
        return new HubFileState(file, tag, size.Value);
    }, cancellation);

    /// <summary>Asks for the content of a file from a byte on; once, because only the caller knows how far it came.</summary>
    /// <exception cref="HubFailure">It may not be had, or no answer came.</exception>
    public async Task<HttpResponseMessage> Open(string commit, string file, long from, CancellationToken cancellation)
    {
        var response = await http.Send(
            HttpMethod.Get, FileAddress(commit, file), from, leavesHub: true, settings.DownloadTimeout, cancellation);
        if (response.IsSuccessStatusCode || (int)response.StatusCode == 416)
            return response;
        using (response)
            throw HubAnswer.Failure(response, id, settings, file);
    }

    private Uri FileAddress(string commit, string file) =>
        http.Address([.. id.Repository.Split('/'), "resolve", commit, .. file.Split('/')]);

    // "abc" and W/"abc" mean the same content.
    private static string? Tag(string? header)
    {
        var tag = header is null ? "" : (header.StartsWith("W/", StringComparison.Ordinal) ? header[2..] : header).Trim('"');
        return HubCache.IsSafeTag(tag) ? tag : null;
    }

    private async Task<ReadOnlyMemory<byte>> Content(HttpResponseMessage response, Uri address, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(settings.MetadataTimeout + settings.DownloadTimeout);
        try
        {
            await response.Content.LoadIntoBufferAsync(MostInfoBytes, patience.Token);
            return await response.Content.ReadAsByteArrayAsync(patience.Token);
        }
        catch (Exception error) when (HubHttp.Failure(address, error, settings.MetadataTimeout, cancellation) is { } failure)
        {
            throw failure;
        }
    }
}
