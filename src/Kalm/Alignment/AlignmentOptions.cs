using Kalm.Alignment.Options;
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

/// <summary>Everything that decides the result of an alignment besides model, graph and seed-independent facts of the machine.
/// A recipe file holds these values in snake case; what it leaves out keeps its default.</summary>
public sealed record AlignmentOptions
{
    /// <summary>What is trained.</summary>
    public AlignmentMethod Method { get; init; } = AlignmentMethod.Lora;

    /// <summary>Decides every random draw.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>CPU threads; null takes all cores. A run repeats bit for bit only with the same number.</summary>
    public int? Threads { get; init; }

    /// <summary>How long it trains.</summary>
    public BudgetOptions Budget { get; init; } = new();

    /// <summary>What a step takes of the triples.</summary>
    public BatchOptions Batches { get; init; } = new();

    /// <summary>How entities, queries and questions are put into words.</summary>
    public WordingOptions Wording { get; init; } = new();

    /// <summary>How learned weights are moved.</summary>
    public OptimizerOptions Optimizer { get; init; } = new();

    /// <summary>Low-rank matrices.</summary>
    public LoraOptions Lora { get; init; } = new();

    /// <summary>The contrastive loss.</summary>
    public ExplicitOptions Explicit { get; init; } = new();

    /// <summary>The language-model loss.</summary>
    public ImplicitOptions Implicit { get; init; } = new();

    /// <summary>How the base's language is kept.</summary>
    public KeepOptions Keep { get; init; } = new();

    /// <summary>The re-ranker that a finished run may get.</summary>
    public RerankOptions Rerank { get; init; } = new();

    /// <summary>The same with everything decided that was left open.</summary>
    /// <param name="writes">Whether the base was made to write: it brings a chat template, or has 50 million parameters or more without the
    /// embedding.</param>
    public AlignmentOptions Decided(bool writes) => this with
    {
        Optimizer = Optimizer with
        {
            LearningRate = Optimizer.LearningRate ?? (writes ? 2e-3 : 3e-3),
            ProductPrecision = Optimizer.ProductPrecision ?? (writes ? ProductPrecision.Bf16 : ProductPrecision.Fp32),
        },
        Implicit = Implicit with
        {
            Weight = Implicit.Weight ?? (writes ? 0.5 : 0.05),
            Share = Implicit.Share ?? (writes ? 0.0625 : 0.03125),
            Prompts = Implicit.Prompts with
            {
                Response = Implicit.Prompts.Response ?? (writes ? AnswerForm.Name : AnswerForm.NameAndDescription),
            },
        },
        Keep = Keep with { Weight = Keep.Weight ?? (writes ? 1 : 0) },
    };

    /// <summary>Checks the values against each other.</summary>
    /// <exception cref="KalmException">A value makes no sense; the message names it.</exception>
    public AlignmentOptions Validated()
    {
        Require(Threads is null or > 0, "threads", Threads, "1 or more");
        Budget.Require();
        Batches.Require();
        Require(Wording.MaximumTextTokens > 0, "wording.maximum_text_tokens", Wording.MaximumTextTokens, "1 or more");
        Require(Wording.Attention != DescriptionAttention.Prefix || Wording.Style == WordingStyle.DescriptionFirst,
            "wording.attention", "prefix", "causal with style compat, whose views share no description");
        Optimizer.Require();
        Lora.Require();
        Explicit.Require();
        Implicit.Require();
        Keep.Require();
        Rerank.Require();
        Require(Explicit.Weight > 0 || Implicit.Weight is null or > 0, "explicit.weight, implicit.weight", 0, "at least one above 0");
        Require(Optimizer.Kind == OptimizerKind.Adamw || Method == AlignmentMethod.Full,
            "optimizer.kind", "muon", "adamw with method lora");
        Require(Method == AlignmentMethod.Lora || Lora.BasePrecision is BasePrecision.Fp32 or BasePrecision.Auto,
            "lora.base_precision", Word(Lora.BasePrecision), "auto or fp32 with method full, which changes every weight");
        Require(Method == AlignmentMethod.Lora || Lora.TrainedLayers is null,
            "lora.trained_layers", Lora.TrainedLayers, "none with method full");
        Require(Lora.TrainedLayers is null || Batches.TokenDropout == 0, "batches.token_dropout", Batches.TokenDropout,
            "0 with lora.trained_layers, which keeps what lower layers make of whole texts");
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
