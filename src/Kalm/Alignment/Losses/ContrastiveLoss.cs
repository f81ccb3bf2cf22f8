using Kalm.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Alignment.Losses;

/// <summary>The explicit alignment loss: dual-view InfoNCE with an additive margin, in both directions, known answers left out.</summary>
/// <remarks>Source: KaLM, arXiv 2412.04948; the margin and the in-batch scheme are SimKGC's, arXiv 2203.02167.</remarks>
public sealed class ContrastiveLoss
{
    /// <summary>Stands for minus infinity: far below every logit, and its differences stay numbers.</summary>
    private const float LeftOut = -1e9f;
    private static readonly Scalar LeftOutScalar = LeftOut.ToScalar();
    private static readonly Scalar Half = 0.5.ToScalar();

    private readonly double margin;
    private readonly long[] targets;
    private readonly long[] leftOut;
    private readonly long[] ownHeads;
    private readonly float[] ownHeadBias;
    private readonly float[]? columnBias;

    /// <summary>Prepares the masks of a batch.</summary>
    /// <param name="batch">Rows and columns.</param>
    /// <param name="margin">gamma, taken from the cosine of each row's own answer.</param>
    /// <param name="ownHeadWeight">The weight of a row's own head among its negatives; 0 leaves it out. A known own head is left out
    /// anyway.</param>
    /// <param name="frequencyCorrection">Which power of a column's frequency its weight is divided by: with 0 every column counts the same,
    /// with 1 the columns stand for all entities, each once, and the own head's weight is one of that measure (arXiv 1412.2007, section
    /// 3.2).</param>
    public ContrastiveLoss(ContrastiveBatch batch, double margin, double ownHeadWeight, double frequencyCorrection = 0)
        : this(
            batch.Targets, batch.Known, batch.OwnHeads, batch.Columns.Length, margin, ownHeadWeight,
            frequencyCorrection == 0
                ? null : Array.ConvertAll(batch.ExpectedCounts, count => (float)(-frequencyCorrection * Math.Log(count))))
    {
    }

    /// <summary>Prepares the masks from plain indices.</summary>
    /// <param name="targets">For each row the column of its answer.</param>
    /// <param name="known">For each row the columns to leave out.</param>
    /// <param name="ownHeads">For each row the column of its own head, or -1.</param>
    /// <param name="columns">The number of columns.</param>
    /// <param name="margin">gamma.</param>
    /// <param name="ownHeadWeight">As above.</param>
    /// <param name="columnBias">What is added to the logits of each column, an own head's excepted; null for nothing.</param>
    public ContrastiveLoss(
        IReadOnlyList<int> targets, IReadOnlyList<int[]> known,
        IReadOnlyList<int> ownHeads, int columns, double margin, double ownHeadWeight,
        float[]? columnBias = null)
    {
        this.columnBias = columnBias;
        this.margin = margin;
        this.targets = [.. targets.Select(target => (long)target)];
        this.ownHeads = new long[targets.Count];
        ownHeadBias = new float[targets.Count];
        var left = new List<long>();
        for (var row = 0; row < targets.Count; row++)
        {
            foreach (var column in known[row])
                left.Add((long)row * columns + column);
            if (ownHeads[row] < 0 || ownHeads[row] == targets[row] || known[row].Contains(ownHeads[row]))
                continue;
            if (ownHeadWeight > 0)
                (this.ownHeads[row], ownHeadBias[row]) =
                    (ownHeads[row], (float)Math.Log(ownHeadWeight) - (columnBias?[ownHeads[row]] ?? 0));
            else
                left.Add((long)row * columns + ownHeads[row]);
        }
        leftOut = [.. left];
    }

    /// <summary>Computes the loss against the columns of the batch alone.</summary>
    public (Tensor Loss, Tensor Correct) Compute(Tensor queries, Tensor tails, Tensor logInverseTemperature) =>
        Compute(queries, tails, logInverseTemperature, null);

