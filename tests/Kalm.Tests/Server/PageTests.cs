using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Kalm.Tests.Server;

/// <summary>What a person does on the page, in a real browser.</summary>
[Collection(nameof(PageBrowser))]
public class PageTests(PageBrowser browser)
{
    private const string Peru = "#/entity/peru";

    // Every state of the answer that the document has been in.
    private const string Watch = """
        () => {
          window.states = [];
          const answer = document.getElementById("answer");
          new MutationObserver(() => window.states.push(answer.textContent))
            .observe(answer, { childList: true, characterData: true, subtree: true });
        }
        """;

    [Fact]
    public async Task An_entity_that_is_searched_shows_its_text_and_what_is_known_and_predicted_of_it()
    {
        var page = await browser.Open();
        await page.Locator("#search").PressSequentiallyAsync("per");
        await Expect(page.Locator("#found li").First).ToContainTextAsync("Peru");
        await page.GetByRole(AriaRole.Option, new() { Name = "Persian Gulf" }).ClickAsync();
        await Expect(page.Locator("h1:visible")).ToHaveTextAsync("Persian Gulf");
        await page.Locator("#search").FillAsync("nothing like it");
        await Expect(page.Locator("#found-note")).ToHaveTextAsync("Nothing is called “nothing like it”.");
        await page.Locator("#search").FillAsync("Peru");
        await page.Locator("#found li").First.ClickAsync();

        var expected = await Entity("peru");
        await Expect(page.Locator("h1:visible")).ToHaveTextAsync("Peru");
        await Expect(page.Locator("#text")).ToHaveTextAsync((string)expected["text"]!);
        await Expect(page).ToHaveTitleAsync("Peru · Kalm");
        await Loaded(page);
        Assert.Equal(Names(expected["known"]!.AsArray()), await page.Locator("#facts .known a").AllTextContentsAsync());
        var predictions = expected["predicted"]!.AsArray().SelectMany(relation => relation!["answers"]!.AsArray()).ToList();
        Assert.Equal(Names(predictions).Order(), (await page.Locator("#facts .predicted a").AllTextContentsAsync()).Order());
        // What is not sure enough to be stated stands behind a line that says so.
        Assert.All(predictions, prediction => Assert.NotEqual("true", (string?)prediction!["verdict"]));
        await Expect(page.Locator("#facts summary").First).ToHaveTextAsync("Not sure enough to say");
        await OpenAll(page);
        foreach (var relation in expected["predicted"]!.AsArray())
        {
            var row = page.Locator(".relation").Filter(
                new() { Has = page.GetByRole(AriaRole.Heading, new() { Name = (string)relation!["relation"]!["text"]!, Exact = true }) });
            foreach (var (place, answer) in relation["answers"]!.AsArray().Index())
            {
                var fact = row.Locator(".predicted li").Nth(place);
                await Expect(fact.Locator("a")).ToHaveTextAsync((string)answer!["entity"]!["name"]!);
                var (bar, whole) = ((await fact.Locator(".bar span").BoundingBoxAsync())!,
                    (await fact.Locator(".bar").BoundingBoxAsync())!);
                var sure = (double)answer["fact_probability"]!;
                Assert.InRange(bar.Width / whole.Width, sure - 0.01, sure + 1.1 / whole.Width);
            }
        }
        await Expect(page.Locator(".relation").Filter(new() { HasText = "shares a border with" })
            .Locator("li", new() { HasText = "Brazil" })).ToContainTextAsync("test");
    }

    [Fact]
    public async Task The_drawing_shows_known_neighbours_solid_and_stated_ones_dashed()
    {
        var page = await browser.Open(Peru);
        await Expect(page.Locator("svg text.centre")).ToHaveTextAsync("Peru");
        await Loaded(page);
        var expected = await Entity("peru");
        // The model states nothing yet.
        Assert.Equal(0, await page.Locator("svg line.predicted").CountAsync());
        foreach (var answer in expected["predicted"]!.AsArray().SelectMany(relation => relation!["answers"]!.AsArray()))
            answer!["verdict"] = "true";
        await page.RouteAsync("**/v1/entities/peru*",
            route => route.FulfillAsync(new() { ContentType = "application/json", Body = expected.ToJsonString() }));
        await page.ReloadAsync();
        await Expect(page.Locator("svg text.centre")).ToHaveTextAsync("Peru");
        await Loaded(page);
        await Expect(page.Locator("#facts details")).ToHaveCountAsync(0);
        foreach (var (kind, dashes, fewest) in new[] { ("known", "none", 6), ("predicted", "5px, 4px", 4) })
        {
            var dash = await page.Locator($"svg line.{kind}").EvaluateAllAsync<string[]>(
                "lines => lines.map(line => getComputedStyle(line).strokeDasharray)");
            Assert.All(dash, found => Assert.Equal(dashes, found));
            var names = kind == "known" ? Names(expected["known"]!.AsArray())
                : Names(expected["predicted"]!.AsArray().SelectMany(relation => relation!["answers"]!.AsArray()));
            var drawn = await page.Locator($"svg a.{kind} text").AllTextContentsAsync();
            Assert.InRange(drawn.Count, fewest, 8);
            Assert.Equal(drawn.Count, dash.Length);
            Assert.All(drawn,
                name => Assert.Contains(names, whole => whole == name || whole.StartsWith(name.TrimEnd('…'), StringComparison.Ordinal)));
        }
        await page.Locator("svg a", new() { HasText = "Bolivia" }).HoverAsync();
        await Expect(page.Locator("figcaption")).ToHaveTextAsync("Peru shares a border with Bolivia");
    }

