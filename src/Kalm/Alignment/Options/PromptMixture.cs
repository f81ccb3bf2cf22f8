using Kalm.Representation;

namespace Kalm.Alignment.Options;

/// <summary>What the prompts of implicit alignment ask, and how. By default every kind of question; the paper's own is completion alone,
/// with relation and classification 0 and equal_prompts false.</summary>
public sealed record PromptMixture
{
    /// <summary>The weight of questions about the missing entity; in both directions, so about tail and head.</summary>
    public double Completion { get; init; } = 1;

    /// <summary>The weight of questions about the relation, which offer all of the graph's, or of hundreds as many as half a prompt
    /// holds.</summary>
    public double Relation { get; init; } = 0.25;

    /// <summary>The weight of questions whether a triple, true or corrupted, is true.</summary>
    public double Classification { get; init; } = 0.5;

    /// <summary>At most so many questions of a step are about the same entity, whose text they share; each is about another of its
    /// facts.</summary>
    public int PerEntity { get; init; } = 1;

    /// <summary>A prompt has between none and so many examples.</summary>
    public int MaximumShots { get; init; }

    /// <summary>The share of prompts that name entities without their descriptions.</summary>
    public double NamesOnly { get; init; }

    /// <summary>What is answered about an entity; null takes the name for a base that was made to write, which answers so anyway, else name
    /// and description.</summary>
    public AnswerForm? Response { get; init; }

    /// <summary>Whether every prompt counts the same in the implicit loss; otherwise every response token does, as in the paper, and a long
    /// response counts for many verdicts.</summary>
    public bool EqualPrompts { get; init; } = true;

    /// <summary>Whether of a verdict and of a relation the tokens count that tell it from the other choices, and what follows from them a
    /// quarter; otherwise all tokens of a response count the same.</summary>
    public bool DecisiveTokens { get; init; }

    internal void Require()
    {
        AlignmentOptions.Require(Completion >= 0, "implicit.prompts.completion", Completion, "0 or more");
        AlignmentOptions.Require(Relation >= 0, "implicit.prompts.relation", Relation, "0 or more");
        AlignmentOptions.Require(Classification >= 0, "implicit.prompts.classification", Classification, "0 or more");
        AlignmentOptions.Require(Completion + Relation + Classification > 0, "implicit.prompts",
            "no weight", "at least one of completion, relation and classification above 0");
        AlignmentOptions.Require(PerEntity is >= 1 and <= 64, "implicit.prompts.per_entity", PerEntity, "1..64");
        AlignmentOptions.Require(MaximumShots is >= 0 and <= 16, "implicit.prompts.maximum_shots", MaximumShots, "0..16");
        AlignmentOptions.Require(NamesOnly is >= 0 and <= 1, "implicit.prompts.names_only", NamesOnly, "0..1");
    }
}
