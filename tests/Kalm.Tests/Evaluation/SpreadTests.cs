using Kalm.Evaluation;

namespace Kalm.Tests.Evaluation;

public class SpreadTests
{
    [Fact]
    public void The_deviation_is_that_of_a_sample()
    {
        var spread = Spread.Of(0.2, 0.4, 0.6)!;
        Assert.Equal(0.4, spread.Mean, 1e-12);
        Assert.Equal(0.2, spread.Deviation!.Value, 1e-12);
    }

    [Fact]
    public void One_run_has_no_deviation_and_a_missing_figure_leaves_none()
    {
        Assert.Equal(new Spread(0.3, null), Spread.Of(0.3));
        Assert.Null(Spread.Of());
        Assert.Null(Spread.Of(0.3, null));
    }
}
