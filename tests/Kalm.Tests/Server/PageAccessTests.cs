using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Kalm.Tests.Server;

/// <summary>The page in its states, light and dark, from a phone to a wide screen: what axe-core finds, and whether anything is too
/// wide.</summary>
[Collection(nameof(PageBrowser))]
public class PageAccessTests(PageBrowser browser)
{
    /// <summary>Each from the one before.</summary>
    internal static readonly (string Name, Func<IPage, Task> Reach)[] States =
    [
        ("start", async page => await Expect(page.Locator("#counts div").First).ToBeVisibleAsync()),
        ("review", async page =>
        {
            await page.RouteAsync("**/v1/suggestions*",
                route => route.FulfillAsync(new() { ContentType = "application/json", Body = PageReviewTests.Suggested }));
            await page.GetByRole(AriaRole.Button, new() { Name = "Find some" }).ClickAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Correct" }).ClickAsync();
            await page.Locator("#review .small").First.ClickAsync();
            await Expect(page.Locator("#review .verdict")).ToBeVisibleAsync();
        }),
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

    public static TheoryData<int, ColorScheme> Screens => Accessible.Screens;

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task No_state_breaks_a_rule_of_axe_core_or_scrolls_sideways(int width, ColorScheme scheme)
    {
        var page = await browser.Open(options: new() { ViewportSize = new() { Width = width, Height = 860 }, ColorScheme = scheme });
        foreach (var (name, reach) in States)
        {
            await reach(page);
            await Accessible.Check(page, name);
        }
    }

    [Fact]
    public async Task Tab_reaches_everything_that_can_be_used_but_the_names_of_the_drawing_which_arrows_reach()
    {
        var page = await browser.Open();
        foreach (var (name, reach) in States)
        {
            await reach(page);
            await page.EvaluateAsync("() => { document.activeElement.blur(); window.reached = new Set() }");
            for (var isAgain = false; !isAgain; isAgain = await page.EvaluateAsync<bool>(
                "() => reached.has(document.activeElement) || !reached.add(document.activeElement)"))
                await page.Keyboard.PressAsync("Tab");
            var missed = await page.EvaluateAsync<string[]>("""
                () => [...document.querySelectorAll("a[href], button, input, textarea, select, summary")]
                  .filter((one) => one.checkVisibility() && !one.closest("svg") && !reached.has(one)).map((one) => one.outerHTML)
                """);
            Assert.Empty(missed.Select(one => $"{name}: {one}"));
            Assert.Equal(await page.Locator("svg:visible a").CountAsync() > 0,
                await page.EvaluateAsync<bool>("() => [...reached].some((one) => one.closest('svg'))"));
        }
    }

    private static async Task Go(IPage page, string hash) => await page.EvaluateAsync("hash => { location.hash = hash }", hash);
}
