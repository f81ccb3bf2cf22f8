using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Kalm.Tests.Server;

/// <summary>What the page looks like, whatever it is given to show, in a real browser.</summary>
[Collection(nameof(PageBrowser))]
public class PageLookTests(PageBrowser browser)
{
    private const string Evil = "<script>window.harmed = 1</script><img src=x onerror=\"window.harmed = 2\">";

    // The least contrast (WCAG 2) of any text that is seen, with what it stands on.
    private const string LeastContrast = """
        () => {
          const parse = (text) => {
            const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
            return { channels: [red, green, blue], alpha };
          };
          const light = ({ channels }) => channels.map((value) => value / 255)
            .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
            .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
          const ground = (node) => {
            for (; node; node = node.parentElement) {
              const found = parse(getComputedStyle(node).backgroundColor);
              if (found.alpha === 1) return found;
            }
            throw new Error("no ground");
          };
          const texts = [...document.querySelectorAll("body *")].filter((node) => node.checkVisibility()
            && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim() !== ""));
          const contrasts = texts.map((node) => {
            const style = getComputedStyle(node);
            const isDrawn = node instanceof SVGElement;
            const one = light(parse(isDrawn ? style.fill : style.color));
            const other = light(ground(isDrawn ? node.ownerSVGElement.parentElement : node));
            return { text: node.textContent, contrast: (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05) };
          });
          const least = contrasts.sort((one, other) => one.contrast - other.contrast)[0];
          return { count: contrasts.length, text: least.text, contrast: least.contrast, ground: light(ground(document.body)) };
        }
        """;

    [Fact]
    public async Task What_entities_and_answers_say_stays_text()
    {
        var page = await browser.Open();
        var id = await Add($"Mallory {Evil}, a script {Evil}");
        await page.Locator("#search").FillAsync("Mallory");
        await Expect(page.Locator("#found li").First).ToContainTextAsync(Evil);
        await page.Locator("#found li").First.ClickAsync();
        await Expect(page.Locator("h1:visible")).ToHaveTextAsync($"Mallory {Evil}");
        await Expect(page.Locator("#text")).ToHaveTextAsync($"Mallory {Evil}, a script {Evil}");
        await Expect(page.Locator("#about")).ToContainTextAsync(id);

        // A graph and a model of nothing else.
        var (entity, relation) = (new JsonObject { ["id"] = Evil, ["name"] = Evil },
            new JsonObject { ["id"] = Evil, ["text"] = Evil, ["inverse"] = false });
        var everything = new JsonObject
        {
            ["id"] = "evil", ["name"] = Evil, ["text"] = Evil, ["added"] = false, ["known_total"] = 1,
            ["known"] = new JsonArray(
                new JsonObject { ["relation"] = relation.DeepClone(), ["entity"] = entity.DeepClone(), ["split"] = Evil }),
            ["predicted"] = new JsonArray(new JsonObject
            {
                ["relation"] = relation.DeepClone(),
                ["answers"] = new JsonArray(new JsonObject
                {
                    ["entity"] = new JsonObject { ["id"] = "other", ["name"] = Evil }, ["score"] = 1, ["probability"] = 0.5,
                    ["fact_probability"] = 0.5, ["verdict"] = "true",
                }),
            }),
        };
        await page.RouteAsync("**/v1/entities/evil*",
            route => route.FulfillAsync(new() { ContentType = "application/json", Body = everything.ToJsonString() }));
        var said = new JsonObject
        {
            ["choices"] = new JsonArray(new JsonObject { ["delta"] = new JsonObject { ["content"] = Evil }, ["finish_reason"] = "stop" }),
        };
        await page.RouteAsync("**/v1/chat/completions", route => route.FulfillAsync(
            new() { ContentType = "text/event-stream", Body = $"data: {said.ToJsonString()}\n\ndata: [DONE]\n\n" }));
        await page.EvaluateAsync("() => { location.hash = '#/entity/evil' }");
        await Expect(page.Locator(".relation .known a")).ToHaveTextAsync(Evil);
        await Expect(page.Locator(".relation .predicted a")).ToHaveTextAsync(Evil);
        await Expect(page.Locator(".relation h2")).ToHaveTextAsync(Evil);
        await Expect(page.Locator("svg a")).ToHaveCountAsync(2);
        await page.Locator("#question").FillAsync(Evil);
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#answer:not([aria-busy])")).ToHaveTextAsync(Evil);
        await Expect(page.Locator("#asked")).ToHaveTextAsync(Evil);

        Assert.Equal(0, await page.Locator("body script, main img").CountAsync());
        Assert.False(await page.EvaluateAsync<bool>("() => 'harmed' in window"));
        // Even code that forgot itself could not make markup of a text.
        await Assert.ThrowsAsync<PlaywrightException>(() => page.EvaluateAsync(
            "text => { document.getElementById('answer').innerHTML = text }", Evil));
    }

    [Fact]
    public async Task On_a_narrow_screen_nothing_scrolls_sideways()
    {
        var page = await browser.Open(options: new() { ViewportSize = new() { Width = 360, Height = 740 } });
        await Fits();
        var id = await Add($"{new string('m', 120)}, {new string('w', 200)} of a land");
        await page.Locator("#search").FillAsync("mmm");
        await Expect(page.Locator("#found li")).ToHaveCountAsync(1);
        await Fits();
        await page.Locator("#found li").ClickAsync();
        await Expect(page.Locator("#about")).ToContainTextAsync(id);
        await Fits();
        foreach (var other in new[] { "peru", "africa", "european_union" })
        {
            await page.EvaluateAsync("id => { location.hash = `#/entity/${id}` }", other);
            await Expect(page.Locator("#about")).ToContainTextAsync(other);
            await Fits();
        }
        await page.Locator("#question").FillAsync(new string('q', 60));
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#answer:not([aria-busy])")).Not.ToBeEmptyAsync();
        await Fits();

        async Task Fits()
        {
            Assert.Equal(360, await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth"));
            var outside = await page.EvaluateAsync<string[]>(
                "() => [...document.querySelectorAll('body *')].filter(node => node.checkVisibility() && "
                    + "node.getBoundingClientRect().right > 360.5).map(node => node.outerHTML.slice(0, 99))");
            Assert.Empty(outside);
        }
    }

    [Fact]
    public async Task Text_is_readable_in_light_and_in_dark()
    {
        var page = await browser.Open("#/entity/peru");
        await Expect(page.Locator("svg text.centre")).ToHaveTextAsync("Peru");
        await page.Locator("#question").FillAsync("Where is it?");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#answer:not([aria-busy])")).Not.ToBeEmptyAsync();
        await page.Locator("#search").FillAsync("Lima");
        await Expect(page.Locator("#found li").First).ToBeVisibleAsync();
        var grounds = new List<double>();
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            var least = (await page.EvaluateAsync(LeastContrast))!.Value;
            Assert.InRange(least.GetProperty("count").GetInt32(), 50, 1000);
            Assert.True(least.GetProperty("contrast").GetDouble() >= 4.5, $"{scheme}: {least}");
            grounds.Add(least.GetProperty("ground").GetDouble());
        }
        Assert.InRange(grounds[0], 0.8, 1);
        Assert.InRange(grounds[1], 0, 0.05);
    }

    private async Task<string> Add(string text)
    {
        using var client = new HttpClient();
        using var response = await client.PostAsJsonAsync(
            new Uri($"{browser.Server.Urls[0]}/v1/entities"), new JsonObject { ["text"] = text }, RunningServer.Cancellation);
        return (string)(await response.Content.ReadFromJsonAsync<JsonNode>(RunningServer.Cancellation))!["id"]!;
    }
}
