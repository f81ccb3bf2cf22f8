using Kalm.Alignment.Keeping;
using Kalm.Cli;
using Spectre.Console;

namespace Kalm.Tests.Cli;

public class ResultTableTests
{
    private const string Long = "Peru is a country in the west of South America, whose capital is Lima, and whose neighbours are Ecuador, "
        + "Colombia, Brazil, Bolivia and Chile; it has a coast on the Pacific and mountains of more than six thousand metres";

    [Theory]
    [InlineData(40)]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(100)]
    [InlineData(200)]
    public void No_table_is_wider_than_the_terminal_nor_breaks_a_word(int width)
    {
        var figures = new ResultTable(
            "the test split of a graph, filtered", ["model", "MRR", "Hits@1", "Hits@10", "queries", "without: MRR", "Hits@1", "Hits@10"]);
        figures.Add("relation-frequency baseline", "0.141", "0.062", "0.325", "650", "0.139", "0.060", "0.320");
        var words = new ResultTable("words", ["finding", "count", "what it means"], numbers: 1);
        words.Add("queries that hold their answer", "1,302", Long);
        foreach (var table in new[] { figures, words, ResultTable.OfFacts(null, ("memory of everything", Long), ("n", "7")) })
        {
            var lines = Drawn(table, width).Split('\n');
            Assert.All(lines, line => Assert.InRange(line.TrimEnd().Length, 0, width));
            var found = lines.SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToHashSet();
            Assert.Superset(
                table == figures ? ["relation-frequency", "baseline", "Hits@10", "0.141", "0.320"] : Long.Split(' ').ToHashSet(), found);
        }
    }

    [Fact]
    public void A_table_in_a_file_wraps_answers_and_breaks_no_path()
    {
        var path = "/" + string.Join('/', Enumerable.Repeat("a-long-name-of-a-folder", 9));
        var kept = new KeptLanguage(3, 10, 12, [new KeptAnswer(Long, Long + Long, Long)]);
        using var output = new StringWriter();
        var terminal = new Terminal(output, TextWriter.Null, CancellationToken.None);
        terminal.Print(KeptTable.Of(kept));
        Assert.All(output.ToString().Split('\n'), line => Assert.InRange(line.Length, 0, 160));
        terminal.Print(ResultTable.OfFacts(null, ("result", path)));
        Assert.Contains($"result   {path}\n", output.ToString(), StringComparison.Ordinal);
    }

    private static string Drawn(ResultTable table, int width)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        console.Profile.Width = width;
        console.Write(table.ToRenderable(width));
        return text.ToString();
    }
}
