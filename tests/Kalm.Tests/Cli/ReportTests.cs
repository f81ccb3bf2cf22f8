using System.Text.RegularExpressions;
using Kalm.Tests.Server;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Kalm.Tests.Cli;

/// <summary>The reports of align, evaluate completion and demo: what they hold, and what they look like in a real browser.</summary>
[Collection(nameof(PageBrowser))]
public sealed class ReportTests(PageBrowser browser, ReportTests.Reports reports) : IClassFixture<ReportTests.Reports>
{
    private const string Completion = "query; rank; MRR; Hits@1, Hits@10; relation-frequency baseline; ";
    private const string Facts = "calibration error; accuracy; threshold; precision; coverage";
    private const string Training = "contrastive loss; language loss; validation MRR; ";

    // The width of A4 between Chromium's margins, 96 points an inch.
    private const int Paper = 718;

    private static readonly string[] Kinds = ["run", "evaluation", "demo"];

    /// <summary>A report of each kind, the first two of a base that was made to write.</summary>
    public sealed class Reports : IDisposable
    {
        private readonly TemporaryFolder folder = new();
        private readonly Kalm.Tests.Graph.SmallGraph graph = FamilyGraph.Make(perGroup: 30);

        public Reports()
        {
            var (model, run) = (folder.File("base"), folder.File("run"));
            CommandLine.Run("pretrain", "--graph", graph.Path, "--steps", "3", "--vocabulary", "300", "--out", model, "--quiet")
                .IsSuccess();
            File.WriteAllText(Path.Combine(model, "chat_template.jinja"), ChatModelTests.Template);
            var recipe = folder.Write("recipe.json", ChatModelTests.Recipe);
            CommandLine.Run("align", "--model", model, "--graph", graph.Path, "--recipe", recipe, "--steps", "4", "--batch", "16",
                "--out", run, "--quiet").IsSuccess();
            CommandLine.Run("evaluate", "completion", "--model", run, "--report", this["evaluation"], "--quiet").IsSuccess();
            DemoTests.Run(graph.Path, folder.File("demo"), null);
        }

        public string this[string kind] => folder.File(kind == "evaluation" ? "evaluation.html" : Path.Combine(kind, "report.html"));

        public void Dispose()
        {
            graph.Dispose();
            folder.Dispose();
        }
    }

    [Theory]
    [InlineData("run", 3, "MRR; Hits@1, Hits@10; perplexity of held-out texts; " + Training)]
    [InlineData("evaluation", 1, "MR; " + Completion + Facts)]
    [InlineData("demo", 6, "head, tail, relation; verdict; perplexity; " + Training + Completion + Facts)]
    public void Measures_are_defined_in_a_sentence_each_and_images_are_in_the_file(string kind, int images, string measures)
    {
        var report = File.ReadAllText(reports[kind]);
        foreach (var measure in measures.Split("; ", StringSplitOptions.RemoveEmptyEntries))
            Assert.Matches($@"<dt>{Regex.Escape(measure)}</dt><dd>[A-Z][^<]{{20,}}\.</dd>", report);
        Assert.Equal(images, Regex.Count(report, "<img alt=\"[^\"]+\" src=\"data:image/png;base64,"));
        Assert.Equal(kind == "run" ? 0 : 1, Regex.Count(report, "<img alt=\"reliability: "));
    }

    [Theory]
    [InlineData("evaluation")]
    [InlineData("demo")]
    public async Task Ten_best_and_ten_worst_answers_stand_there_with_their_evidence(string kind)
    {
        var page = await Show(kind);
        var ranks = new List<double[]>();
        foreach (var heading in new[] { "Its ten best answers", "Its ten worst answers" })
        {
            var rows = page.Locator($"h2:text-is('{heading}') ~ .table >> nth=0 >> tbody tr");
            await Expect(rows).ToHaveCountAsync(10);
            Assert.All(await rows.Locator("td:last-child").AllTextContentsAsync(),
                evidence => Assert.Matches("^nothing$|^.+ (kind of|lives with) .+$", evidence));
            ranks.Add([.. (await rows.Locator("td:nth-child(3)").AllTextContentsAsync()).Select(rank => double.Parse(
                rank, System.Globalization.CultureInfo.InvariantCulture))]);
        }
        Assert.Equal(ranks[0].Order(), ranks[0]);
        Assert.Equal(ranks[1].OrderDescending(), ranks[1]);
        Assert.True(ranks[0][^1] < ranks[1][^1], string.Join(' ', ranks.SelectMany(of => of)));
    }

    [Fact]
    public async Task A_run_tells_what_it_writes_before_and_after_and_what_measures_it_on_test()
    {
        var page = await Show("run");
        var rows = page.Locator("h2:text-is('What it writes, before and after') ~ .table tbody tr");
        Assert.Contains("What is the capital of Peru?", await rows.Locator("td:first-child").AllTextContentsAsync());
        await Expect(page.Locator(".note").First).ToContainTextAsync("kalm evaluate completion --model ");
    }

    public static TheoryData<int, ColorScheme> Screens => Accessible.Screens;

    [Theory]
    [MemberData(nameof(Screens))]
    public async Task No_report_breaks_a_rule_of_axe_core_scrolls_sideways_or_asks_a_network(int width, ColorScheme scheme)
    {
        foreach (var kind in Kinds)
        {
            var page = await browser.Window(new() { ViewportSize = new() { Width = width, Height = 860 }, ColorScheme = scheme });
            var asked = new List<string>();
            page.Request += (_, request) => asked.Add(request.Url);
            await page.GotoAsync(new Uri(reports[kind]).AbsoluteUri);
            await Accessible.Check(page, kind);
            Assert.All(asked, url => Assert.Matches("^(file|data):", url));
            var ground = await page.EvaluateAsync<string>("() => getComputedStyle(document.body).backgroundColor");
            Assert.Equal(scheme == ColorScheme.Light ? "rgb(251, 250, 247)" : "rgb(20, 24, 26)", ground);
        }
    }

    [Fact]
    public async Task On_paper_a_report_is_dark_on_white_and_nothing_is_cut_off()
    {
        foreach (var kind in Kinds)
        {
            var page = await Show(kind, new() { ViewportSize = new() { Width = Paper, Height = 1000 }, ColorScheme = ColorScheme.Dark });
            await page.EmulateMediaAsync(new() { Media = Media.Print });
            var colours = await page.EvaluateAsync<string[]>(
                "() => [document.body, document.querySelector('td')].map(node => getComputedStyle(node))"
                    + ".flatMap(({ color, backgroundColor }) => [color, backgroundColor])");
            Assert.Equal(["rgb(0, 0, 0)", "rgb(255, 255, 255)", "rgb(0, 0, 0)", "rgba(0, 0, 0, 0)"], colours);
            Assert.Empty(await page.EvaluateAsync<string[]>(
                "() => [...document.querySelectorAll('main *')].filter(node => "
                    + "node.clientWidth > 0 && node.scrollWidth > node.clientWidth + 1 "
                    + "|| node.getBoundingClientRect().right > innerWidth + 1).map(node => node.outerHTML.slice(0, 99))"));
        }
    }

    private async Task<IPage> Show(string kind, BrowserNewContextOptions? options = null)
    {
        var page = await browser.Window(options);
        await page.GotoAsync(new Uri(reports[kind]).AbsoluteUri);
        return page;
    }
}
