using Kalm.Language.Model;
using Kalm.Representation;

namespace Kalm.Alignment;

/// <summary>What is trained.</summary>
public enum AlignmentMethod
{
    /// <summary>Low-rank matrices beside a frozen base.</summary>
    Lora,

    /// <summary>Every weight.</summary>
    Full,
}

/// <summary>How learned weights are moved.</summary>
public enum OptimizerKind
{
    /// <summary>AdamW (arXiv 1711.05101).</summary>
    Adamw,

    /// <summary>Muon (arXiv 2502.16982) for the layers' matrices, AdamW for the rest; only with method full.</summary>
    Muon,
}

/// <summary>Everything that decides the result of an alignment besides model, graph and seed-independent facts of the machine.
/// A recipe file holds these values in snake case; what it leaves out keeps its default.</summary>
public sealed record AlignmentOptions
{
    /// <summary>What is trained.</summary>
    public AlignmentMethod Method { get; init; } = AlignmentMethod.Lora;

    /// <summary>Passes over the train triples; at most one of epochs, steps and minutes is set.</summary>
    public double? Epochs { get; init; }

    /// <summary>Training steps.</summary>
    public int? Steps { get; init; }

    /// <summary>Wall time of training with its validation, in minutes.</summary>
    public double? Minutes { get; init; }

    /// <summary>Triples a step.</summary>
    public int Batch { get; init; } = 256;

    /// <summary>Whether a step computes its forward pass twice, the second time a few rows at a time, so that its memory does not grow with
    /// the batch; the gradient is the same.</summary>
    public bool GradientCache { get; init; }

    /// <summary>Whether a step takes both directions of each of its triples; otherwise one of them, and the other at another
    /// time.</summary>
    public bool BothDirections { get; init; } = true;

    /// <summary>Whether every distinct query and every distinct tail of a batch counts the same in the explicit loss (multi-positive
    /// InfoNCE); otherwise every row does.</summary>
    public bool MultiPositive { get; init; }

    /// <summary>Decides every random draw.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>CPU threads; null takes all cores. A run repeats bit for bit only with the same number.</summary>
    public int? Threads { get; init; }

    /// <summary>How learned weights are moved.</summary>
    public OptimizerKind Optimizer { get; init; }

    /// <summary>In which precision a training step multiplies matrices on a CPU. Validation takes F32.</summary>
    public ProductPrecision ProductPrecision { get; init; }

    /// <summary>The highest learning rate; null takes 3e-3, which suits models of a few million parameters.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Steps of linear warm-up.</summary>
    public int WarmupSteps { get; init; } = 50;

    /// <summary>The last learning rate as a share of the highest.</summary>
    public double FinalRateShare { get; init; } = 0.05;

    /// <summary>AdamW's decay of matrices; norms, biases and the temperature do not decay.</summary>
    public double WeightDecay { get; init; } = 1e-3;

    /// <summary>The dropout on what each layer's attention and feed-forward part add to the states.</summary>
    public double Dropout { get; init; }

    /// <summary>The probability with which a step leaves a token out of a description that it encodes for its vectors, as word dropout does
    /// (arXiv 1511.06349); prompts stay whole.</summary>
    public double TokenDropout { get; init; }

    /// <summary>The decay a step of the running mean of the learned values, which is what is validated and kept; 0 takes the values
    /// themselves.</summary>
    public double AverageDecay { get; init; }

    /// <summary>The largest gradient norm.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>gamma, the additive margin of the contrastive loss.</summary>
    public double Margin { get; init; } = 0.02;

    /// <summary>tau at the start; it is learned, within [0.01, 1].</summary>
    public double InitialTemperature { get; init; } = 0.05;

    /// <summary>The weight of a query's own head among its negatives; 0 leaves it out.</summary>
    public double OwnHeadWeight { get; init; } = 0.05;

    /// <summary>From which share of the steps on the own head counts.</summary>
    public double OwnHeadFrom { get; init; } = 0.6;

    /// <summary>Which power of a tail's frequency its weight among the negatives is divided by. In-batch negatives are drawn as often as
    /// they are tails: with 0 the model learns to score frequent tails down, with 1 the batch stands for all entities, each once.</summary>
    public double FrequencyCorrection { get; init; }

    /// <summary>lambda, the weight of the implicit (language-model) loss; 0 leaves it out.</summary>
    public double ImplicitWeight { get; init; } = 0.05;

    /// <summary>The share of directed rows that a step also trains as prompts.</summary>
    public double ImplicitShare { get; init; } = 0.03125;

    /// <summary>What is asked in those prompts.</summary>
    public PromptMixture Prompts { get; init; } = new();

    /// <summary>The weight of the explicit (contrastive) loss; 0 leaves it out.</summary>
    public double ExplicitWeight { get; init; } = 1;

    /// <summary>How the base's language is kept.</summary>
    public KeepOptions Keep { get; init; } = new();

    /// <summary>The wording.</summary>
    public WordingOptions Wording { get; init; } = new();

    /// <summary>The rank of LoRA's matrices.</summary>
    public int LoraRank { get; init; } = 8;

    /// <summary>LoRA's alpha: the product is scaled by alpha / rank.</summary>
    public double LoraAlpha { get; init; } = 16;

    /// <summary>The dropout on the input of LoRA's matrices.</summary>
    public double LoraDropout { get; init; } = 0.05;

