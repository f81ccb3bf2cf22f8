using Deque.AxeCore.Commons;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Kalm.Tests.Server;

/// <summary>The page in its states, light and dark, from a phone to a wide screen: what axe-core finds, and whether anything is too
/// wide.</summary>
[Collection(nameof(PageBrowser))]
public class PageAccessTests(PageBrowser browser)
{
    private static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    private static readonly (string Name, Func<IPage, Task> Reach)[] States =
    [
        ("start", async page => await Expect(page.Locator("#counts div").First).ToBeVisibleAsync()),
        ("search", async page =>
        {
            await page.Locator("#search").FillAsync("Bolvia");
            await Expect(page.Locator("#found li").First).ToContainTextAsync("Bolivia");
        }),
        ("entity", async page =>
        {
            await Go(page, "#/entity/peru");
            await Expect(page.Locator("#facts:not([aria-busy])")).ToBeVisibleAsync();
        }),
        ("reasons", async page =>
        {
            await page.EvaluateAsync("() => document.querySelectorAll('#facts details').forEach(part => part.open = true)");
            await page.Locator("#facts .predicted button").First.ClickAsync();
            await Expect(page.Locator("#facts .verdict")).ToBeVisibleAsync();
        }),
        ("expanded", async page =>
        {
            await page.Locator("svg .plus").First.ClickAsync();
            await page.Locator("svg .edge .hit").First.DispatchEventAsync("click");
            await Expect(page.Locator("#edge .verdict")).ToBeVisibleAsync();
        }),
        ("query", async page =>
        {
            await Go(page, "#/query/peru/borders");
            await Expect(page.Locator("#answers > ol > li")).ToHaveCountAsync(10);
        }),
        ("fault", async page =>
        {
            await Go(page, "#/entity/nobody");
            await Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToHaveTextAsync("Not found");
        }),
    ];

    [Theory]
    [InlineData(390, ColorScheme.Light)]
    [InlineData(390, ColorScheme.Dark)]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(1280, ColorScheme.Dark)]
    [InlineData(2560, ColorScheme.Light)]
    [InlineData(2560, ColorScheme.Dark)]
    public async Task No_state_breaks_a_rule_of_axe_core_or_scrolls_sideways(int width, ColorScheme scheme)
    {
        var page = await browser.Open(options: new() { ViewportSize = new() { Width = width, Height = 860 }, ColorScheme = scheme });
        foreach (var (name, reach) in States)
        {
            await reach(page);
            await page.EvaluateAsync(Axe);
            var found = (await page.EvaluateAsync("() => axe.run(document, { resultTypes: ['violations'] })"))!.Value;
            Assert.InRange(found.GetProperty("passes").GetArrayLength(), 10, 200);
            Assert.Empty(found.GetProperty("violations").EnumerateArray().Select(item => $"{name}: {item.GetProperty("id").GetString()}: "
                + string.Join("\n", item.GetProperty("nodes").EnumerateArray().Select(node => node.GetProperty("html").GetString()))));
            Assert.Equal((name, width), (name, await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth")));
        }
    }

    private static async Task Go(IPage page, string hash) => await page.EvaluateAsync("hash => { location.hash = hash }", hash);
}
