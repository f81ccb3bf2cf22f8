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
        using var before = pool.Read(rows, stopped.Token);
        stopped.Cancel();
        Assert.Throws<OperationCanceledException>(() => pool.Read(rows, stopped.Token));
        using var after = pool.Read(rows, TestContext.Current.CancellationToken);
        Assert.True(before.Equals(after));
        Assert.Equal(100, after.shape[0]);
    }
}
