using Kalm.Graph;

namespace Kalm.Completion.Grounding;

/// <summary>Where an answer comes from.</summary>
public enum GroundingKind
{
    /// <summary>The graph holds the facts.</summary>
    Graph,

    /// <summary>The engine ranks the fact first and is sure of it.</summary>
    Ranking,

    /// <summary>Neither knows; what the model writes is its own.</summary>
    Words,

    /// <summary>The question is not about the graph, or asks what cannot be.</summary>
    Unknown,
}

/// <summary>A fact that an answer rests on.</summary>
/// <param name="Fact">The fact, from head to tail.</param>
/// <param name="Source"><see cref="GroundingKind.Graph"/> or <see cref="GroundingKind.Ranking"/>.</param>
/// <param name="Probability">1 of what the graph holds; else that it is true (<see cref="EntityCandidate.Fact"/>).</param>
public sealed record GroundedFact(Triple Fact, GroundingKind Source, double Probability);

/// <summary>Words of a question that name an entity.</summary>
/// <param name="Text">As they stand in the question, without case, diacritics and punctuation.</param>
/// <param name="Entities">The entities that bear the name, what fits the question best first.</param>
public sealed record LinkedMention(string Text, IReadOnlyList<int> Entities);

/// <summary>An answer, and where it comes from.</summary>
/// <param name="Kind">Where from.</param>
/// <param name="Text">The names of the answers, or Yes or No; null without an answer.</param>
/// <param name="Entities">The answers; of a verdict none.</param>
/// <param name="Facts">What it rests on.</param>
/// <param name="Mentions">What the question names.</param>
/// <param name="DirectedRelation">What it asks for, r or r + R; null when that is none of the graph's.</param>
/// <param name="Reason">Why there is no answer, in a sentence; null with one.</param>
public sealed record GroundedAnswer(
    GroundingKind Kind, string? Text, IReadOnlyList<int> Entities, IReadOnlyList<GroundedFact> Facts, IReadOnlyList<LinkedMention> Mentions,
    int? DirectedRelation, string? Reason)
{
    /// <summary>Whether it rests on facts.</summary>
    public bool IsGrounded => Kind is GroundingKind.Graph or GroundingKind.Ranking;
}

/// <summary>A question as it was understood.</summary>
/// <param name="Answer">The answer, when no ranking is needed, or else what holds without one.</param>
/// <param name="Subject">The entity whose answers are to be ranked; null when none are.</param>
/// <param name="Expected">The answer that the question proposes; null when it asks for any.</param>
public sealed record GroundedQuestion(GroundedAnswer Answer, int? Subject, int? Expected);
