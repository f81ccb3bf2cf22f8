using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Representation;

namespace Kalm.Completion.Reranking;

/// <summary>Puts queries with their candidates into words, a tree each: the query once, each candidate behind it, both with a few train
/// facts. No fact between the query's entity and a candidate is ever among them: it would tell the answer in training and mislead in
/// use.</summary>
/// <param name="graph">The graph.</param>
/// <param name="wording">The model's wording.</param>
/// <param name="shape">How much is told.</param>
/// <param name="context">The longest text that the model reads, in tokens; one that would be longer goes without facts.</param>
/// <param name="texts">The graph's texts as encoded; null encodes those that are met.</param>
public sealed class VerdictTrees(KnowledgeGraph graph, Wording wording, VerdictShape shape, int context, TextIndex? texts = null)
{
    private readonly Neighbourhood neighbourhood = new(graph, shape.Neighbours, shape.Seed);

    /// <summary>Whose entities and relations are put into words.</summary>
    public KnowledgeGraph Graph => graph;

    /// <summary>The tree of a query; its reads are the candidates in their order.</summary>
    /// <param name="request">The query.</param>
    /// <param name="turn">0 in use; in training the step.</param>
    /// <param name="lost">In training, for each candidate an entity facts with which are left out as well, or -1: so that the right answer
    /// is not told by the fact that it lacks.</param>
    public TextTree Of(RerankRequest request, long turn = 0, IReadOnlyList<int>? lost = null)
    {
        var tree = Tree(request, turn, lost, true);
        return tree.Prefix.Length + tree.Branches.Max(branch => branch.Tokens.Length) <= context ? tree : Tree(request, turn, lost, false);
    }

    private TextTree Tree(RerankRequest request, long turn, IReadOnlyList<int>? lost, bool withFacts)
    {
        var candidates = request.Candidates.Select(candidate => candidate.Entity ?? -1).ToHashSet();
        return wording.Verdicts(
            Words(request.Entity, int.MaxValue, candidates.Contains),
            wording.Relation(graph.DirectedRelationText(request.DirectedRelation)),
            request.Candidates.Select((candidate, index) => Words(candidate, shape.TextTokens, other => other == lost?[index]
                || (candidate.Entity == request.Entity.Entity ? candidates.Contains(other) : other == request.Entity.Entity))));

        int[] Words(QueryEntity entity, int most, Func<int, bool> isHidden)
        {
            var description = entity.Entity is { } known && texts is not null
                ? texts.Descriptions[texts.EntityText[known]] : wording.Description(entity.Description);
            var facts = entity.Entity is { } held && withFacts ? neighbourhood.Of(held, isHidden, turn) : [];
            return [
                .. description.Length <= most ? description : description[..most],
                .. facts.SelectMany(fact => wording.Fact(
                    graph.DirectedRelationText(fact.DirectedRelation), graph.Entities[fact.Other].Name, shape.NeighbourTokens))];
        }
    }
}
