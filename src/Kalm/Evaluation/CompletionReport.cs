using System.Text.Json.Nodes;
using Kalm.Graph;

namespace Kalm.Evaluation;

/// <summary>The figures of one relation.</summary>
/// <param name="Relation">The relation's id.</param>
/// <param name="Tail">The tail side; null without queries.</param>
/// <param name="Head">The head side; null without queries.</param>
/// <param name="Both">Both sides.</param>
public sealed record RelationReport(string Relation, CompletionMetrics? Tail, CompletionMetrics? Head, CompletionMetrics? Both);

/// <summary>All figures of a completion evaluation.</summary>
public sealed class CompletionReport
{
    /// <summary>Summarises ranked queries.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="split">The split's name.</param>
    /// <param name="ranked">The queries with their ranks.</param>
    /// <param name="candidates">How many entities they were ranked among; null for all of the graph.</param>
    public CompletionReport(KnowledgeGraph graph, string split, IReadOnlyList<RankedQuery> ranked, int? candidates = null)
    {
        Split = split;
        Candidates = candidates ?? graph.Entities.Count;
        var isSeen = new bool[graph.Entities.Count];
        foreach (var fact in graph.Train)
            isSeen[fact.Head] = isSeen[fact.Tail] = true;
        Queries = ranked.Count;
        LeakedQueries = ranked.Count(item => item.Query.Leaked);
        Tail = Of(item => item.Query.Side == Side.Tail);
        Head = Of(item => item.Query.Side == Side.Head);
        Both = Of(_ => true);
        BothWithoutLeaked = Of(item => !item.Query.Leaked);
        UnseenAnswers = Of(item => !isSeen[item.Query.Answer]);
        UnseenSubjects = Of(item => !isSeen[item.Query.Entity]);
        Optimistic = Of(_ => true, TieRule.Optimistic);
        Pessimistic = Of(_ => true, TieRule.Pessimistic);
        Relations = [.. ranked.GroupBy(item => item.Query.Triple.Relation)
            .OrderByDescending(group => group.Count()).Select(group => new RelationReport(
            graph.Relations[group.Key].Id,
            CompletionMetrics.Of(group.Where(item => item.Query.Side == Side.Tail).Select(item => item.Rank)),
            CompletionMetrics.Of(group.Where(item => item.Query.Side == Side.Head).Select(item => item.Rank)),
            CompletionMetrics.Of(group.Select(item => item.Rank))))];

        CompletionMetrics? Of(Func<RankedQuery, bool> chosen, TieRule ties = TieRule.Realistic) =>
            CompletionMetrics.Of(ranked.Where(chosen).Select(item => item.Rank), ties);
    }

    /// <summary>The split's name.</summary>
    public string Split { get; }

    /// <summary>The number of candidates, before known answers are removed.</summary>
    public int Candidates { get; }

    /// <summary>The number of queries: two a triple.</summary>
    public int Queries { get; }

    /// <summary>The number of leaked queries among them.</summary>
    public int LeakedQueries { get; }

    /// <summary>The tail side.</summary>
    public CompletionMetrics? Tail { get; }

    /// <summary>The head side.</summary>
    public CompletionMetrics? Head { get; }

    /// <summary>Both sides.</summary>
    public CompletionMetrics? Both { get; }

    /// <summary>Both sides without the leaked queries; null when all are leaked.</summary>
    public CompletionMetrics? BothWithoutLeaked { get; }

    /// <summary>Queries whose answer no train triple has (inductive completion); null where there are none.</summary>
    public CompletionMetrics? UnseenAnswers { get; }

    /// <summary>Queries about an entity that no train triple has; null where there are none.</summary>
    public CompletionMetrics? UnseenSubjects { get; }

    /// <summary>Both sides, ties counted for the answer.</summary>
    public CompletionMetrics? Optimistic { get; }

    /// <summary>Both sides, ties counted against the answer.</summary>
    public CompletionMetrics? Pessimistic { get; }

    /// <summary>A line a relation, the most frequent first.</summary>
    public IReadOnlyList<RelationReport> Relations { get; }

    /// <summary>The report as JSON, without the facts about model and graph that the caller adds.</summary>
    public JsonObject ToJson() => new()
    {
        ["split"] = Split,
        ["queries"] = Queries,
        ["leaked_queries"] = LeakedQueries,
        ["candidates"] = Candidates,
        ["tail"] = Json(Tail),
        ["head"] = Json(Head),
        ["both"] = Json(Both),
        ["both_without_leaked"] = Json(BothWithoutLeaked),
        ["unseen_answers"] = Json(UnseenAnswers),
        ["unseen_subjects"] = Json(UnseenSubjects),
        ["ties"] = new JsonObject { ["optimistic"] = Json(Optimistic), ["pessimistic"] = Json(Pessimistic) },
        ["relations"] = new JsonArray([.. Relations.Select(relation => (JsonNode)new JsonObject
        {
            ["relation"] = relation.Relation,
            ["tail"] = Json(relation.Tail),
            ["head"] = Json(relation.Head),
            ["both"] = Json(relation.Both),
        })]),
    };

    private static JsonObject? Json(CompletionMetrics? metrics) => metrics is null ? null : new JsonObject
    {
        ["queries"] = metrics.Queries,
        ["mr"] = metrics.MeanRank,
        ["mrr"] = metrics.MeanReciprocalRank,
        ["hits@1"] = metrics.HitsAt1,
        ["hits@3"] = metrics.HitsAt3,
        ["hits@10"] = metrics.HitsAt10,
    };
}
