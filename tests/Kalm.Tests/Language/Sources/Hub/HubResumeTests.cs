using System.Diagnostics;
using Kalm.Language.Sources.Hub;
using Microsoft.AspNetCore.Http;

namespace Kalm.Tests.Language.Sources.Hub;

/// <summary>Downloads that break off, and what is left of them.</summary>
public sealed class HubResumeTests : IDisposable
{
    private const int Size = 400_000;
    private static readonly HubModelId Gguf = new(StubHub.Name, File: "a.gguf");
    private readonly TemporaryFolder folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Blobs => folder.File("hub/models--org--tiny/blobs");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_connection_cut_in_the_middle_goes_on_with_a_range()
    {
        await using var hub = await Hub();
        hub.Cut = (2, 100_000);
        var snapshot = await HubModels.FetchAsync(Gguf, hub.Settings(folder), null, Cancellation);
        Assert.Equal(hub.Files["a.gguf"].Content, File.ReadAllBytes(snapshot.GgufFile!));
        Assert.Equal([null, "bytes=100000-", "bytes=200000-"], hub.Downloads.Select(request => request.Range));
        Assert.Equal(Size, snapshot.Downloaded);
    }

    [Fact]
    public async Task What_an_earlier_run_left_is_used()
    {
        await using var hub = await Hub();
        var tag = hub.Files["a.gguf"].Tag;
        Directory.CreateDirectory(Blobs);
        File.WriteAllBytes(Path.Combine(Blobs, tag + ".incomplete"), hub.Files["a.gguf"].Content[..123_456]);
        var snapshot = await HubModels.FetchAsync(Gguf, hub.Settings(folder), null, Cancellation);
        Assert.Equal("bytes=123456-", Assert.Single(hub.Downloads).Range);
        Assert.Equal(hub.Files["a.gguf"].Content, File.ReadAllBytes(snapshot.GgufFile!));
        Assert.Equal([tag], Directory.EnumerateFiles(Blobs).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_whole_incomplete_file_needs_no_request()
    {
        await using var hub = await Hub();
        Directory.CreateDirectory(Blobs);
        File.WriteAllBytes(Path.Combine(Blobs, hub.Files["a.gguf"].Tag + ".incomplete"), hub.Files["a.gguf"].Content);
        await HubModels.FetchAsync(Gguf, hub.Settings(folder), null, Cancellation);
        Assert.Empty(hub.Downloads);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(Size + 1)]
    public async Task A_left_over_that_does_not_fit_is_fetched_anew_with_a_warning(int length)
    {
        await using var hub = await Hub();
        Directory.CreateDirectory(Blobs);
        File.WriteAllBytes(Path.Combine(Blobs, hub.Files["a.gguf"].Tag + ".incomplete"), new byte[length]);
        var snapshot = await HubModels.FetchAsync(Gguf, hub.Settings(folder), null, Cancellation);
        Assert.Equal(hub.Files["a.gguf"].Content, File.ReadAllBytes(snapshot.GgufFile!));
        Assert.Contains("anew", Assert.Single(snapshot.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_without_ranges_begins_again()
    {
        await using var hub = await Hub();
        (hub.Cut, hub.KnowsRanges) = ((1, 100_000), false);
        var snapshot = await HubModels.FetchAsync(Gguf, hub.Settings(folder), null, Cancellation);
        Assert.Equal(hub.Files["a.gguf"].Content, File.ReadAllBytes(snapshot.GgufFile!));
    }

    [Fact]
    public async Task A_connection_that_always_breaks_is_given_up_and_leaves_what_came()
    {
        await using var hub = await Hub();
        hub.Cut = (int.MaxValue, 50_000);
        var error = await Assert.ThrowsAsync<KalmException>(() => HubModels.FetchAsync(Gguf, hub.Settings(folder), null, Cancellation));
        Assert.Contains("after 5 attempts", error.Message, StringComparison.Ordinal);
        Assert.Contains("250.0 kB of 400.0 kB; the same command goes on from there", error.Message, StringComparison.Ordinal);
        Assert.Equal(hub.Files["a.gguf"].Content[..250_000],
            File.ReadAllBytes(Path.Combine(Blobs, hub.Files["a.gguf"].Tag + ".incomplete")));
        OnlyIncomplete();
    }

    [Fact]
    public async Task Cancelled_it_leaves_only_the_incomplete_file()
    {
        await using var hub = await Hub();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        hub.Instead = async context =>
        {
            if (context.Request.Headers.Range.Count > 0 || context.Request.Method == "HEAD"
                || !context.Request.Path.Value!.Contains(hub.Files["a.gguf"].Tag, StringComparison.Ordinal))
                return false;
            context.Response.ContentLength = Size;
            await context.Response.Body.WriteAsync(hub.Files["a.gguf"].Content.AsMemory(0, 70_000), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            while (!Directory.Exists(Blobs) || Directory.EnumerateFiles(Blobs).Sum(file => new FileInfo(file).Length) < 70_000)
                await Task.Delay(10, Cancellation);
            await stop.CancelAsync();
            return true;
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => HubModels.FetchAsync(Gguf, hub.Settings(folder), null, stop.Token));
        Assert.Equal(70_000, new FileInfo(Path.Combine(Blobs, hub.Files["a.gguf"].Tag + ".incomplete")).Length);
        OnlyIncomplete();
        var snapshot = await HubModels.FetchAsync(Gguf, hub.Settings(folder), null, Cancellation);
        Assert.Equal("bytes=70000-", hub.Downloads.Last().Range);
        Assert.Equal(hub.Files["a.gguf"].Content, File.ReadAllBytes(snapshot.GgufFile!));
    }

    [Fact]
    public async Task A_content_with_another_hash_is_removed()
    {
        await using var hub = await Hub();
        hub.Send = content => [.. content[..^1], (byte)~content[^1]];
        var error = await Assert.ThrowsAsync<KalmException>(() => HubModels.FetchAsync(Gguf, hub.Settings(folder), null, Cancellation));
        Assert.Contains($"expected {hub.Files["a.gguf"].Tag[..12]}", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Blobs));
    }

    [Fact]
    public async Task A_small_file_is_checked_by_the_hash_of_git()
    {
        await using var hub = (await Hub()).With("config.json", "{}").WithLarge("model.safetensors", 10);
        hub.Instead = async context =>
        {
            if (context.Request.Method != "GET" || !context.Request.Path.Value!.EndsWith("config.json", StringComparison.Ordinal))
                return false;
            await context.Response.WriteAsync("[]", Cancellation);
            return true;
        };
        var error = await Assert.ThrowsAsync<KalmException>(
            () => HubModels.FetchAsync(new HubModelId(StubHub.Name), hub.Settings(folder), null, Cancellation));
        Assert.Contains("config.json", error.Message, StringComparison.Ordinal);
        Assert.Contains($"expected {hub.Files["config.json"].Tag[..12]}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_content_of_another_size_is_refused()
    {
        await using var hub = await Hub();
        hub.Send = content => content[1..];
        var error = await Assert.ThrowsAsync<KalmException>(() => HubModels.FetchAsync(Gguf, hub.Settings(folder), null, Cancellation));
        Assert.Contains("expected 400.0 kB (400000 bytes)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_requests_and_a_server_in_trouble_are_tried_again()
    {
        await using var hub = await Hub();
        // For each question two refusals: about the model, about the file, and for its content, first at the hub and then at the store.
        var refused = new Dictionary<string, int>();
        hub.Instead = context =>
        {
            var question = context.Request.Method + context.Request.Path.Value;
            var times = refused[question] = refused.GetValueOrDefault(question) + 1;
            if (times == 1)
                context.Response.Headers.RetryAfter = "0";
            return times > 2 ? Task.FromResult(false) : StubHub.Refuse(context, times == 1 ? 429 : 503, null, null);
        };
        Assert.Equal(Size, (await HubModels.FetchAsync(Gguf, hub.Settings(folder), null, Cancellation)).Downloaded);
        Assert.Equal(4, refused.Count);
    }

    [Fact]
    public async Task Two_who_want_the_same_file_fetch_it_once()
    {
        await using var hub = await Hub();
        using var bothHere = new SemaphoreSlim(0);
        var waiting = new List<HubProgress>();
        hub.Instead = async context =>
        {
            if (context.Request.Path.Value == "/" + hub.Files["a.gguf"].Tag)
                await bothHere.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
            return false;
        };
        var first = HubModels.FetchAsync(Gguf, hub.Settings(folder), null, Cancellation);
        while (!hub.Downloads.Any())
            await Task.Delay(10, Cancellation);
        var second = HubModels.FetchAsync(Gguf, hub.Settings(folder), new Note(progress =>
        {
            waiting.Add(progress);
            if (progress.Note is not null)
                bothHere.Release();
        }), Cancellation);
        var snapshots = await Task.WhenAll(first, second);
        Assert.Single(hub.Downloads);
        Assert.Equal([Size, 0L], snapshots.Select(snapshot => snapshot.Downloaded));
        Assert.Contains(waiting, progress => progress.Note?.Contains("another process", StringComparison.Ordinal) == true);
        Assert.Equal(hub.Files["a.gguf"].Content, File.ReadAllBytes(snapshots[1].GgufFile!));
    }

    [Fact]
    public async Task A_lock_of_another_program_is_waited_for()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/flock"), "needs flock");
        await using var hub = await Hub();
        var path = folder.File($"hub/.locks/models--org--tiny/{hub.Files["a.gguf"].Tag}.lock");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var other = Process.Start(new ProcessStartInfo("/usr/bin/flock", [path, "sleep", "60"]))!;
        try
        {
            while (!File.Exists(path))
                await Task.Delay(10, Cancellation);
            await Task.Delay(200, Cancellation);
            var snapshot = await HubModels.FetchAsync(Gguf, hub.Settings(folder), new Note(progress =>
            {
                if (progress.Note is null)
                    return;
                Assert.Empty(hub.Downloads);
                other.Kill(entireProcessTree: true);
            }), Cancellation);
            Assert.True(other.HasExited);
            Assert.Equal(Size, snapshot.Downloaded);
        }
        finally
        {
            other.Kill(entireProcessTree: true);
        }
    }

    private static async Task<StubHub> Hub() => (await StubHub.Start()).WithLarge("a.gguf", Size);

    // No content, no link and no ref: nothing that a reader could take for the file.
    private void OnlyIncomplete()
    {
        Assert.Equal([".incomplete"], Directory.EnumerateFiles(folder.File("hub/models--org--tiny"), "*", SearchOption.AllDirectories)
            .Select(Path.GetExtension));
    }

    private sealed class Note(Action<HubProgress> action) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => action(value);
    }
}
