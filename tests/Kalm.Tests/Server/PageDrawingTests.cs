using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Kalm.Tests.Server;

/// <summary>The drawing of the neighbourhood, by pointer and by keyboard, in a real browser.</summary>
[Collection(nameof(PageBrowser))]
public class PageDrawingTests(PageBrowser browser)
{
    [Fact]
    public async Task Edges_bear_their_relation_and_tell_why_and_a_neighbour_shows_its_own()
    {
        var page = await Peru();
        var drawn = await Names(page);
        var labels = await page.Locator("svg text.label").AllTextContentsAsync();
        Assert.Equal(drawn.Count, labels.Count);
        Assert.All(labels, label => Assert.Contains(
            (string[])["shares", "is located", "lies on", "is a member", "has ", "pays", "is crossed"],
            start => label.StartsWith(start.TrimEnd(), StringComparison.Ordinal)));
        await page.GetByRole(AriaRole.Button, new() { Name = "Why? Peru shares a border with Bolivia" }).DispatchEventAsync("click");
        await Expect(page.Locator("#edge .claim")).ToHaveTextAsync("Peru shares a border with Bolivia");
        await Expect(page.Locator("#edge .verdict")).ToHaveTextAsync("Known in train");

        await page.GetByRole(AriaRole.Button, new() { Name = "Show the neighbours of Bolivia" }).ClickAsync();
        await Expect(page.Locator("figcaption")).ToHaveTextAsync("8 neighbours of Bolivia were added.");
        Assert.Equal([.. drawn, .. (await Names(page)).Except(drawn)], (await Names(page)).OrderBy(name => !drawn.Contains(name)));
        Assert.Equal(drawn.Count + 8, (await Names(page)).Count);
        await page.GetByRole(AriaRole.Button, new() { Name = "Hide the neighbours of Bolivia" }).ClickAsync();
        await Expect(page.Locator("svg a")).ToHaveCountAsync(drawn.Count);
    }

    [Fact]
    public async Task Colours_are_those_of_types_and_the_legend_tells_them()
    {
        var page = await Peru();
        var legend = await page.Locator("#legend li").AllTextContentsAsync();
        Assert.Equal(["country", "city", "known"], legend.Intersect(["country", "city", "known"]));
        var colours = (await page.EvaluateAsync("""
            () => [...document.querySelectorAll("svg a")].map((link) => ({
              type: link.getAttribute("aria-label").split(", ").at(-1), fill: getComputedStyle(link.querySelectorAll("circle")[1]).fill }))
            """))!.Value.EnumerateArray()
            .Select(item => (item.GetProperty("type").GetString(), item.GetProperty("fill").GetString())).ToList();
        Assert.All(colours.GroupBy(item => item.Item1), type => Assert.Single(type.Distinct()));
        Assert.InRange(colours.Select(item => item.Item2).Distinct().Count(), 5, 12);
        foreach (var (type, fill) in colours)
            Assert.Equal(fill, await page.EvaluateAsync<string>(
                "type => getComputedStyle([...document.querySelectorAll('#legend li')].find(item => item.textContent === type).firstChild)"
                    + ".backgroundColor", type));
    }

    [Fact]
    public async Task Names_and_the_ground_are_dragged_and_a_click_still_opens()
    {
        var page = await Peru();
        var name = page.Locator("svg a", new() { HasText = "Lima" });
        var (before, other) = (await Place(name), await Place(page.Locator("svg a", new() { HasText = "Spanish" })));
        await Drag(before, 40, 30);
        var after = await Place(name);
        Assert.Equal((40, 30), (Math.Round(after.X - before.X), Math.Round(after.Y - before.Y)));
        Assert.Equal(other, await Place(page.Locator("svg a", new() { HasText = "Spanish" })));
        await Expect(page.Locator("h1:visible")).ToHaveTextAsync("Peru");
        var box = (await page.Locator("svg").BoundingBoxAsync())!;
        await Drag((box.X + 12, box.Y + 12), 25, 10);
        var panned = await Place(name);
        Assert.Equal((25, 10), (Math.Round(panned.X - after.X), Math.Round(panned.Y - after.Y)));
        await page.GetByRole(AriaRole.Button, new() { Name = "Larger" }).ClickAsync();
        Assert.InRange((await name.Locator("text").BoundingBoxAsync())!.Height, 17, 30);
        await page.GetByRole(AriaRole.Button, new() { Name = "As it was" }).ClickAsync();
        Assert.Equal(before, await Place(name));
        await name.ClickAsync();
        await Expect(page.Locator("h1:visible")).ToHaveTextAsync("Lima");

        async Task Drag((float X, float Y) from, float x, float y)
        {
            await page.Mouse.MoveAsync(from.X, from.Y);
            await page.Mouse.DownAsync();
            await page.Mouse.MoveAsync(from.X + x / 2, from.Y + y / 2, new() { Steps = 3 });
            await page.Mouse.MoveAsync(from.X + x, from.Y + y);
            await page.Mouse.UpAsync();
        }
    }

