using System.Text.RegularExpressions;
using Kalm.Server;
using Kalm.Tests.Graph;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Kalm.Tests.Server;

/// <summary>The page over 100,000 entities, one of which has 50,000 facts. The times of its frames are told with -diagnostics.</summary>
[Collection(nameof(PageBrowser))]
public sealed class PageScaleTests(PageBrowser browser) : IAsyncLifetime
{
    private const int Entities = 100_000;
    private const int MostBytes = 100_000;

    // Times between frames, in milliseconds, of the part that is named at the time.
    private const string Watch = """
        () => {
          window.part = "";
          window.frames = {};
          let last = performance.now();
          const next = (now) => {
            if (window.part)
              (window.frames[window.part] ??= []).push(now - last);
            last = now;
            requestAnimationFrame(next);
          };
          requestAnimationFrame(next);
        }
        """;

    private const string Frames = """
        () => Object.entries(window.frames).map(([part, times]) => {
          times.sort((one, other) => one - other);
          const at = (share) => `${times[Math.min(times.length - 1, Math.floor(share * times.length))].toFixed(1)} ms`;
          return `${part}: ${times.length} frames, p50 ${at(0.5)}, p95 ${at(0.95)}, longest ${at(1)}`;
        })
        """;

    private readonly TemporaryFolder folder = new();
    private readonly SmallGraph graph = Graph();
    private KalmServer? server;

    public async ValueTask InitializeAsync()
    {
        PageBrowser.Require();
        using var few = FamilyGraph.Make();
        server = await RunningServer.Another(new ServerOptions
        {
            Model = TinyModel.Make(folder, few.Load()), Graph = graph.Path, Urls = ["http://127.0.0.1:0"], Threads = 2, Quiet = true,
        });
    }

    [Fact]
    public async Task What_is_asked_for_and_drawn_stays_small_while_one_searches_drags_and_expands()
    {
        var page = await browser.Window(new() { ViewportSize = new() { Width = 1280, Height = 900 } });
        var bodies = new List<(string Url, Task<byte[]> Body)>();
        page.Response += (_, response) => bodies.Add((response.Url, response.BodyAsync()));
        await page.GotoAsync(server!.Urls[0]);
        await Expect(page.Locator("#counts dd").First).ToHaveTextAsync("100,000");
        await page.EvaluateAsync(Watch);

        await Part("searching");
        await page.Locator("#search").PressSequentiallyAsync("thing 4711", new() { Delay = 60 });
        await Expect(page.Locator("#found li").First).ToContainTextAsync("thing 4711");
        await page.Locator("#search").FillAsync("thnig 99999");
        await Expect(page.Locator("#found li").First).ToContainTextAsync("thing 99999");
        await Expect(page.Locator("#found li")).ToHaveCountAsync(8);

        await Part("opening the hub");
        await page.EvaluateAsync("() => { location.hash = '#/entity/e0' }");
        await Expect(page.Locator("#facts:not([aria-busy])")).ToBeVisibleAsync();
        await Expect(page.Locator("svg a.known")).ToHaveCountAsync(8);
        await Expect(page.Locator(".relation .known button").First).ToContainTextAsync("more");
        await page.Locator(".relation .known button").First.ClickAsync();
        var known = page.Locator(".relation").First.Locator(".known a");
        await Expect(known.Nth(12)).ToBeFocusedAsync();
        Assert.InRange(await known.CountAsync(), 13, 112);

        await Part("expanding");
        for (var turn = 0; turn < 12; turn++)
        {
            var plus = page.GetByRole(AriaRole.Button, new() { NameRegex = new Regex("^Show the neighbours") });
            await plus.Nth(turn % await plus.CountAsync()).DispatchEventAsync("click");
            await Expect(page.Locator("figcaption")).ToContainTextAsync(new Regex("neighbours"));
            await Expect(page.Locator("figcaption")).Not.ToContainTextAsync("Asking");
        }
        var drawn = await page.Locator("svg a").CountAsync();
        Assert.InRange(drawn, 30, 80);

        await Part("dragging");
        foreach (var place in new[] { "svg a circle.target", "svg" })
        {
            var box = (await page.Locator(place).First.BoundingBoxAsync())!;
            var (x, y) = (box.X + 8, box.Y + 8);
            await page.Mouse.MoveAsync(x, y);
            await page.Mouse.DownAsync();
            for (var step = 1; step <= 60; step++)
                await page.Mouse.MoveAsync(x + 2 * step, y + step);
            await page.Mouse.UpAsync();
        }
        await Part("");

        var (marks, nodes) = (await page.Locator("svg *").CountAsync(), await page.Locator("*").CountAsync());
        Assert.InRange(marks, 100, 2000);
        Assert.InRange(nodes, 500, 5000);
        foreach (var (url, body) in bodies)
            Assert.True((await body).Length < MostBytes, $"{url}: {(await body).Length} bytes");
        var frames = await page.EvaluateAsync<string[]>(Frames);
        Assert.Equal(4, frames.Length);
        foreach (var part in frames)
            TestContext.Current.SendDiagnosticMessage(part);
        TestContext.Current.SendDiagnosticMessage($"{drawn} neighbours, {marks} marks in the drawing, {nodes} nodes in the page; the "
            + $"largest of {bodies.Count} answers has {bodies.Max(item => item.Body.Result.Length)} bytes");

        async Task Part(string name) => await page.EvaluateAsync("name => { window.part = name }", name);
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
        graph.Dispose();
        folder.Dispose();
    }

    // The even entities are of the first, every one is near the one before and after ten times its number.
    private static SmallGraph Graph()
    {
        var train = Enumerable.Range(1, Entities - 1).SelectMany(index => index % 2 == 0
            ? new[] { $"e{index}\tpart_of\te0", $"e{index}\tnear\te{index - 1}" } : [$"e{index}\tnear\te{index - 1}"])
            .Concat(Enumerable.Range(1, Entities / 10 - 1).Select(index => $"e{index}\tbefore\te{10 * index}"));
        return SmallGraph.Kalm()
            .With("entities.dict", Lines(Enumerable.Range(0, Entities).Select(index => $"{index}\te{index}")))
            .With("entityId2text.dict", Lines(Enumerable.Range(0, Entities).Select(index => $"{index}\tthing {index}, one of many")))
            .With("relations.dict", "0\tpart_of\n1\tnear\n2\tbefore\n")
            .With("relationId2text.dict", "0\tis part of\n1\tis near\n2\tcomes before\n")
            .With("relationId2text_inverse.dict", "0\thas as a part\n1\tis near to\n2\tcomes after\n")
            .With("train.txt", Lines(train))
            .With("valid.txt", Lines(Enumerable.Range(0, 50).Select(index => $"e{7 * index + 20}\tnear\te{7 * index + 23}")))
            .With("test.txt", Lines(Enumerable.Range(0, 50).Select(index => $"e{7 * index + 20}\tnear\te{7 * index + 25}")));
    }

    private static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(line => line + "\n"));
}
