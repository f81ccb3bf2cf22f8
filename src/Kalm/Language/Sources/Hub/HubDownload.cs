using System.Net;

namespace Kalm.Language.Sources.Hub;

/// <summary>Fetches contents into the cache, one after the other. What is broken off stays as <c>.incomplete</c> and is continued, in this
/// run or the next; only a content whose hash is right gets its name.</summary>
internal sealed class HubDownload(HubClient client, HubHttp http, HubCache cache, HubSettings settings, HubMeter meter,
    List<string> warnings)
{
    private const int BufferBytes = 1 << 20;
    private const int HashShown = 12;

    // Progress that makes earlier failures forgotten, so that a long file survives more of them than a short one.
    private const long ForgivingBytes = 64 << 20;

    /// <summary>Puts a file of a commit into the cache unless it is there.</summary>
    /// <exception cref="HubFailure">The connection broke too often, or what came is not the file.</exception>
    /// <exception cref="KalmException">The file system refused.</exception>
    public async Task Fetch(string commit, HubFileState file, CancellationToken cancellation)
    {
        meter.Begin(file, 0);
        var waiting = () => meter.Report("waiting for another process that fetches this file");
        using (await HubLock.Take(cache.Lock(file.Tag), waiting, cancellation))
            if (!cache.Has(commit, file.Name))
            {
                var isNew = !cache.HasBlob(file.Tag);
                if (isNew)
                    await FetchBlob(commit, file, cancellation);
                cache.Link(commit, file.Name, file.Tag, isNew);
            }
        meter.End();
    }

    private async Task FetchBlob(string commit, HubFileState file, CancellationToken cancellation)
    {
        var path = cache.Incomplete(file.Tag);
        if (new FileInfo(path) is { Exists: true, Length: var length } && length > file.Size)
        {
            warnings.Add($"{path}: held {HubFile.Show(length)} of a file of {HubFile.Show(file.Size)}; begun anew");
            File.Delete(path);
        }
        string? mismatch;
        using (var part = HubPartialFile.Open(path, file, cancellation))
        {
            var wasBegun = part.Length > 0;
            await Fill(part, commit, file, cancellation);
            mismatch = part.Finish();
            if (mismatch is not null && wasBegun)
            {
                warnings.Add($"{file.Name}: what an earlier download had left did not fit; fetched anew");
                part.Restart();
                await Fill(part, commit, file, cancellation);
                mismatch = part.Finish();
            }
        }
        if (mismatch is null)
        {
            File.Move(path, cache.Blob(file.Tag), overwrite: true);
            return;
        }
        File.Delete(path);
        throw new HubFailure($"{file.Name}: {settings.Endpoint.Host} sent something else: found the hash {mismatch[..HashShown]}..., "
            + $"expected {file.Tag[..HashShown]}...\nit was removed; try again");
    }

    private async Task Fill(HubPartialFile part, string commit, HubFileState file, CancellationToken cancellation)
    {
        meter.Begin(file, part.Length);
        var (failures, lengthThen) = (0, part.Length);
        while (part.Length < file.Size)
            try
            {
                await Receive(part, commit, file, cancellation);
            }
            catch (HubFailure failure) when (failure.IsTransient)
            {
                failures = part.Length - lengthThen >= ForgivingBytes ? 1 : failures + 1;
                lengthThen = part.Length;
                if (failures >= HubClient.Attempts)
                    throw new HubFailure($"{file.Name}: {failure.Message}\ngiven up after {failures} attempts with "
                        + $"{HubFile.Show(part.Length)} of {HubFile.Show(file.Size)}; the same command goes on from there", failure);
                await http.Wait(failures, failure, cancellation);
            }
    }

    // One request, from where the file ends on; returns when the file is complete.
    private async Task Receive(HubPartialFile part, string commit, HubFileState file, CancellationToken cancellation)
    {
        using var response = await client.Open(commit, file.Name, part.Length, cancellation);
        var address = response.RequestMessage!.RequestUri!;
        if (response.StatusCode != HttpStatusCode.PartialContent && part.Length > 0)
        {
            // The server does not know ranges, or not this one.
            part.Restart();
            meter.Begin(file, 0);
            if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
                return;
        }
        RequireSize(response, part, file, address);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var buffer = new byte[BufferBytes];
        while (await Read(buffer) is > 0 and var count)
        {
            if (part.Length + count > file.Size)
                throw Different(address, file, "more");
            part.Append(buffer.AsSpan(0, count));
            meter.Add(count);
        }
        if (part.Length < file.Size)
            throw new HubFailure($"{address.Host}: the connection ended early") { IsTransient = true };

        async Task<int> Read(Memory<byte> into)
        {
            patience.CancelAfter(settings.DownloadTimeout);
            try
            {
                var stream = await response.Content.ReadAsStreamAsync(patience.Token);
                return await stream.ReadAsync(into, patience.Token);
            }
            catch (Exception error) when (HubHttp.Failure(address, error, settings.DownloadTimeout, cancellation) is { } failure)
            {
                throw failure;
            }
        }
    }

    private static void RequireSize(HttpResponseMessage response, HubPartialFile part, HubFileState file, Uri address)
    {
        var range = response.Content.Headers.ContentRange;
        if (response.StatusCode == HttpStatusCode.PartialContent && range?.From is { } from && from != part.Length)
            throw new HubFailure($"{file.Name}: {address.Host} sent the bytes from {from} on, expected those from {part.Length} on");
        var size = range?.Length ?? (part.Length + response.Content.Headers.ContentLength);
        if (size is { } found && found != file.Size)
            throw Different(address, file, HubFile.Show(found));
    }

    private static HubFailure Different(Uri address, HubFileState file, string found) =>
        new($"{file.Name}: {address.Host} sent {found}, expected {HubFile.Show(file.Size)} ({file.Size} bytes), as the hub says");
}
