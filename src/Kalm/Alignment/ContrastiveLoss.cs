using Kalm.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Alignment;

/// <summary>The explicit alignment loss: dual-view InfoNCE with an additive margin, in both directions, known answers left out.</summary>
/// <remarks>Source: KaLM, arXiv 2412.04948; the margin and the in-batch scheme are SimKGC's, arXiv 2203.02167.</remarks>
public sealed class ContrastiveLoss
{
    /// <summary>Stands for minus infinity: far below every logit, and its differences stay numbers.</summary>
    private const float LeftOut = -1e9f;
    private static readonly Scalar LeftOutScalar = LeftOut.ToScalar();
    private static readonly Scalar Half = 0.5.ToScalar();

    private readonly float[] margin;
    private readonly float[] bias;
    private readonly bool[] positive;
    private readonly long[] targets;
    private readonly int columns;

    /// <summary>Prepares the masks of a batch.</summary>
    /// <param name="batch">Rows and columns.</param>
    /// <param name="margin">gamma, taken from the cosine of each row's own answer.</param>
    /// <param name="ownHeadWeight">The weight of a row's own head among its negatives; 0 leaves it out. A known own head is left out anyway.</param>
    public ContrastiveLoss(ContrastiveBatch batch, double margin, double ownHeadWeight)
        : this(batch.Targets, batch.Known, batch.OwnHeads, batch.Columns.Length, margin, ownHeadWeight)
    {
    }

    /// <summary>Prepares the masks from plain indices.</summary>
    /// <param name="targets">For each row the column of its answer.</param>
    /// <param name="known">For each row the columns to leave out.</param>
    /// <param name="ownHeads">For each row the column of its own head, or -1.</param>
    /// <param name="columns">The number of columns.</param>
    /// <param name="margin">gamma.</param>
    /// <param name="ownHeadWeight">As above.</param>
    public ContrastiveLoss(
        IReadOnlyList<int> targets, IReadOnlyList<int[]> known, IReadOnlyList<int> ownHeads, int columns, double margin, double ownHeadWeight)
    {
        this.columns = columns;
        this.targets = [.. targets.Select(target => (long)target)];
        this.margin = new float[targets.Count * columns];
        bias = new float[this.margin.Length];
        positive = new bool[this.margin.Length];
        var ownHeadBias = ownHeadWeight > 0 ? (float)Math.Log(ownHeadWeight) : LeftOut;
        for (var row = 0; row < targets.Count; row++)
        {
            if (ownHeads[row] >= 0 && ownHeads[row] != targets[row])
                bias[row * columns + ownHeads[row]] = ownHeadBias;
            foreach (var column in known[row])
                bias[row * columns + column] = LeftOut;
            this.margin[row * columns + targets[row]] = (float)margin;
            positive[row * columns + targets[row]] = true;
        }
    }

    /// <summary>Computes the loss against the columns of the batch alone.</summary>
    public (Tensor Loss, Tensor Correct) Compute(Tensor queries, Tensor tails, Tensor logInverseTemperature) =>
        Compute(queries, tails, logInverseTemperature, null);

    /// <summary>Computes the loss.</summary>
    /// <param name="queries">[rows, hidden], unit length.</param>
    /// <param name="tails">[columns, hidden], unit length.</param>
    /// <param name="logInverseTemperature">log(1 / tau), a scalar.</param>
    /// <param name="bank">Further negatives of the rows; may be null.</param>
    /// <returns>The loss, a scalar, and the number of rows whose answer outscores every other column that is not left out.
    /// The caller owns both.</returns>
    internal (Tensor Loss, Tensor Correct) Compute(Tensor queries, Tensor tails, Tensor logInverseTemperature, BankDraw? bank)
    {
        using var scope = NewDisposeScope();
        var (rows, device, type) = (targets.Length, queries.device, queries.dtype);
        long[] shape = [rows, columns];
        var target = tensor(targets, [rows, 1], device: device);
        var logits = (queries.mm(tails.t()) - tensor(margin, shape, device: device).to(type))
            .mul(logInverseTemperature.exp())
            .Plus(tensor(bias, shape, device: device).to(type));
        var own = logits.gather(1, target);
        // A column's other positives do not compete with one another: each row is its target once.
        var others = logits.masked_fill(tensor(positive, shape, device: device), LeftOutScalar).logsumexp(0).index_select(0, target.squeeze(1)).unsqueeze(1);
        var rowSum = logits.logsumexp(1, keepdim: true);
        if (bank is not null)
            rowSum = logaddexp(rowSum, BankLogits(queries, bank, logInverseTemperature).logsumexp(1, keepdim: true));
        var rowTerm = (rowSum - own).mean();
        var columnTerm = (logaddexp(own, others) - own).mean();
        var correct = logits.detach().argmax(1).eq(target.squeeze(1)).sum();
        return (rowTerm.Plus(columnTerm).mul(Half).MoveToOuterDisposeScope(), correct.MoveToOuterDisposeScope());
    }

    private static Tensor BankLogits(Tensor queries, BankDraw bank, Tensor logInverseTemperature)
    {
        var logits = queries.mm(bank.Vectors.t()).mul(logInverseTemperature.exp());
        return bank.LeftOut.Length == 0 ? logits
            : logits.view(-1).index_fill(0, tensor(bank.LeftOut, device: queries.device), LeftOutScalar).view(logits.shape);
    }
}
