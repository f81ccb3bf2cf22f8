using System.Globalization;
using System.Text.Json.Nodes;
using Kalm.Completion;
using Kalm.Completion.Facts;

namespace Kalm.Cli;

/// <summary>What is said of a fact, for people.</summary>
internal static class VerifiedText
{
    /// <summary>The verdict with its probability, then what speaks for it and against, and the train facts like it; a line each.</summary>
    /// <param name="catalog">The entities.</param>
    /// <param name="verified">What was found.</param>
    /// <param name="calibration">How sure a fact is; null where valid is too small to tell.</param>
    /// <param name="statement">What it takes for a fact to be stated; null where nothing is.</param>
    public static IReadOnlyList<string> Lines(
        Catalog catalog, Verification verified, FactCalibration? calibration, PrecisionPoint? statement)
    {
        var (claim, judgement) = (verified.Claim, verified.Judgement);
        var sure = judgement switch
        {
            { Probability: not { } } => "",
            { Split: not null } => $", which the graph says; without it {Figure(judgement.Probability)}",
            _ when calibration is null => $", probability {Figure(judgement.Probability)}",
            _ => $", probability {Figure(judgement.Probability)} (true from {(statement is null ? "none" : Figure(statement.Threshold))}, "
                + $"false below {Figure(calibration.FalseBelow)})",
        };
        return
        [
            $"{Name(claim.Head)} · {catalog.Graph.Relations[claim.Relation].Text} · {Name(claim.Tail)}: "
                + $"{FactWords.Of(judgement.Verdict)}{sure}",
            .. verified.For.Select(reason => $"  for: {reason}"),
            .. verified.Against.Select(reason => $"  against: {reason}"),
            .. verified.Explanations.Select(like => $"  like: {FactWords.Of(catalog, like.Triple)} ({like.Similarity:F2})"),
        ];

        string Name(QueryEntity entity) => entity.Entity is { } index ? catalog[index].Name : entity.Description;
    }

    /// <summary>The same for programs.</summary>
    public static IEnumerable<KeyValuePair<string, JsonNode?>> Members(Verification verified)
    {
        yield return new("verdict", FactWords.Of(verified.Judgement.Verdict));
        yield return new("probability", verified.Judgement.Probability);
        yield return new("split", verified.Judgement.Split);
        yield return new("for", new JsonArray([.. verified.For.Select(reason => JsonValue.Create(reason))]));
        yield return new("against", new JsonArray([.. verified.Against.Select(reason => JsonValue.Create(reason))]));
    }

    private static string Figure(double? value) => value?.ToString("F3", CultureInfo.InvariantCulture) ?? "";
}
