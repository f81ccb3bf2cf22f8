using System.Text.Json.Nodes;
using Kalm.Completion;
using Kalm.Graph;

namespace Kalm.Cli;

/// <summary>The answers to a question, best first: entities or relations.</summary>
/// <param name="Question">What was asked.</param>
/// <param name="Entities">The entities, when one was missing.</param>
/// <param name="Relations">The relations, when it was missing.</param>
internal sealed record CompletionAnswer(
    CompletionQuestion Question, IReadOnlyList<EntityCandidate>? Entities, IReadOnlyList<RelationCandidate>? Relations)
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
            : IsReranked ? ["rank", "id", "name", "score", "probability", "known", "by score", "re-ranked", "verdict"]
            : ["rank", "id", "name", "score", "probability", "known"], numbers: 0);
        foreach (var (index, candidate) in (Entities ?? []).Index())
        {
            var entity = Catalog[candidate.Entity];
            table.Add([
                $"{index + 1}", entity.Id, entity.Name, $"{candidate.Score:F3}", $"{candidate.Probability:F3}", candidate.Split ?? New,
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

    /// <summary>For programs.</summary>
    public JsonObject ToJson() => new()
    {
        ["head"] = Describe(Question.Head),
        ["relation"] = Question.Relation is { } relation ? Describe(relation) : null,
        ["tail"] = Describe(Question.Tail),
        ["predicted"] = Relations is not null ? "relation" : Question.Head is null ? "head" : "tail",
        ["reranked"] = IsReranked,
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
        json["score_rank"] = candidate.Rank;
        json["reranked_score"] = candidate.Reranked?.Score;
        json["verdict"] = candidate.Reranked?.Verdict;
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

    private string IdOf(int directedRelation) =>
        Graph.Relations[IsInverse(directedRelation) ? Graph.InverseOf(directedRelation) : directedRelation].Id;

    private bool IsInverse(int directedRelation) => directedRelation >= Graph.RelationCount;
}
