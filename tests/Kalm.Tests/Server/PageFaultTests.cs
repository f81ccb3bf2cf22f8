using Kalm.Server;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Kalm.Tests.Server;

/// <summary>What the page says when something goes wrong, in a real browser.</summary>
[Collection(nameof(PageBrowser))]
public class PageFaultTests(PageBrowser browser)
{
    [Fact]
    public async Task Until_the_model_is_ready_the_page_says_so_and_then_opens_what_was_asked_for()
    {
        PageBrowser.Require();
        await using var starting = new KalmServer(browser.Options with { IndexFolder = browser.File("fresh-index") });
        await starting.Listen(RunningServer.Cancellation);
        var page = await browser.Open("#/entity/peru", starting);
        await Expect(page.Locator("#loading")).ToContainTextAsync("The model is being made ready: starting");
        await page.Locator("#search").FillAsync("per");
        await Expect(page.Locator("#found-note")).ToContainTextAsync("The model is being made ready");
        starting.Load();
        await Expect(page.Locator("h1:visible")).ToHaveTextAsync("Peru");
        await Expect(page.Locator("#loading")).ToBeHiddenAsync();
        await Expect(page.Locator("#served")).ToHaveTextAsync("base · 1,037 entities");
    }

    [Fact]
    public async Task A_model_that_is_busy_is_told_and_can_be_asked_again()
    {
        PageBrowser.Require();
        await using var narrow = await RunningServer.Another(browser.Options with { Limits = new ServerLimits { Queue = 1 } });
        var page = await browser.Open("#/entity/peru", narrow);
        await Expect(page.Locator("h1:visible")).ToHaveTextAsync("Peru");
        using (await Occupy(narrow))
        {
            var waiting = narrow.Host.Served.Call(_ => 1, RunningServer.Cancellation);
            await page.Locator(".known a", new() { HasText = "Bolivia" }).ClickAsync();
            await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The model is busy. Try again in 1 s.");
            await Ask(page, "Where is it?");
            await Expect(page.Locator("#answer-note")).ToHaveTextAsync("The model is busy. Try again in 1 s.");
        }
        await page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await Expect(page.Locator("h1:visible")).ToHaveTextAsync("Bolivia");
        await Expect(page.GetByRole(AriaRole.Alert)).ToBeHiddenAsync();
    }

    [Fact]
    public async Task An_answer_can_be_stopped_and_the_next_question_is_answered()
    {
        var page = await browser.Open();
        using (await Occupy(browser.Server))
        {
            await Ask(page, "Where is Peru?");
            await page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
            await Expect(page.Locator("#answer-note")).ToHaveTextAsync("Stopped.");
        }
        await Ask(page, "Where is Lima?");
        await Expect(page.Locator("#answer:not([aria-busy])")).Not.ToBeEmptyAsync();
        await Expect(page.Locator("#asked")).ToHaveTextAsync("Where is Lima?");
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_kept_and_told()
    {
        var page = await browser.Open();
        await page.RouteAsync("**/v1/chat/completions", route => route.FulfillAsync(new()
        {
            ContentType = "text/event-stream",
            Body = """data: {"choices":[{"index":0,"delta":{"content":"In the An"},"finish_reason":null}]}""" + "\n\n",
        }));
        await Ask(page, "Where is Peru?");
        await Expect(page.Locator("#answer-note")).ToHaveTextAsync("The answer was cut off.");
        await Expect(page.Locator("#answer")).ToHaveTextAsync("In the An");
    }

    [Fact]
    public async Task An_entity_that_does_not_exist_and_a_server_that_is_gone_are_told()
    {
        PageBrowser.Require();
        await using var leaving = await RunningServer.Another(browser.Options);
        var page = await browser.Open("#/entity/nobody", leaving);
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("There is no entity 'nobody'; the search finds others.");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Try again" })).ToBeHiddenAsync();
        await leaving.Stop();
        await page.EvaluateAsync("() => { location.hash = '#/entity/peru' }");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The service cannot be reached.");
        await Ask(page, "Where is Peru?");
        await Expect(page.Locator("#answer-note")).ToHaveTextAsync("The service cannot be reached.");
    }

    [Fact]
    public async Task With_a_key_the_browser_asks_for_it_and_sends_it_with_every_request()
    {
        PageBrowser.Require();
        await using var locked = await RunningServer.Another(browser.Options with { ApiKey = "sesame" });
        foreach (var key in new[] { "sesame", "other" })
        {
            var page = await browser.Open(
                "#/entity/peru", locked, new() { HttpCredentials = new() { Username = "somebody", Password = key } });
            if (key == "other")
            {
                await Expect(page.Locator("body")).ToContainTextAsync("the key is not the right one");
                continue;
            }
            await Expect(page.Locator("h1:visible")).ToHaveTextAsync("Peru");
            await page.Locator("#search").FillAsync("Lima");
            await page.Locator("#found li").First.ClickAsync();
            await Expect(page.Locator("h1:visible")).ToHaveTextAsync("Lima");
            await Ask(page, "Where is it?");
            await Expect(page.Locator("#answer:not([aria-busy])")).Not.ToBeEmptyAsync();
        }
    }

    private static async Task Ask(IPage page, string question)
    {
        await page.Locator("#question").FillAsync(question);
        await page.GetByRole(AriaRole.Button, new() { Name = "Ask" }).ClickAsync();
    }

    // Keeps the model's thread busy until it is disposed of.
    private static async Task<Occupation> Occupy(KalmServer server)
    {
        var (begun, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        _ = server.Host.Served.Call(
            _ =>
            {
                begun.SetResult();
                return release.Task.Wait(TimeSpan.FromSeconds(60));
            }, RunningServer.Cancellation);
        await begun.Task.WaitAsync(RunningServer.Cancellation);
        return new Occupation(release);
    }

    private sealed record Occupation(TaskCompletionSource Release) : IDisposable
    {
        public void Dispose() => Release.SetResult();
    }
}
