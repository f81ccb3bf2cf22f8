using System.Text.Json.Nodes;
using Kalm.Alignment;
using Kalm.Cli.Reports;
using Kalm.Completion.Facts;
using Kalm.Evaluation;
using Kalm.Evaluation.Questions;

namespace Kalm.Cli.Demo;

/// <summary>The figures of one row: of all queries, and of those whose text does not hold the answer's name.</summary>
/// <param name="Name">The row's name.</param>
/// <param name="Key">The same for programs.</param>
/// <param name="All">Over all queries.</param>
/// <param name="Unheld">Over those whose text does not hold the answer; null when all do.</param>
internal sealed record DemoRow(string Name, string Key, CompletionMetrics? All, CompletionMetrics? Unheld);

/// <summary>A query that a reader can check.</summary>
/// <param name="Query">The query in words.</param>
/// <param name="Answer">The right answer.</param>
/// <param name="Rank">Its filtered rank.</param>
/// <param name="Predictions">The aligned model's best candidates, other known answers and the query's own entity left out.</param>
internal sealed record DemoCompletion(string Query, string Answer, double Rank, IReadOnlyList<string> Predictions)
{
    /// <summary>The predictions with the right one marked.</summary>
    public IEnumerable<string> Marked => Predictions.Select(name => name == Answer ? $"✓ {name}" : name);
}

/// <summary>A fact that the aligned model was asked about, and what it says.</summary>
/// <param name="Head">Its head's name.</param>
/// <param name="Relation">Its relation's text.</param>
/// <param name="Tail">Its tail's name.</param>
/// <param name="Verified">What was found.</param>
/// <param name="Lines">The same for people; the first is the verdict.</param>
internal sealed record DemoClaim(string Head, string Relation, string Tail, Verification Verified, IReadOnlyList<string> Lines);

/// <summary>Cosines among some entities.</summary>
/// <param name="Names">The entities, those of a group together.</param>
/// <param name="Base">[row, column] with the base model.</param>
/// <param name="Aligned">[row, column] with the aligned model.</param>
internal sealed record DemoSimilarity(IReadOnlyList<string> Names, double[,] Base, double[,] Aligned);

/// <summary>How a model answers in words and writes.</summary>
/// <param name="Name">The row's name.</param>
/// <param name="Key">The same for programs.</param>
/// <param name="Questions">Accuracies of the four tasks.</param>
/// <param name="Perplexity">Of texts that were not trained on; null where there are none.</param>
internal sealed record DemoWords(string Name, string Key, IReadOnlyList<QuestionAccuracy> Questions, double? Perplexity)
{
    /// <summary>What stands above the cells.</summary>
    public static string[] Headings(string first) => [first, "head", "tail", "relation", "verdict", "perplexity"];

    /// <summary>Shares of right answers, then the perplexity.</summary>
    public IEnumerable<string> Cells => [.. Questions.Select(item => $"{item.Filtered:F2}"), Perplexity is { } value ? $"{value:N1}" : "-"];
}

/// <summary>What a demonstration came to; facts are null where valid is too small to tell how sure they are.</summary>
internal sealed record DemoResult(
    string Graph, IReadOnlyList<DemoRow> Rows, IReadOnlyList<DemoCompletion> Completions, IReadOnlyList<DemoClaim> Claims,
    IReadOnlyList<ReportedAnswer> Best, IReadOnlyList<ReportedAnswer> Worst, DemoSimilarity Similarity,
    IReadOnlyList<DemoWords> Words, RunDescription Run,
    FactEvaluation? Facts, double? PretrainingSeconds, double Seconds)
{
    /// <summary>The figures for programs.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["graph"] = Graph, ["seed"] = Run.Options.Seed, ["threads"] = Run.Threads };
        foreach (var row in Rows)
            json[row.Key] = new JsonObject { ["all"] = Describe(row.All), ["answer_not_in_text"] = Describe(row.Unheld) };
        json["completions"] = new JsonArray([.. Completions.Select(completion => (JsonNode)new JsonObject
        {
            ["query"] = completion.Query,
            ["answer"] = completion.Answer,
            ["rank"] = completion.Rank,
            ["predictions"] = new JsonArray([.. completion.Predictions.Select(name => (JsonNode)name)]),
        })]);
        json["claims"] = new JsonArray([.. Claims.Select(claim => (JsonNode)new JsonObject(
        [
            new("head", claim.Head), new("relation", claim.Relation), new("tail", claim.Tail),
            .. VerifiedText.Members(claim.Verified),
        ]))]);
        foreach (var words in Words)
        {
            json[words.Key]!["questions"] = new JsonObject(
                words.Questions.Select(item => KeyValuePair.Create(item.Kind.ToString().ToLowerInvariant(), (JsonNode?)item.ToJson())));
            json[words.Key]!["perplexity"] = words.Perplexity;
        }
        json["facts"] = Facts is null ? null : System.Text.Json.JsonSerializer.SerializeToNode(Facts, Json.Options);
        json["answers"] = Run.Kept is { } kept ? System.Text.Json.JsonSerializer.SerializeToNode(kept.Answers, Json.Options) : null;
        json["steps"] = Run.StepsDone;
        json["pretraining_seconds"] = PretrainingSeconds;
        json["alignment_seconds"] = Run.Seconds;
        json["seconds"] = Seconds;
        return json;
    }

    private static JsonObject? Describe(CompletionMetrics? metrics) => metrics is null ? null : new JsonObject
    {
        ["queries"] = metrics.Queries,
        ["mrr"] = metrics.MeanReciprocalRank,
        ["hits@1"] = metrics.HitsAt1,
        ["hits@10"] = metrics.HitsAt10,
    };
}
