using Kalm.Server;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Kalm.Tests.Server;

/// <summary>The README's picture, and pictures of everything to look at.</summary>
[Collection(nameof(PageBrowser))]
public class PictureTests(PageBrowser browser)
{
    private const string Variable = "KALM_PICTURE";
    private const string All = "KALM_PICTURES";
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

    public static TheoryData<int, ColorScheme> Screens => Accessible.Screens;

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task Every_state_of_a_demo_and_its_reports_are_there_to_look_at(int width, ColorScheme scheme)
    {
        var (demo, folder) = (Environment.GetEnvironmentVariable(Variable), Environment.GetEnvironmentVariable(All));
        Assert.SkipWhen(string.IsNullOrEmpty(demo) || string.IsNullOrEmpty(folder),
            $"{Variable} names a demo and {All} the folder that pictures go to");
        var options = new BrowserNewContextOptions { ViewportSize = new() { Width = width, Height = 860 }, ColorScheme = scheme };
        await using var served = await Serve(demo);
        var page = await browser.Open(of: served, options: options);
        foreach (var (state, reach) in PageAccessTests.States)
        {
            await reach(page);
            await Photograph(state);
        }
        foreach (var report in Directory.EnumerateFiles(demo, "*.html", SearchOption.AllDirectories))
        {
            await page.GotoAsync(new Uri(Path.GetFullPath(report)).AbsoluteUri);
            await Photograph(Path.GetRelativePath(demo, report).Replace(Path.DirectorySeparatorChar, '-'));
        }

        async Task Photograph(string state)
        {
            var file = Path.Combine(folder, $"{state}-{width}-{scheme}.png");
            await page.ScreenshotAsync(new() { Path = file, FullPage = true });
            Assert.Equal(width, Size(await File.ReadAllBytesAsync(file, RunningServer.Cancellation)).Width);
        }
    }

    private Task<KalmServer> Serve(string demo) => RunningServer.Another(new ServerOptions
    {
        Model = Path.Combine(demo, "run"), Graph = Path.Combine(LayeringTests.RepositoryRoot(), "samples", "world"),
        Urls = ["http://127.0.0.1:0"], Quiet = true, IndexFolder = browser.File("picture"),
    });

    private async Task Take(string demo)
    {
        await using var served = await Serve(demo);
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