    [Fact]
    public async Task Facts_and_the_drawing_lead_from_one_entity_to_the_next_and_the_browser_leads_back()
    {
        var page = await browser.Open(Peru);
        var name = page.Locator("h1:visible");
        await page.Locator(".known a", new() { HasText = "Lake Titicaca" }).ClickAsync();
        await Expect(name).ToHaveTextAsync("Lake Titicaca");
        await page.Locator("svg a.known", new() { HasText = "Bolivia" }).ClickAsync();
        await Expect(name).ToHaveTextAsync("Bolivia");
        await Loaded(page);
        await OpenAll(page);
        var predicted = page.Locator("#facts .predicted a").First;
        var next = await predicted.TextContentAsync();
        await predicted.ClickAsync();
        await Expect(name).ToHaveTextAsync(next!);
        foreach (var earlier in new[] { "Bolivia", "Lake Titicaca", "Peru" })
        {
            await page.GoBackAsync();
            await Expect(name).ToHaveTextAsync(earlier);
        }
        await page.GoForwardAsync();
        await Expect(name).ToHaveTextAsync("Lake Titicaca");
        await page.ReloadAsync();
        await Expect(name).ToHaveTextAsync("Lake Titicaca");
        await page.GetByRole(AriaRole.Link, new() { Name = "Kalm" }).ClickAsync();
        await Expect(name).ToHaveTextAsync("What does the model believe?");
        await Expect(page.Locator("#facts")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Of_many_known_facts_the_first_are_shown_and_the_rest_on_demand()
    {
        var page = await browser.Open("#/entity/africa");
        await Loaded(page);
        var row = page.Locator(".relation").Filter(new() { HasText = "is the continent of the country" });
        await Expect(row.Locator(".known a")).ToHaveCountAsync(12);
        await row.GetByRole(AriaRole.Button).ClickAsync();
        var expected = (await Entity("africa"))["known"]!.AsArray()
            .Where(fact => (string?)fact!["relation"]!["id"] == "on_continent").ToList();
        Assert.Equal(Names(expected), await row.Locator(".known a").AllTextContentsAsync());
        await Expect(row.Locator(".known a").Nth(12)).ToBeFocusedAsync();
    }

    [Fact]
    public async Task An_answer_is_shown_as_it_is_written()
    {
        const string Question = "What is the relation between Lima and Peru?";
        var page = await browser.Open(Peru);
        await page.EvaluateAsync(Watch);
        await page.Locator("#question").FillAsync(Question);
        await page.GetByRole(AriaRole.Button, new() { Name = "Ask" }).ClickAsync();
        var whole = await Answer(Question);
        await Expect(page.Locator("#answer:not([aria-busy])")).ToHaveTextAsync(whole);
        await Expect(page.Locator("#asked")).ToHaveTextAsync(Question);
        var states = (await page.EvaluateAsync<string[]>("() => window.states")).Where(state => state.Length > 0).Distinct().ToList();
        Assert.InRange(states.Count, 4, int.MaxValue);
        Assert.Equal(whole, states[^1]);
        foreach (var (earlier, later) in states.Zip(states.Skip(1)))
            Assert.StartsWith(earlier, later, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_without_a_mouse_searches_walks_and_asks()
    {
        var page = await browser.Open();
        var search = page.Locator("#search");
        var name = page.Locator("h1:visible");
        await TabTo(page, "#search");
        await page.Keyboard.TypeAsync("per");
        await Expect(search).ToHaveAttributeAsync("aria-expanded", "true");
        foreach (var (key, active) in new[]
        {
            ("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0), ("ArrowUp", -1), ("ArrowUp", 7), ("ArrowDown", -1), ("ArrowDown", 0),
        })
        {
            await page.Keyboard.PressAsync(key);
            Assert.Equal(active < 0 ? null : $"found-{active}", await search.GetAttributeAsync("aria-activedescendant"));
            Assert.Equal(active < 0 ? [] : [$"found-{active}"],
                await page.Locator("[aria-selected=true]").EvaluateAllAsync<string[]>("options => options.map(option => option.id)"));
        }
        await page.Keyboard.PressAsync("Enter");
        await Expect(name).ToHaveTextAsync("Peru");
        await Expect(name).ToBeFocusedAsync();

        await Loaded(page);
        await TabTo(page, "svg a");
        await page.Keyboard.PressAsync("ArrowDown");
        var neighbour = page.Locator("svg a:focus");
        Assert.StartsWith("Peru ", await neighbour.GetAttributeAsync("aria-label"), StringComparison.Ordinal);
        var next = await neighbour.Locator("text").TextContentAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(name).ToHaveTextAsync(next!);
        await Loaded(page);
        await TabTo(page, "#facts summary");
        await page.Keyboard.PressAsync("Enter");
        await TabTo(page, "#facts .predicted a");
        next = await page.Locator("a:focus").TextContentAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(name).ToHaveTextAsync(next!);

        await TabTo(page, "#question");
        await page.Keyboard.TypeAsync("Where is it?");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#answer:not([aria-busy])")).Not.ToBeEmptyAsync();

        await search.FocusAsync();
        await page.Keyboard.TypeAsync("Lima");
        await Expect(page.Locator("#found li").First).ToContainTextAsync("Lima");
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.Locator("#found")).ToBeHiddenAsync();
        await Expect(search).ToHaveValueAsync("Lima");
        await page.Keyboard.PressAsync("Escape");
        await Expect(search).ToHaveValueAsync("");
        // Faster than the search.
        await page.Keyboard.TypeAsync("Quito");
        await page.Keyboard.PressAsync("Enter");
        await Expect(name).ToHaveTextAsync("Quito");
    }

    [Fact]
    public async Task The_page_asks_nobody_but_its_server_and_the_browser_finds_no_fault_with_it()
    {
        var page = await browser.Open();
        var (asked, complaints) = (new List<string>(), new List<string>());
        page.Request += (_, request) => asked.Add(request.Url);
        page.Console += (_, message) => complaints.Add(message.Text);
        page.PageError += (_, error) => complaints.Add(error);
        await page.ReloadAsync();
        await page.Locator("#search").FillAsync("Lima");
        await page.Locator("#found li").First.ClickAsync();
        await Expect(page.Locator("h1:visible")).ToHaveTextAsync("Lima");
        await page.Locator("#question").FillAsync("Where is it?");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#answer:not([aria-busy])")).Not.ToBeEmptyAsync();
        Assert.Contains(asked, url => url.EndsWith("/page/page.js", StringComparison.Ordinal));
        Assert.All(asked, url => Assert.StartsWith(browser.Server.Urls[0], url, StringComparison.Ordinal));
        Assert.Empty(complaints);
    }

    // What is predicted comes after what is known.
    private static async Task Loaded(IPage page) => await Expect(page.Locator("#facts:not([aria-busy])")).ToBeVisibleAsync();

    private static async Task OpenAll(IPage page) =>
        await page.EvaluateAsync("() => document.querySelectorAll('details').forEach(part => part.open = true)");

    private static async Task TabTo(IPage page, string selector)
    {
        for (var presses = 0; presses < 250; presses++)
        {
            await page.Keyboard.PressAsync("Tab");
            if (await page.EvaluateAsync<bool>("selector => document.activeElement.matches(selector)", selector))
                return;
        }
        Assert.Fail($"250 presses of Tab do not lead to {selector}");
    }

    private static IEnumerable<string> Names(IEnumerable<JsonNode?> facts) => facts.Select(fact => (string)fact!["entity"]!["name"]!);

    private async Task<JsonNode> Entity(string id)
    {
        using var client = new HttpClient();
        return (await client.GetFromJsonAsync<JsonNode>(
            new Uri($"{browser.Server.Urls[0]}/v1/entities/{id}"), RunningServer.Cancellation))!;
    }

    private async Task<string> Answer(string question)
    {
        using var client = new HttpClient();
        using var response = await client.PostAsJsonAsync(
            new Uri($"{browser.Server.Urls[0]}/v1/chat/completions"),
            JsonNode.Parse($$"""{"messages":[{"role":"user","content":"{{question}}"}]}"""), RunningServer.Cancellation);
        return (string)(await response.Content.ReadFromJsonAsync<JsonNode>(
            RunningServer.Cancellation))!["choices"]![0]!["message"]!["content"]!;
    }
}
