using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace Kalm.Tests.Server;

/// <summary>What is asked of every page in every state, at every width, in light and in dark.</summary>
internal static class Accessible
{
    private static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    /// <summary>A phone, a desk and a wide screen, each light and dark.</summary>
    public static TheoryData<int, ColorScheme> Screens => new MatrixTheoryData<int, ColorScheme>(
        [390, 1280, 2560], [ColorScheme.Light, ColorScheme.Dark]);

    /// <summary>Asserts that axe-core finds nothing and that nothing scrolls sideways.</summary>
    /// <param name="page">The page.</param>
    /// <param name="state">What the page shows.</param>
    public static async Task Check(IPage page, string state)
    {
        await page.EvaluateAsync(Axe);
        var found = (await page.EvaluateAsync("() => axe.run(document, { resultTypes: ['violations'] })"))!.Value;
        Assert.InRange(found.GetProperty("passes").GetArrayLength(), 10, 200);
        Assert.Empty(found.GetProperty("violations").EnumerateArray().Select(item => $"{state}: {item.GetProperty("id").GetString()}: "
            + string.Join("\n", item.GetProperty("nodes").EnumerateArray().Select(node => node.GetProperty("html").GetString()))));
        Assert.Equal((state, page.ViewportSize!.Width),
            (state, await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth")));
    }
}
