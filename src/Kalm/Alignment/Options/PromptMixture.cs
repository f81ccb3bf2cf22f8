using Kalm.Representation;

namespace Kalm.Alignment.Options;

/// <summary>What the prompts of implicit alignment ask, and how. The default is the paper's: the missing entity, told with its
/// description.</summary>
public sealed record PromptMixture
{
    /// <summary>The weight of questions about the missing entity; in both directions, so about tail and head.</summary>
    public double Completion { get; init; } = 1;

    /// <summary>The weight of questions about the relation.</summary>
    public double Relation { get; init; }

    /// <summary>The weight of questions whether a triple, true or corrupted, is true.</summary>
    public double Classification { get; init; }

    /// <summary>A prompt has between none and so many examples.</summary>
    public int MaximumShots { get; init; }

    /// <summary>The share of prompts that name entities without their descriptions.</summary>
    public double NamesOnly { get; init; }

    /// <summary>What is answered about an entity.</summary>
    public AnswerForm Response { get; init; } = AnswerForm.NameAndDescription;

    /// <summary>Whether every prompt counts the same in the implicit loss; otherwise every response token does, as in the paper, and a long
    /// response counts for many verdicts.</summary>
    public bool EqualPrompts { get; init; }

    internal void Require()
    {
        AlignmentOptions.Require(Completion >= 0, "implicit.prompts.completion", Completion, "0 or more");
        AlignmentOptions.Require(Relation >= 0, "implicit.prompts.relation", Relation, "0 or more");
        AlignmentOptions.Require(Classification >= 0, "implicit.prompts.classification", Classification, "0 or more");
        AlignmentOptions.Require(Completion + Relation + Classification > 0, "implicit.prompts",
            "no weight", "at least one of completion, relation and classification above 0");
        AlignmentOptions.Require(MaximumShots is >= 0 and <= 16, "implicit.prompts.maximum_shots", MaximumShots, "0..16");
        AlignmentOptions.Require(NamesOnly is >= 0 and <= 1, "implicit.prompts.names_only", NamesOnly, "0..1");
    }
}