    /// <summary>Whether the product is scaled by alpha / sqrt(rank) instead (rsLoRA, arXiv 2312.03732), which lets high ranks
    /// learn.</summary>
    public bool LoraRankStabilized { get; init; }

    /// <summary>The modules of every layer that LoRA adapts, by the ends of their names; or <c>all-linear</c> alone.</summary>
    public IReadOnlyList<string> LoraTargets { get; init; } = ["gate_proj", "up_proj", "down_proj"];

    /// <summary>How the frozen base is held beside LoRA's matrices. Evaluation takes the base in full, so a run in 8 bits is measured with
    /// a slightly different one.</summary>
    public BasePrecision BasePrecision { get; init; }

    /// <summary>The number of validations after the first; null chooses by the length of the run.</summary>
    public int? Validations { get; init; }

    /// <summary>Whether the weights with the best validation MRR are the result; otherwise the last ones, which suits runs that are after
    /// answers in words.</summary>
    public bool KeepBest { get; init; } = true;

    /// <summary>Triples of the valid split in a validation.</summary>
    public int ValidationTriples { get; init; } = 500;

    /// <summary>Steps between checkpoints besides those at validations; null for none.</summary>
    public int? SaveEvery { get; init; }

    /// <summary>Checks the values against each other.</summary>
    /// <exception cref="KalmException">A value makes no sense; the message names it.</exception>
    public AlignmentOptions Validated()
    {
        if (new[] { Epochs.HasValue, Steps.HasValue, Minutes.HasValue }.Count(set => set) > 1)
            throw new KalmException("only one of epochs, steps and minutes can be given");
        Require(Epochs is null or > 0, "epochs", Epochs, "more than 0");
        Require(Steps is null or > 0, "steps", Steps, "1 or more");
        Require(Minutes is null or > 0, "minutes", Minutes, "more than 0");
        Require(Batch is >= 1 and <= 1 << 20, "batch", Batch, "1 or more triples");
        Require(Threads is null or > 0, "threads", Threads, "1 or more");
        Require(Optimizer == OptimizerKind.Adamw || Method == AlignmentMethod.Full, "optimizer", "muon", "adamw with method lora");
        Require(LearningRate is null or > 0, "learning_rate", LearningRate, "more than 0");
        Require(WarmupSteps >= 0, "warmup_steps", WarmupSteps, "0 or more");
        Require(FinalRateShare is >= 0 and <= 1, "final_rate_share", FinalRateShare, "0..1");
        Require(WeightDecay >= 0, "weight_decay", WeightDecay, "0 or more");
        Require(Dropout is >= 0 and < 1, "dropout", Dropout, "0 or more, below 1");
        Require(TokenDropout is >= 0 and < 1, "token_dropout", TokenDropout, "0 or more, below 1");
        Require(AverageDecay is >= 0 and < 1, "average_decay", AverageDecay, "0 or more, below 1");
        Require(ClipNorm > 0, "clip_norm", ClipNorm, "more than 0");
        Require(Margin is >= 0 and < 2, "margin", Margin, "0 or more, below 2");
        Require(InitialTemperature is >= 0.01 and <= 1, "initial_temperature", InitialTemperature, "0.01..1");
        Require(OwnHeadWeight >= 0, "own_head_weight", OwnHeadWeight, "0 or more");
        Require(OwnHeadFrom is >= 0 and <= 1, "own_head_from", OwnHeadFrom, "0..1");
        Require(FrequencyCorrection is >= 0 and <= 1, "frequency_correction", FrequencyCorrection, "0..1");
        Require(ImplicitWeight >= 0, "implicit_weight", ImplicitWeight, "0 or more");
        Require(ImplicitShare is >= 0 and <= 1, "implicit_share", ImplicitShare, "0..1");
        Require(ExplicitWeight >= 0, "explicit_weight", ExplicitWeight, "0 or more");
        Require(ExplicitWeight > 0 || ImplicitWeight > 0, "explicit_weight, implicit_weight", 0, "at least one above 0");
        Keep.Require();
        Prompts.Require();
        Require(Wording.MaximumTextTokens > 0, "wording.maximum_text_tokens", Wording.MaximumTextTokens, "1 or more");
        Require(LoraRank > 0, "lora_rank", LoraRank, "1 or more");
        Require(LoraAlpha > 0, "lora_alpha", LoraAlpha, "more than 0");
        Require(LoraDropout is >= 0 and < 1, "lora_dropout", LoraDropout, "0 or more, below 1");
        Require(LoraTargets.Count > 0, "lora_targets", LoraTargets.Count, "at least one module");
        Require(Method == AlignmentMethod.Lora || BasePrecision is BasePrecision.Fp32 or BasePrecision.Auto,
            "base_precision", Word(BasePrecision), "auto or fp32 with method full, which changes every weight");
        Require(Validations is null or >= 0, "validations", Validations, "0 or more");
        Require(ValidationTriples > 0, "validation_triples", ValidationTriples, "1 or more");
        Require(SaveEvery is null or > 0, "save_every", SaveEvery, "1 or more");
        return this;
    }

    private static string Word(BasePrecision precision) =>
        precision == BasePrecision.EightBit ? "int8" : precision.ToString().ToLowerInvariant();

    internal static void Require(bool holds, string option, object? found, string expected)
    {
        if (!holds)
            throw new KalmException($"{option}: found {found}; expected {expected}");
    }
}
