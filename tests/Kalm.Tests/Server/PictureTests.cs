using Kalm.Server;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Kalm.Tests.Server;

/// <summary>The README's picture.</summary>
[Collection(nameof(PageBrowser))]
public class PictureTests(PageBrowser browser)
{
    private const string Variable = "KALM_PICTURE";
    private const int MostBytes = 300_000;
    private static readonly string Picture = Path.Combine(LayeringTests.RepositoryRoot(), "docs", "images", "page.png");

    [Fact]
    public async Task The_readme_shows_the_page_that_a_demo_serves()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } demo)
            await Take(demo);
        var size = Size(await File.ReadAllBytesAsync(Picture, RunningServer.Cancellation));
        Assert.Equal(1280, size.Width);
        Assert.InRange(new FileInfo(Picture).Length, 20_000, MostBytes);
    }

    private async Task Take(string demo)
    {
        await using var served = await RunningServer.Another(new ServerOptions
        {
            Model = Path.Combine(demo, "run"), Graph = Path.Combine(LayeringTests.RepositoryRoot(), "samples", "world"),
            Urls = ["http://127.0.0.1:0"], Quiet = true, IndexFolder = browser.File("picture"),
        });
        var page = await browser.Open(
            "#/query/kyrgyzstan/member_of", served,
            new() { ViewportSize = new() { Width = 1280, Height = 800 }, ColorScheme = ColorScheme.Light });
        await Expect(page.Locator("#answers > ol > li")).ToHaveCountAsync(10);
        await Pick("Head", "Kyrgyzstan");
        await page.Locator("#check-relation").SelectOptionAsync("member_of");
        await Pick("Tail", "SAARC");
        await page.GetByRole(AriaRole.Button, new() { Name = "Check" }).ClickAsync();
        await Expect(page.Locator("#checked .verdict")).ToBeVisibleAsync();
        await page.ScreenshotAsync(new() { Path = Picture });

        async Task Pick(string label, string name)
        {
            await page.GetByRole(AriaRole.Combobox, new() { Name = label }).FillAsync(name);
            await page.GetByRole(AriaRole.Option, new() { Name = name }).First.ClickAsync();
        }
    }

    private static (int Width, int Height) Size(byte[] png) =>
        (System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)),
            System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)));
}
