using Kalm.Graph;
using Kalm.Server;
using Microsoft.Playwright;

namespace Kalm.Tests.Server;

/// <summary>A Chromium, and a server over samples/world whose model has hardly learned.</summary>
public sealed class PageBrowser : IAsyncLifetime
{
    private const string Variable = "KALM_CHROMIUM";
    private const float Patience = 60_000;
    private static readonly string Chromium = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path
        ? path : "/usr/bin/chromium";
    private readonly TemporaryFolder folder = new();
    private IPlaywright? playwright;
    private IBrowser? browser;
    private KalmServer? server;

    /// <summary>Options for another server over the same model, which writes its answers itself, piece by piece.</summary>
    public ServerOptions Options => new()
    {
        Model = folder.File("base"), Graph = Path.Combine(LayeringTests.RepositoryRoot(), "samples", "world"),
        Urls = ["http://127.0.0.1:0"], Threads = 2, Quiet = true, IsGrounding = false,
    };

    internal KalmServer Server => server!;

    public string File(string name) => folder.File(name);

    public async ValueTask InitializeAsync()
    {
        if (!System.IO.File.Exists(Chromium))
            return;
        TinyModel.Make(folder, KnowledgeGraph.Load(Options.Graph), vocabulary: 2048);
        server = await RunningServer.Another(Options);
        Assertions.SetDefaultExpectTimeout(Patience);
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium,
            Args =
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
    }

    /// <summary>Opens the page in a window of its own; the calling test is skipped where there is no Chromium.</summary>
    internal async Task<IPage> Open(string hash = "", KalmServer? of = null, BrowserNewContextOptions? options = null)
    {
        var page = await Window(options);
        await page.GotoAsync($"{(of ?? Server).Urls[0]}/{hash}");
        return page;
    }

    /// <summary>A window that shows nothing yet; the calling test is skipped where there is no Chromium.</summary>
    internal async Task<IPage> Window(BrowserNewContextOptions? options = null)
    {
        Require();
        var context = await browser!.NewContextAsync(options);
        context.SetDefaultTimeout(Patience);
        return await context.NewPageAsync();
    }

    /// <summary>Skips the calling test where there is no Chromium.</summary>
    public static void Require() =>
        Assert.SkipUnless(System.IO.File.Exists(Chromium), $"needs a Chromium: found none at {Chromium}; {Variable} names another");

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
            await browser.DisposeAsync();
        playwright?.Dispose();
        if (server is not null)
            await server.DisposeAsync();
        folder.Dispose();
    }
}

/// <summary>Tests that share one browser. Nothing else runs beside them: a browser leaves little time to tests that measure it.</summary>
[CollectionDefinition(nameof(PageBrowser), DisableParallelization = true)]
public class PageBrowserTests : ICollectionFixture<PageBrowser>;