    /// <summary>Computes the loss.</summary>
    /// <param name="queries">[rows, hidden], unit length.</param>
    /// <param name="columns">[columns, hidden], unit length.</param>
    /// <param name="logInverseTemperature">log(1 / tau), a scalar.</param>
    /// <param name="shares">The weight of each row in the rows' and in the columns' mean, each adding up to 1; null weighs all rows the
    /// same.</param>
    /// <returns>The loss, a scalar, and the number of rows whose answer outscores every other column that is not left out.
    /// The caller owns both.</returns>
    internal (Tensor Loss, Tensor Correct) Compute(
        Tensor queries, Tensor columns, Tensor logInverseTemperature, (float[] Rows, float[] Columns)? shares)
    {
        using var scope = NewDisposeScope();
        var (logits, target) = Logits(queries, columns, logInverseTemperature);
        var own = logits.gather(1, target);
        // A column's other positives do not compete with one another: each row is its target once.
        var others = logits.scatter(1, target, full([targets.Length, 1], LeftOutScalar, logits.dtype, logits.device))
            .logsumexp(0).index_select(0, target.squeeze(1)).unsqueeze(1);
        var rowTerm = Mean(logits.logsumexp(1, keepdim: true) - own, shares?.Rows);
        var columnTerm = Mean(logaddexp(own, others) - own, shares?.Columns);
        var correct = logits.detach().argmax(1).eq(target.squeeze(1)).sum();
        return (rowTerm.Plus(columnTerm).mul(Half).MoveToOuterDisposeScope(), correct.MoveToOuterDisposeScope());
    }

    /// <summary>Computes the rows' part of the loss alone, not halved: each answer against every column.</summary>
    /// <param name="queries">[rows, hidden], unit length.</param>
    /// <param name="columns">[columns, hidden], unit length.</param>
    /// <param name="logInverseTemperature">log(1 / tau), a scalar.</param>
    /// <param name="shares">The weight of each row, adding up to 1; null weighs all the same.</param>
    /// <returns>A scalar; the caller owns it.</returns>
    internal Tensor ComputeRows(Tensor queries, Tensor columns, Tensor logInverseTemperature, float[]? shares)
    {
        using var scope = NewDisposeScope();
        var (logits, target) = Logits(queries, columns, logInverseTemperature);
        return Mean(logits.logsumexp(1, keepdim: true) - logits.gather(1, target), shares).MoveToOuterDisposeScope();
    }

    private (Tensor Logits, Tensor Target) Logits(Tensor queries, Tensor columns, Tensor logInverseTemperature)
    {
        var (device, type) = (queries.device, queries.dtype);
        var target = tensor(targets, [targets.Length, 1], device: device);
        var inverseTemperature = logInverseTemperature.exp();
        // The matrix of logits is by far the largest tensor here: it is changed in place, and copied once.
        using var negativeMargin = (-margin).ToScalar();
        var logits = LinearProduct.Apply(queries.mul(inverseTemperature), columns)
            .scatter_add_(1, target, inverseTemperature.mul(negativeMargin).expand(targets.Length, 1))
            .scatter_add_(1, tensor(ownHeads, [targets.Length, 1], device: device),
                tensor(ownHeadBias, [targets.Length, 1], device: device).to(type));
        if (columnBias is not null)
            logits.PlusInPlace(tensor(columnBias, device: device).to(type));
        LeaveOut(logits, leftOut);
        return (logits, target);
    }

    private static Tensor Mean(Tensor terms, float[]? shares) =>
        shares is null ? terms.mean() : (terms * tensor(shares, [shares.Length, 1], device: terms.device).to(terms.dtype)).sum();

    private static void LeaveOut(Tensor logits, long[] places)
    {
        if (places.Length > 0)
            logits.view(-1).index_fill_(0, tensor(places, device: logits.device), LeftOutScalar);
    }
}
