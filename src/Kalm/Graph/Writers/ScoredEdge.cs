namespace Kalm.Graph.Writers;

/// <summary>A fact that a model proposes, or that somebody accepted, which has no figures.</summary>
/// <param name="Fact">The fact, by the graph's indices.</param>
/// <param name="Score">The cosine of the query and its answer.</param>
/// <param name="Probability">The softmax of the scores of all candidates.</param>
/// <param name="Rank">Its place among them, from 1.</param>
/// <param name="Evidence">What was asked, in words.</param>
public sealed record ScoredEdge(Triple Fact, double? Score, double? Probability, int? Rank, string Evidence);

/// <summary>What all edges of a file have in common.</summary>
/// <param name="Graph">Whose entities and relations the facts' numbers mean.</param>
/// <param name="Model">What proposes them: a model with its version.</param>
public sealed record EdgeSource(KnowledgeGraph Graph, string Model)
{
    /// <summary>The entity that a fact's index means.</summary>
    public Func<int, Entity> Entity { get; init; } = index => Graph.Entities[index];
}
