using Kalm.Cli.Progress;
using Kalm.Evaluation;

namespace Kalm.Tests.Cli;

public sealed class PlainProgressTests : IDisposable
{
    private readonly StringWriter writer = new() { NewLine = "\n" };
    private readonly ManualTime time = new();
    private readonly PlainProgress progress;

    public PlainProgressTests() => progress = new PlainProgress(writer, time);

    [Fact]
    public void A_line_comes_every_ten_seconds_and_at_the_last_step()
    {
        for (var step = 1; step <= 25; step++)
        {
            time.Now += TimeSpan.FromSeconds(1);
            progress.Report(Step(step, 25));
        }
        Assert.Equal(["step 10/25", "step 20/25", "step 25/25"], Lines().Select(line => line[..10]));
    }

    [Fact]
    public void A_step_shows_the_losses_the_temperature_the_accuracy_the_rate_and_the_time_left()
    {
        time.Now += TimeSpan.FromSeconds(10);
        progress.Report(Step(1200, null));
        Assert.Equal(
            ["step 1,200  loss 3.250  explicit 3.000  implicit 5.000  temperature 0.050  accuracy 0.125  1,234 triples/s  1:02:03 left"],
            Lines());
    }

    [Fact]
    public void Every_note_is_shown_at_once()
    {
        progress.Report(new ProgressNote("one"));
        progress.Report(new ProgressNote("two: ü 𠀀"));
        Assert.Equal(["one", "two: ü 𠀀"], Lines());
    }

    [Fact]
    public void A_stage_gets_its_rate_and_time_left_from_its_own_reports()
    {
        progress.Report(new EvaluationProgress("encoding", 1000, 5000));
        time.Now += TimeSpan.FromSeconds(20);
        progress.Report(new EvaluationProgress("encoding", 3000, 5000));
        progress.Report(new EvaluationProgress("encoding", 5000, 5000));
        time.Now += TimeSpan.FromSeconds(60);
        progress.Report(new EvaluationProgress("encoding", 1000, 5000));
        Assert.Equal(["encoding 3,000/5,000  100/s  0:20 left", "encoding 1,000/5,000"], Lines());
    }

    [Fact]
    public void A_stage_of_texts_that_goes_on_shows_the_rates_of_this_life()
    {
        progress.Report(new EvaluationProgress("encoding", 1000, 5000) { Tokens = 0 });
        time.Now += TimeSpan.FromSeconds(20);
        progress.Report(new EvaluationProgress("encoding", 3000, 5000) { Tokens = 90_000 });
        Assert.Equal(["encoding 3,000/5,000  100 texts/s  4,500 tokens/s  0:20 left"], Lines());
    }

    public void Dispose() => writer.Dispose();

    private string[] Lines() => writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static ProgressStep Step(int step, int? total) => new(
        step, total,
        [new("loss", 3.25), new("explicit", 3), new("implicit", 5),
            new("temperature", 0.05), new("accuracy", 0.125), new("learning_rate", 1e-3)],
        1234, "triples/s", new TimeSpan(1, 2, 3));
}
