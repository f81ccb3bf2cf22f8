using Kalm.Language.Training;

namespace Kalm.Tests.Language.Training;

public class TrainingBudgetTests
{
    private const int Latest = 1000;
    private readonly ManualTime time = new();

    [Theory]
    [InlineData(0.02, 0.02)]
    [InlineData(1.2, 1.2)]
    [InlineData(0.1, 0.25)]
    [InlineData(0.25, 0.1)]
    public void Steps_that_grow_slower_or_faster_half_way_end_on_time(double early, double late)
    {
        var begin = Elapsed();
        var budget = TrainingBudget.OfMinutes(1, time: time);
        Train(budget, () => Pass(Elapsed() - begin < 30 ? early : late));
        Assert.InRange(Elapsed() - begin, 57, 60.1 + late);
    }

    [Fact]
    public void Time_for_what_is_still_to_come_is_kept()
    {
        const double Validation = 1.5, End = 2;
        var begin = Elapsed();
        var budget = TrainingBudget.OfMinutes(1, time: time);
        var validations = 0;
        var done = Train(budget, () => Pass(0.1), step =>
        {
            // Five of them, the last behind the last step.
            if (budget.TotalSteps is { } total && step * 5 / total > validations)
            {
                validations++;
                Pass(Validation);
                budget.Pause(Validation);
            }
        }, () => (5 - validations) * Validation + End);
        Assert.Equal(5, validations);
        Assert.InRange(done, 480, 510);
        Assert.InRange(Elapsed() - begin + End, 59, 60.1);
        Assert.Equal(10, budget.StepsPerSecond, 6);
    }

    [Fact]
    public void The_time_counts_from_where_the_work_began()
    {
        var since = time.GetTimestamp();
        var begin = Elapsed();
        Pass(20);
        Train(TrainingBudget.OfMinutes(1, since, time), () => Pass(0.1));
        Assert.InRange(Elapsed() - begin, 59, 60.1);
    }

    [Fact]
    public void Where_no_time_is_left_one_step_is_taken()
    {
        var since = time.GetTimestamp();
        Pass(90);
        Assert.Equal(1, Train(TrainingBudget.OfMinutes(1, since, time), () => Pass(0.1)));
    }

    [Fact]
    public void The_number_of_steps_is_fixed_at_the_latest_step_however_little_was_measured()
    {
        var budget = TrainingBudget.OfMinutes(100, time: time);
        for (var done = 1; done < 10; done++)
        {
            Pass(0.5);
            Assert.False(budget.Measure(done, 10, 0));
        }
        Pass(0.5);
        Assert.True(budget.Measure(10, 10, 0));
        Assert.Equal(12_000, budget.TotalSteps);
        Assert.Equal(5_995, budget.Remaining(10, 0)!.Value.TotalSeconds, 3);
    }

    [Fact]
    public void A_number_of_steps_stays()
    {
        var budget = TrainingBudget.OfSteps(7, time);
        Assert.Equal(7, Train(budget, () => Pass(1000)));
        Assert.Equal(0.001, budget.StepsPerSecond, 9);
        Assert.Equal(3000 + 5, budget.Remaining(4, 5)!.Value.TotalSeconds, 3);
    }

    private static int Train(TrainingBudget budget, Action step, Action<int>? between = null, Func<double>? reserved = null)
    {
        var done = 0;
        while (budget.TotalSteps is not { } total || done < total)
        {
            step();
            budget.Measure(++done, Latest, reserved?.Invoke() ?? 0);
            between?.Invoke(done);
        }
        return done;
    }

    private double Elapsed() => time.Now.TotalSeconds;

    private void Pass(double seconds) => time.Now += TimeSpan.FromSeconds(seconds);
}
