using System.Text.Json.Nodes;
using Kalm.Completion;
using Kalm.Completion.Facts;
using Kalm.Graph;

namespace Kalm.Cli;

/// <summary>The answers to a question, best first: entities or relations.</summary>
/// <param name="Question">What was asked.</param>
/// <param name="Entities">The entities, when one was missing.</param>
/// <param name="Relations">The relations, when it was missing.</param>
/// <param name="Statement">What it takes for a fact to be stated; null where nothing is.</param>
internal sealed record CompletionAnswer(
    CompletionQuestion Question, IReadOnlyList<EntityCandidate>? Entities, IReadOnlyList<RelationCandidate>? Relations,
    PrecisionPoint? Statement)
{
    private const string New = "new";

    private Catalog Catalog => Question.Catalog;

    private KnowledgeGraph Graph => Catalog.Graph;

    private bool IsReranked => Entities is { Count: > 0 } && Entities[0].Reranked is not null;

    /// <summary>For people.</summary>
    public ResultTable Table()
    {
        var table = new ResultTable(
            Question.ToString(),
            Relations is not null ? ["rank", "id", "text", "score", "probability", "known"]
            : IsReranked ? ["rank", "id", "name", "score", "probability", "fact", "verdict", "by score", "re-ranked", "re-ranker"]
            : ["rank", "id", "name", "score", "probability", "fact", "verdict"], numbers: 0);
        foreach (var (index, candidate) in (Entities ?? []).Index())
        {
            var entity = Catalog[candidate.Entity];
            table.Add([
                $"{index + 1}", entity.Id, entity.Name, $"{candidate.Score:F3}", $"{candidate.Probability:F3}",
                $"{candidate.Fact?.Probability:F3}", VerdictOf(candidate),
                .. candidate.Reranked is { } reranked
                    ? [$"{candidate.Rank}", $"{reranked.Score:F2}", $"{reranked.Verdict:F2}"] : Array.Empty<string>()]);
        }
        foreach (var candidate in Relations ?? [])
            table.Add(
                $"{candidate.Rank}", IdOf(candidate.DirectedRelation) + (IsInverse(candidate.DirectedRelation) ? " (inverse)" : ""),
                Graph.DirectedRelationText(candidate.DirectedRelation),
                $"{candidate.Score:F3}", $"{candidate.Probability:F3}", candidate.Split ?? New);
        return table;
    }

    /// <summary>What the graph does not hold and is stated all the same, in a line; null where relations were asked for.</summary>
    public string? Stated()
    {
        if (Entities is null)
            return null;
        var stated = Entities.Where(candidate => candidate is { Split: null, Fact.Verdict: Verdict.True })
            .Select(candidate => Catalog[candidate.Entity].Name).ToList();
        return Statement is not { } statement ? "unknown: the validation split does not show how sure a fact must be to be stated"
            : stated.Count > 0 ? $"stated: {string.Join(", ", stated)} (fact of {statement.Threshold:F3} or more)"
            : $"unknown: nothing new is sure enough to be stated, which takes a fact of {statement.Threshold:F3}";
    }

    /// <summary>For programs.</summary>
    public JsonObject ToJson() => new()
    {
        ["head"] = Describe(Question.Head),
        ["relation"] = Question.Relation is { } relation ? Describe(relation) : null,
        ["tail"] = Describe(Question.Tail),
        ["predicted"] = Relations is not null ? "relation" : Question.Head is null ? "head" : "tail",
        ["reranked"] = IsReranked,
        ["threshold"] = Entities is null ? null : Statement?.Threshold,
        ["results"] = Relations is null ? new JsonArray([.. Entities!.Select(Describe)]) : new JsonArray([.. Relations.Select(Describe)]),
    };

    private JsonObject? Describe(QueryEntity? entity) => entity is null ? null : new JsonObject
    {
        ["id"] = entity.Entity is { } index ? Catalog[index].Id : null,
        ["name"] = entity.Entity is { } named ? Catalog[named].Name : null,
        ["text"] = entity.Description,
    };

    private JsonObject Describe(int directedRelation) => new()
    {
        ["id"] = IdOf(directedRelation),
        ["text"] = Graph.DirectedRelationText(directedRelation),
        ["inverse"] = IsInverse(directedRelation),
    };

    private JsonNode Describe(EntityCandidate candidate, int index)
    {
        var json = new JsonObject
        {
            ["rank"] = index + 1,
            ["id"] = Catalog[candidate.Entity].Id,
            ["name"] = Catalog[candidate.Entity].Name,
        };
        AddFigures(json, candidate.Score, candidate.Probability, candidate.Split);
        json["fact_probability"] = candidate.Fact?.Probability;
        json["verdict"] = candidate.Fact?.Verdict is { } verdict ? FactWords.Of(verdict) : null;
        json["score_rank"] = candidate.Rank;
        json["reranked_score"] = candidate.Reranked?.Score;
        json["reranker_verdict"] = candidate.Reranked?.Verdict;
        return json;
    }

    private JsonNode Describe(RelationCandidate candidate)
    {
        var json = new JsonObject { ["rank"] = candidate.Rank };
        foreach (var (name, value) in Describe(candidate.DirectedRelation))
            json[name] = value?.DeepClone();
        AddFigures(json, candidate.Score, candidate.Probability, candidate.Split);
        return json;
    }

    private static void AddFigures(JsonObject json, double score, double probability, string? split)
    {
        json["score"] = score;
        json["probability"] = probability;
        json["known"] = split is not null;
        json["split"] = split;
    }

    private static string VerdictOf(EntityCandidate candidate) =>
        candidate.Split ?? (candidate.Fact is { } fact ? FactWords.Of(fact.Verdict) : New);

    private string IdOf(int directedRelation) =>
        Graph.Relations[IsInverse(directedRelation) ? Graph.InverseOf(directedRelation) : directedRelation].Id;

    private bool IsInverse(int directedRelation) => directedRelation >= Graph.RelationCount;
}
