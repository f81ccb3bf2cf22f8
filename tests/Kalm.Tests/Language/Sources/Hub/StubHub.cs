using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kalm.Language.Sources.Hub;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kalm.Tests.Language.Sources.Hub;

/// <summary>A request that came in.</summary>
internal sealed record StubRequest(string Server, string Method, string Path, string? Range, string? Token);

/// <summary>A content of the stub: large files have the tag of Git LFS and lie at a second server.</summary>
internal sealed record StubFile(byte[] Content, bool IsLarge)
{
    public string Tag => IsLarge ? Convert.ToHexStringLower(SHA256.HashData(Content))
        : Convert.ToHexStringLower(CryptographicOperations.HashData(HashAlgorithmName.SHA1,
            [.. Encoding.ASCII.GetBytes($"blob {Content.Length}\0"), .. Content]));
}

/// <summary>A hub of this process with one model: it speaks the routes of the real one, and sends large files from a second
/// server.</summary>
internal sealed class StubHub : IAsyncDisposable
{
    public const string Name = "org/tiny";
    public static readonly string Commit = string.Concat(Enumerable.Repeat("0123456789", 4));
    public static readonly string OtherCommit = string.Concat(Enumerable.Repeat("abcdef0123", 4));

    private readonly WebApplication hub;
    private readonly WebApplication store;
    private int connectionsCut;

    private StubHub()
    {
        hub = Server(context => Answer(context, "hub", AnswerAsHub));
        store = Server(context => Answer(context, "store", AnswerAsStore));
    }

    public ConcurrentQueue<StubRequest> Requests { get; } = new();

    public SortedDictionary<string, StubFile> Files { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, StubFile> OtherFiles { get; } = new(StringComparer.Ordinal);

    /// <summary>Answers instead of the stub when it returns true.</summary>
    public Func<HttpContext, Task<bool>>? Instead { get; set; }

    /// <summary>How many of the first answers of the store break off, and after which bytes of each.</summary>
    public (int Times, int Bytes) Cut { get; set; }

    public bool KnowsRanges { get; set; } = true;

    /// <summary>What the store sends in place of a content.</summary>
    public Func<byte[], byte[]> Send { get; set; } = content => content;

    public string Address => hub.Urls.First();

    public static async Task<StubHub> Start()
    {
        var stub = new StubHub();
        await stub.hub.StartAsync(TestContext.Current.CancellationToken);
        await stub.store.StartAsync(TestContext.Current.CancellationToken);
        return stub;
    }

    public static byte[] Bytes(int seed, int count)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public StubHub With(string name, string text)
    {
        Files[name] = new StubFile(Encoding.UTF8.GetBytes(text), IsLarge: false);
        return this;
    }

    public StubHub WithLarge(string name, int bytes, int seed = 1)
    {
        Files[name] = new StubFile(Bytes(seed, bytes), IsLarge: true);
        return this;
    }

    public HubSettings Settings(TemporaryFolder folder) => new()
    {
        Endpoint = new Uri(Address), CacheFolder = folder.File("hub"), FirstDelay = TimeSpan.FromMilliseconds(5),
        MetadataTimeout = TimeSpan.FromSeconds(20), DownloadTimeout = TimeSpan.FromSeconds(20),
    };

    public IEnumerable<StubRequest> Downloads => Requests.Where(request => request is { Server: "store", Method: "GET" });

    public async ValueTask DisposeAsync()
    {
        await hub.DisposeAsync();
        await store.DisposeAsync();
    }

    public static async Task<bool> Refuse(HttpContext context, int status, string? code, string? message)
    {
        context.Response.StatusCode = status;
        if (code is not null)
            context.Response.Headers["X-Error-Code"] = code;
        if (message is not null)
            context.Response.Headers["X-Error-Message"] = message;
        await context.Response.CompleteAsync();
        return true;
    }

    private static WebApplication Server(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(100));
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        server.Run(answer);
        return server;
    }

    private async Task Answer(HttpContext context, string server, Func<HttpContext, string, Task> answer)
    {
        var path = context.Request.Path.Value!;
        Requests.Enqueue(new StubRequest(server, context.Request.Method, path,
            context.Request.Headers.Range.FirstOrDefault(), context.Request.Headers.Authorization.FirstOrDefault()));
        if (Instead is null || !await Instead(context))
            await answer(context, path);
    }

    private async Task AnswerAsHub(HttpContext context, string path)
    {
        var resolve = $"/{Name}/resolve/";
        if (path.StartsWith($"/api/models/{Name}/revision/", StringComparison.Ordinal))
        {
            var revision = Uri.UnescapeDataString(path[(path.LastIndexOf("revision/", StringComparison.Ordinal) + 9)..]);
            if (revision is not ("main" or "v1" or "refs/pr/1") && revision != Commit && revision != OtherCommit)
                await Refuse(context, 404, "RevisionNotFound", "Invalid rev id: " + revision);
            else
                await context.Response.WriteAsync(Info(revision != "main" && revision != Commit));
        }
        else if (path.StartsWith(resolve, StringComparison.Ordinal) && path[resolve.Length..].Split('/', 2) is [var commit, var name])
        {
            if (!(commit == OtherCommit ? OtherFiles : Files).TryGetValue(name, out var file))
            {
                await Refuse(context, 404, "EntryNotFound", "Entry not found");
                return;
            }
            context.Response.Headers["X-Repo-Commit"] = commit;
            if (file.IsLarge)
            {
                context.Response.Headers["X-Linked-Etag"] = $"\"{file.Tag}\"";
                context.Response.Headers["X-Linked-Size"] = $"{file.Content.Length}";
                context.Response.Redirect($"{store.Urls.First()}/{file.Tag}?signature=1%2F2");
            }
            else
                await SendContent(context, file.Content, $"\"{file.Tag}\"");
        }
        else
            await Refuse(context, 401, "RepoNotFound", "Repository not found");
    }

    private async Task AnswerAsStore(HttpContext context, string path)
    {
        var file = Files.Values.Concat(OtherFiles.Values).First(file => "/" + file.Tag == path);
        await SendContent(context, Send(file.Content), "\"another\"");
    }

    private async Task SendContent(HttpContext context, byte[] content, string tag)
    {
        context.Response.Headers.ETag = tag;
        var from = 0;
        if (KnowsRanges && context.Request.Headers.Range.FirstOrDefault() is { } range)
        {
            from = int.Parse(range["bytes=".Length..].TrimEnd('-'));
            if (from >= content.Length)
            {
                await Refuse(context, 416, null, null);
                return;
            }
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {from}-{content.Length - 1}/{content.Length}";
        }
        var rest = content.AsMemory(from);
        context.Response.ContentLength = rest.Length;
        if (context.Request.Method == "HEAD")
            return;
        if (tag == "\"another\"" && Interlocked.Increment(ref connectionsCut) <= Cut.Times && rest.Length > Cut.Bytes)
        {
            await context.Response.Body.WriteAsync(rest[..Cut.Bytes], context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            // What is on its way should arrive before the connection goes.
            await Task.Delay(100, context.RequestAborted);
            context.Abort();
            return;
        }
        await context.Response.Body.WriteAsync(rest, context.RequestAborted);
    }

    private string Info(bool isOther) => JsonSerializer.Serialize(new
    {
        id = Name,
        sha = isOther ? OtherCommit : Commit,
        @private = false,
        gated = false,
        siblings = (isOther ? OtherFiles : Files).Select(file =>
            new { rfilename = file.Key, size = file.Value.Content.Length, blobId = file.Value.Tag }),
    });
}
