using Kalm.Language.Execution;

namespace Kalm.Tests.Language.Execution;

public class BlockPlanTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    [InlineData(5, 2)]
    [InlineData(900, 2)]
    [InlineData(900, 3)]
    public void Every_row_is_planned_once_and_the_workers_share_evenly(int count, int workers)
    {
        var random = new Random(1);
        var rows = Enumerable.Range(0, count).Select(_ => TokenRow.Sequence(new int[random.Next(5, 60)], [0])).ToList();

        var plan = new BlockPlan(rows, 2048, workers);

        Assert.Equal(Enumerable.Range(0, count), plan.Blocks.SelectMany(blocks => blocks).SelectMany(block => block).Order());
        Assert.Equal(Enumerable.Range(0, count).Select(index => (long)index), plan.ReadOrder.Order());
        Assert.All(plan.Blocks.SelectMany(blocks => blocks),
            block => Assert.True(block.Length == 1 || block.Length * block.Max(row => rows[row].Length) <= 2048));
        if (count < 100)
            return;
        var loads = plan.Blocks.Select(blocks => blocks.Sum(block => block.Length * block.Max(row => rows[row].Length))).ToArray();
        Assert.True(loads.Max() < 1.1 * loads.Min(), string.Join(' ', loads));
        Assert.True(loads.Sum() < 1.1 * rows.Sum(row => row.Length), "padding");
    }
}
