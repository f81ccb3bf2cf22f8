using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Kalm.Tests.Server;

/// <summary>What a person says on the page: facts reviewed, checked and added, entities added and deleted, in a real browser.</summary>
[Collection(nameof(PageBrowser))]
public class PageReviewTests(PageBrowser browser)
{
    internal const string Suggested = """
        {"suggestions": [{"head": {"id": "lake_titicaca", "name": "Lake Titicaca", "types": ["lake"]},
          "relation": {"id": "borders", "text": "shares a border with", "inverse": false},
          "tail": {"id": "cusco", "name": "Cusco", "types": ["city"]}, "value": 0.4, "fact_probability": 0.71, "verdict": "unknown",
          "support": [{"head": {"id": "peru", "name": "Peru"}, "relation": {"id": "borders", "text": "shares a border with"},
            "tail": {"id": "chile", "name": "Chile"}, "similarity": 0.5}]}]}
        """;

    [Fact]
    public async Task A_suggestion_is_accepted_corrected_or_rejected_and_each_is_taken_back()
    {
        var page = await browser.Open();
        await page.RouteAsync(
            "**/v1/suggestions*", route => route.FulfillAsync(new() { ContentType = "application/json", Body = Suggested }));
        await page.GetByRole(AriaRole.Button, new() { Name = "Find some" }).ClickAsync();
        var row = page.Locator("#review > li");
        await Expect(row).ToContainTextAsync("Lake Titicaca shares a border with Cusco · 71 %");
        await Expect(row).ToContainTextAsync("like Peru shares a border with Chile");
        foreach (var (act, verdict, tail, said) in new (Func<Task>, string, string, string)[]
        {
            (() => Press("Accept"), "accepted", "cusco", "Accepted."),
            (Correct, "accepted", "arequipa", "Accepted with Arequipa."),
            (() => Press("Reject"), "rejected", "cusco", "Rejected."),
        })
        {
            await act();
            await Expect(row.GetByRole(AriaRole.Status).Last).ToBeAttachedAsync();
            await Expect(row).ToContainTextAsync(said);
            var fact = Assert.Single(await Reviewed());
            Assert.Equal((verdict, "lake_titicaca", tail),
                ((string?)fact!["verdict"], (string?)fact["head"]!["id"], (string?)fact["tail"]!["id"]));
            await Expect(page.Locator("#reviewed summary")).ToHaveTextAsync("1 reviewed so far");
            await Press("Undo");
            await Expect(row).ToContainTextAsync("Taken back.");
            Assert.Empty(await Reviewed());
            await Expect(page.Locator("#reviewed")).ToBeHiddenAsync();
        }

        async Task Press(string name) => await row.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).ClickAsync();

        async Task Correct()
        {
            await Press("Correct");
            await row.GetByRole(AriaRole.Combobox).FillAsync("Arequpa");
            await row.GetByRole(AriaRole.Option, new() { Name = "Arequipa" }).ClickAsync();
            await Press("Accept");
        }
    }

    [Fact]
    public async Task A_fact_is_checked_with_reasons_and_added_and_the_page_of_its_head_tells_it()
    {
        var page = await browser.Open("#/entity/peru");
        await Expect(page.GetByRole(AriaRole.Combobox, new() { Name = "Head" })).ToHaveValueAsync("Peru");
        await Check("is a member state of", "Andean Comm", "Andean Community");
        await Expect(page.Locator("#checked .verdict")).ToHaveTextAsync("Known in train");
        await Expect(page.Locator("#checked")).ToContainTextAsync("the graph holds it, in train");
        await Check("is a member state of", "Arab Leag", "Arab League");
        await Expect(page.Locator("#checked .claim")).ToHaveTextAsync("Peru is a member state of Arab League");
        await Expect(page.Locator("#checked .verdict")).ToContainTextAsync("true with a probability of");
        await page.Locator("#checked").GetByRole(AriaRole.Button, new() { Name = "Accept" }).ClickAsync();
        await Expect(page.Locator("#checked")).ToContainTextAsync("Accepted.");
        await page.ReloadAsync();
        var row = page.Locator(".relation").Filter(new() { HasText = "is a member state of" });
        await Expect(row.Locator("li", new() { HasText = "Arab League" }).First).ToContainTextAsync("accepted");
        await page.GetByRole(AriaRole.Link, new() { Name = "Kalm" }).ClickAsync();
        await page.Locator("#reviewed summary").ClickAsync();
        await page.Locator("#reviewed").GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Expect(page.Locator("#reviewed")).ToBeHiddenAsync();
        Assert.Empty(await Reviewed());

        async Task Check(string relation, string typed, string name)
        {
            await page.Locator("#check-relation").SelectOptionAsync(new SelectOptionValue { Label = relation });
            await page.GetByRole(AriaRole.Combobox, new() { Name = "Tail" }).FillAsync(typed);
            await page.GetByRole(AriaRole.Option, new() { Name = name }).First.ClickAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Check" }).ClickAsync();
        }
    }

    [Fact]
    public async Task An_entity_is_added_asked_about_and_deleted()
    {
        var page = await browser.Open();
        await page.GetByLabel("Description").FillAsync("Atlantis, island country in northern Europe of fjords");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
        await Expect(page.Locator("h1:visible")).ToHaveTextAsync("Atlantis");
        await Expect(page.Locator("#about")).ToContainTextAsync("added by a client");
        await Expect(page.Locator("#facts:not([aria-busy]) .predicted").First).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Expect(page.Locator("h1:visible")).ToHaveTextAsync("What does the model believe?");
        await page.Locator("#search").FillAsync("Atlantis");
        await Expect(page.Locator("#found-note")).ToContainTextAsync("Nothing is called “Atlantis”");
    }

    private async Task<JsonArray> Reviewed()
    {
        using var client = new HttpClient();
        return (await client.GetFromJsonAsync<JsonNode>(
            new Uri($"{browser.Server.Urls[0]}/v1/facts"), RunningServer.Cancellation))!["facts"]!.AsArray();
    }
}
