using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using static Microsoft.Playwright.Assertions;

namespace Kalm.Tests.Server;

/// <summary>Where one begins on the page, what its search finds and what a query answers, in a real browser.</summary>
[Collection(nameof(PageBrowser))]
public class PageSearchTests(PageBrowser browser)
{
    [Theory]
    [InlineData("Bolvia", "Bolivia", "country · spelt like it")]
    [InlineData("Kirgizstan", "Kyrgyzstan", "country · spelt like it")]
    [InlineData("Kyrgiz", "Kyrgyzstan", "country · spelt like it")]
    [InlineData("sao tome and", "São Tomé and Príncipe", "country · spelt like it")]
    [InlineData("Stalingrad", "Volgograd", "city · also called so")]
    [InlineData("machu", "Peru", "country · in its description")]
    [InlineData("Lima", "Lima", "city")]
    public async Task Search_forgives_spelling_and_knows_other_names_and_descriptions(string words, string name, string reason)
    {
        var page = await browser.Open();
        await page.Locator("#search").FillAsync(words);
        var first = page.Locator("#found li").Filter(new() { HasText = name }).First;
        await Expect(first.Locator(".kind")).ToHaveTextAsync(reason);
        await first.ClickAsync();
        await Expect(page.Locator("h1:visible")).ToHaveTextAsync(name);
    }

    [Fact]
    public async Task The_page_starts_with_what_is_served_and_with_examples_that_lead_on()
    {
        var page = await browser.Open();
        var graph = await Get("/v1/graph");
        Assert.Equal((3558, 16), ((int)graph["facts"]!, graph["relations"]!.AsArray().Count));
        await Expect(page.Locator("#counts dd")).ToHaveTextAsync(
            [((int)graph["entities"]!).ToString("N0", CultureInfo.InvariantCulture), "3,558", "16", "12", "base"]);
        var examples = graph["examples"]!.AsArray();
        Assert.Equal(examples.Select(example => (string)example!["entity"]!["name"]!),
            await page.Locator("#examples p:first-of-type a").AllTextContentsAsync());
        await page.Locator("#examples a").First.ClickAsync();
        await Expect(page.Locator("h1:visible")).ToHaveTextAsync((string)examples[0]!["entity"]!["name"]!);
        await page.GoBackAsync();
        await page.Locator("#examples a", new() { HasText = " shares a border with …" }).ClickAsync();
        await Expect(page.Locator("h1:visible")).ToContainTextAsync("shares a border with");
        await Expect(page.Locator("#answers > ol > li")).ToHaveCountAsync(10);
        await page.Keyboard.PressAsync("/");
        await Expect(page.Locator("#search")).ToBeFocusedAsync();
    }

    [Theory]
    [InlineData("shares a border with", "borders", "head")]
    [InlineData("is crossed by the river", "flows_through", "tail")]
    public async Task A_relation_leads_to_the_best_answers_with_their_probabilities_and_why(string words, string relation, string side)
    {
        var page = await browser.Open("#/entity/peru");
        await page.Locator(".relation h2 a", new() { HasText = words }).ClickAsync();
        await Expect(page.Locator("h1:visible")).ToHaveTextAsync($"Peru {words} …");
        using var client = new HttpClient();
        using var response = await client.PostAsJsonAsync(new Uri($"{browser.Server.Urls[0]}/v1/complete"),
            new JsonObject { ["relation"] = relation, [side] = "peru", ["top"] = 10 }, RunningServer.Cancellation);
        var results = (await response.Content.ReadFromJsonAsync<JsonNode>(RunningServer.Cancellation))!["results"]!.AsArray();
        await Expect(page.Locator("#answers > ol > li > .entity > a"))
            .ToHaveTextAsync(results.Select(result => (string)result!["name"]!).ToArray());
        foreach (var (place, result) in results.Index())
        {
            var row = page.Locator("#answers > ol > li").Nth(place);
            await Expect(row.Locator("> .percent")).ToHaveTextAsync(Percent((double)result!["probability"]!));
            await Expect(row.Locator("[class^=mark]")).ToContainTextAsync((bool)result["known"]! ? "known" : "new");
        }
        await Expect(page.Locator("#answers details").First.Locator("li")).ToHaveCountAsync(results[0]!["explanation"]!.AsArray().Count);
        await page.Locator("#answers summary").Nth(1).ClickAsync();
        await Expect(page.Locator("#answers details").Nth(1)).ToContainTextAsync(
            (string)results[1]!["explanation"]![0]!["tail"]!["name"]!);
    }

    private static string Percent(double probability) => probability < 0.001 ? "< 0.1 %" : probability > 0.999 ? "> 99.9 %"
        : (100 * probability).ToString(probability is < 0.0995 or > 0.99 ? "F1" : "F0", CultureInfo.InvariantCulture) + " %";

    private async Task<JsonNode> Get(string path)
    {
        using var client = new HttpClient();
        return (await client.GetFromJsonAsync<JsonNode>(new Uri(browser.Server.Urls[0] + path), RunningServer.Cancellation))!;
    }
}
