namespace Kalm.Alignment.Losses;

/// <summary>One term of the joint loss.</summary>
internal interface IAlignmentLoss
{
    /// <summary>What the measure is called.</summary>
    string Name { get; }

    /// <summary>Its weight in the joint loss.</summary>
    double Weight { get; }

    /// <summary>Adds this rank's part of the gradient of weight * loss to the model's.</summary>
    /// <param name="batch">The batch of the step.</param>
    /// <returns>What came of it; null where the step has nothing for this term, on all ranks alike.</returns>
    LossReport? Add(StepBatch batch);
}

/// <summary>What a step works on.</summary>
/// <param name="Step">Its number, from 0.</param>
/// <param name="Rows">The directed triples.</param>
/// <param name="OwnHeads">Whether a query's own head counts among its negatives.</param>
internal sealed record StepBatch(int Step, ContrastiveBatch Rows, bool OwnHeads);

/// <summary>What a term came to in a step.</summary>
/// <param name="Value">The rank's part of the loss, not weighed; the ranks' parts add up to it.</param>
/// <param name="Tokens">Tokens through the body on all ranks, padding not counted.</param>
/// <param name="Accuracy">The share of rows whose answer outscores every other column of the batch; null where there are no
/// columns.</param>
internal sealed record LossReport(double Value, int Tokens, double? Accuracy = null);
