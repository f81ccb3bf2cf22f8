using Kalm.Language.Model;

namespace Kalm.Alignment.Options;

/// <summary>Low-rank adaptation (LoRA, arXiv 2106.09685); only with method lora.</summary>
public sealed record LoraOptions
{
    /// <summary>The rank of LoRA's matrices.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>LoRA's alpha: the product is scaled by alpha / rank.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>The dropout on the input of LoRA's matrices.</summary>
    public double Dropout { get; init; } = 0.05;

    /// <summary>Whether the product is scaled by alpha / sqrt(rank) instead (rsLoRA, arXiv 2312.03732), which lets high ranks
    /// learn.</summary>
    public bool RankStabilized { get; init; }

    /// <summary>The modules of every layer that LoRA adapts, by the ends of their names; or <c>all-linear</c> alone.</summary>
    public IReadOnlyList<string> Targets { get; init; } = ["gate_proj", "up_proj", "down_proj"];

    /// <summary>How the frozen base is held beside LoRA's matrices; run.json has what auto decided. Evaluation takes the base in full, so a
    /// run in 8 bits is measured with a slightly different one.</summary>
    public BasePrecision BasePrecision { get; init; }

    /// <summary>Only so many layers are adapted, the upper ones; null for all. What the others make of the graph's texts is computed once
    /// and kept in a file, BF16, while the run trains.</summary>
    public int? TrainedLayers { get; init; }

    internal void Require()
    {
        AlignmentOptions.Require(TrainedLayers is null or > 0, "lora.trained_layers", TrainedLayers, "1 or more");
        AlignmentOptions.Require(Rank > 0, "lora.rank", Rank, "1 or more");
        AlignmentOptions.Require(Alpha > 0, "lora.alpha", Alpha, "more than 0");
        AlignmentOptions.Require(Dropout is >= 0 and < 1, "lora.dropout", Dropout, "0 or more, below 1");
        AlignmentOptions.Require(Targets.Count > 0, "lora.targets", Targets.Count, "at least one module");
    }
}