    [Fact]
    public async Task A_keyboard_expands_a_neighbour_and_asks_why()
    {
        var page = await Peru();
        await page.Locator("svg a[tabindex='0']").FocusAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        var label = await page.Locator("svg a:focus").GetAttributeAsync("aria-label");
        await page.Keyboard.PressAsync("w");
        await Expect(page.Locator("#edge .claim")).ToHaveTextAsync(label!.Split(" (")[0]);
        var drawn = (await Names(page)).Count;
        await page.Keyboard.PressAsync("+");
        await Expect(page.Locator("svg a")).Not.ToHaveCountAsync(drawn);
        Assert.Equal(label, await page.Locator("svg a:focus").GetAttributeAsync("aria-label"));
        await page.Keyboard.PressAsync("-");
        await Expect(page.Locator("svg a")).ToHaveCountAsync(drawn);
    }

    [Fact]
    public async Task A_keyboard_reaches_every_name_and_every_edge_and_moves_names()
    {
        var page = await Peru();
        await page.GetByRole(AriaRole.Button, new() { Name = "Show the neighbours of Bolivia" }).ClickAsync();
        await Expect(page.Locator("figcaption")).ToContainTextAsync("were added");
        var edges = await page.Locator("svg .hit").EvaluateAllAsync<string[]>("hits => hits.map(hit => hit.getAttribute('aria-label'))");
        Assert.NotEqual(0, await page.Locator("svg .across").CountAsync());
        var (names, asked) = (new HashSet<string>(), new HashSet<string>());
        for (var presses = await page.Locator("svg a").CountAsync(); presses > 0; presses--)
        {
            await page.Keyboard.PressAsync("ArrowDown");
            names.Add((await page.Locator("svg a:focus").GetAttributeAsync("aria-label"))!);
            var first = await Ask();
            while (await Ask() != first)
                continue;
        }
        Assert.Equal(await page.Locator("svg a").CountAsync(), names.Count);
        Assert.Equal(edges.Order(), asked.Order());

        var focused = page.Locator("svg a:focus");
        var before = await Place(focused);
        await page.Keyboard.PressAsync("Shift+ArrowRight");
        await page.Keyboard.PressAsync("Shift+ArrowUp");
        var after = await Place(focused);
        Assert.True(after.X > before.X + 5 && after.Y < before.Y - 5, $"{before} and {after}");

        async Task<string> Ask()
        {
            await page.Keyboard.PressAsync("w");
            var told = $"Why? {await page.Locator("figcaption").TextContentAsync()}";
            asked.Add(told);
            return told;
        }
    }

    [Fact]
    public async Task No_name_covers_another()
    {
        foreach (var width in new[] { 390, 1280 })
        {
            var page = await Peru(width);
            await page.GetByRole(AriaRole.Button, new() { Name = "Show the neighbours of Bolivia" }).ClickAsync();
            await Expect(page.Locator("figcaption")).ToContainTextAsync("were added");
            var boxes = (await page.EvaluateAsync("""
                () => [...document.querySelectorAll("svg .node text")].map((text) => {
                  const { left, top, right, bottom } = text.getBoundingClientRect();
                  return [left, top, right, bottom];
                })
                """))!.Value.EnumerateArray().Select(box => box.EnumerateArray().Select(side => side.GetDouble()).ToArray()).ToList();
            foreach (var (index, one) in boxes.Index())
                foreach (var other in boxes.Skip(index + 1))
                    Assert.False(one[0] < other[2] - 1 && other[0] < one[2] - 1 && one[1] < other[3] - 2 && other[1] < one[3] - 2,
                        $"{width}: {string.Join(' ', one)} and {string.Join(' ', other)}");
        }
    }

    private async Task<IPage> Peru(int width = 1280)
    {
        var page = await browser.Open("#/entity/peru", options: new() { ViewportSize = new() { Width = width, Height = 900 } });
        await Expect(page.Locator("#facts:not([aria-busy])")).ToBeVisibleAsync();
        return page;
    }

    private static async Task<IReadOnlyList<string>> Names(IPage page) => await page.Locator("svg a text").AllTextContentsAsync();

    private static async Task<(float X, float Y)> Place(ILocator name)
    {
        var box = (await name.Locator("circle.target").BoundingBoxAsync())!;
        return (box.X + box.Width / 2, box.Y + box.Height / 2);
    }
}
