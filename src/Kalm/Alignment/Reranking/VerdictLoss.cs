using Kalm.Completion.Reranking;
using Kalm.Engine;
using Kalm.Language.Execution;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Alignment.Reranking;

/// <summary>The loss of verdicts: the cross-entropy of the answer among a query's candidates, listwise.</summary>
internal static class VerdictLoss
{
    private static readonly Scalar Absent = (-1e9f).ToScalar();

    /// <summary>Adds the gradient of the mean loss.</summary>
    /// <param name="pool">What learns.</param>
    /// <param name="verdict">[hidden]: the direction that is learned.</param>
    /// <param name="trees">The queries; of each the first branch is the answer.</param>
    /// <param name="seed">Decides the dropout of this pass.</param>
    /// <returns>The mean loss in nats a query, and the share of queries whose answer comes first.</returns>
    public static (double Loss, double Accuracy) Add(DecoderPool pool, Tensor verdict, IReadOnlyList<TextTree> trees, long seed)
    {
        using var scope = NewDisposeScope();
        using var pass = pool.Forward([.. trees.SelectMany(tree => tree.ToRows(SignalReader.RowTokens))], seed);
        var scores = pass.States.mm(verdict.view(-1, 1)).view(-1);
        // Queries may have fewer candidates than others: those that lack read the number behind the last score.
        var (width, none) = (trees.Max(tree => tree.Branches.Count), scores.shape[0]);
        var places = new long[trees.Count * width];
        Array.Fill(places, none);
        var next = 0L;
        for (var tree = 0; tree < trees.Count; tree++)
            for (var branch = 0; branch < trees[tree].Branches.Count; branch++)
                places[tree * width + branch] = next++;
        var filled = cat([scores, full([1], Absent, device: pool.Device)]);
        var table = filled.index_select(0, tensor(places, device: pool.Device)).view(trees.Count, width);
        var first = zeros([trees.Count], ScalarType.Int64, pool.Device);
        var loss = nn.functional.cross_entropy(table, first);
        loss.backward();
        pass.Backward();
        using var noGradient = no_grad();
        return (loss.ReadNumber(), table.argmax(1).eq(first).to(ScalarType.Float32).mean().ReadNumber());
    }
}
