using Kalm.Language.Execution;
using Kalm.Language.Model;

namespace Kalm.Tests.Language.Execution;

public sealed class DecoderPoolTests : TorchTest
{
    [Fact]
    public void Reading_stops_between_blocks_and_the_pool_reads_again()
    {
        using var folder = new TemporaryFolder();
        using var files = FamilyGraph.Make();
        using var model = CausalModel.Load(TinyModel.Make(folder, files.Load()));
        using var pool = new DecoderPool(model, null, null, 2);
        var rows = Enumerable.Range(0, 100).Select(row => TokenRow.Sequence([.. Enumerable.Range(row, 60)], [59])).ToList();
        using var stopped = new CancellationTokenSource();
        var told = new List<int>();
        using var before = pool.Read(rows, new Told(told.Add), stopped.Token);
        Assert.True(told.Count > 2, $"{told.Count} blocks");
        Assert.Equal(told.Distinct().Order(), told);
        Assert.Equal(rows.Sum(row => row.Length), told[^1]);
        var read = 0;
        Assert.Throws<OperationCanceledException>(() => pool.Read(
            rows,
            new Told(tokens =>
            {
                read = tokens;
                stopped.Cancel();
            }), stopped.Token));
        Assert.InRange(read, 1, told[^1] - 1);
        using var after = pool.Read(rows, null, TestContext.Current.CancellationToken);
        Assert.True(before.Equals(after));
        Assert.Equal(100, after.shape[0]);
    }

    private sealed class Told(Action<int> tell) : IProgress<int>
    {
        public void Report(int value) => tell(value);
    }
}
