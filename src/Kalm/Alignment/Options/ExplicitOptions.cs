namespace Kalm.Alignment.Options;

/// <summary>The explicit (contrastive) loss.</summary>
public sealed record ExplicitOptions
{
    /// <summary>Its weight; 0 leaves it out.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>gamma, the additive margin of the contrastive loss.</summary>
    public double Margin { get; init; } = 0.02;

    /// <summary>tau at the start; it is learned, within [0.01, 1].</summary>
    public double InitialTemperature { get; init; } = 0.05;

    /// <summary>The weight of a query's own head among its negatives, the self-negative (SimKGC, arXiv 2203.02167); 0 leaves it
    /// out.</summary>
    public double SelfNegativeWeight { get; init; } = 0.05;

    /// <summary>From which share of the steps on the self-negative counts.</summary>
    public double SelfNegativeFrom { get; init; } = 0.6;

    /// <summary>Which power of a tail's frequency its weight among the negatives is divided by: the logQ correction. In-batch negatives are
    /// drawn as often as they are tails: with 0 the model learns to score frequent tails down, with 1 the batch stands for all entities,
    /// each once.</summary>
    public double LogqCorrection { get; init; }

    /// <summary>So many entities that earlier steps encoded are kept with the vectors that they had then, and queries whose answer is among
    /// them learn to find it there too: many negatives in the memory of a small batch; 0 for none.</summary>
    public int Bank { get; init; }

    /// <summary>The weight of that beside the contrast within the batch.</summary>
    public double BankWeight { get; init; } = 0.5;

    /// <summary>Whether every distinct query and every distinct tail of a batch counts the same (multi-positive InfoNCE); otherwise every
    /// row does.</summary>
    public bool MultiPositive { get; init; }

    /// <summary>Behind which layer vectors are taken, counted from 1; null for the last. The final norm follows that layer. Training,
    /// ranking, exports and the server take it from the run; a layer in the middle costs vectors less time.</summary>
    public int? VectorLayer { get; init; }

    internal void Require()
    {
        AlignmentOptions.Require(VectorLayer is null or > 0, "explicit.vector_layer", VectorLayer, "1 or more");
        AlignmentOptions.Require(Bank >= 0, "explicit.bank", Bank, "0 or more entities");
        AlignmentOptions.Require(BankWeight >= 0, "explicit.bank_weight", BankWeight, "0 or more");
        AlignmentOptions.Require(Weight >= 0, "explicit.weight", Weight, "0 or more");
        AlignmentOptions.Require(Margin is >= 0 and < 2, "explicit.margin", Margin, "0 or more, below 2");
        AlignmentOptions.Require(InitialTemperature is >= 0.01 and <= 1, "explicit.initial_temperature", InitialTemperature, "0.01..1");
        AlignmentOptions.Require(SelfNegativeWeight >= 0, "explicit.self_negative_weight", SelfNegativeWeight, "0 or more");
        AlignmentOptions.Require(SelfNegativeFrom is >= 0 and <= 1, "explicit.self_negative_from", SelfNegativeFrom, "0..1");
        AlignmentOptions.Require(LogqCorrection is >= 0 and <= 1, "explicit.logq_correction", LogqCorrection, "0..1");
    }
}
