using Kalm.Graph;

namespace Kalm.Completion.Facts;

/// <summary>What is said of a fact, in words.</summary>
public static class FactWords
{
    /// <summary>A verdict in a word, as JSON has it.</summary>
    public static string Of(Verdict verdict) => verdict switch
    {
        Verdict.True => "true",
        Verdict.False => "false",
        _ => "unknown",
    };

    /// <summary>A fact in words.</summary>
    public static string Of(Catalog catalog, Triple fact)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return $"{catalog[fact.Head].Name}, {catalog.Graph.Relations[fact.Relation].Text}, {catalog[fact.Tail].Name}";
    }

    /// <summary>What speaks for a fact or against it, a sentence each; the strongest first.</summary>
    /// <param name="catalog">The entities.</param>
    /// <param name="claim">The fact.</param>
    /// <param name="judgement">What was found of it.</param>
    public static (IReadOnlyList<string> For, IReadOnlyList<string> Against) Reasons(
        Catalog catalog, FactClaim claim, FactJudgement judgement)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(claim);
        ArgumentNullException.ThrowIfNull(judgement);
        var graph = catalog.Graph;
        var (speaksFor, against) = (new List<string>(), new List<string>());
        var (head, relation, tail) = (Name(claim.Head), graph.Relations[claim.Relation].Text, Name(claim.Tail));
        if (judgement.Split is { } split)
            speaksFor.Add(split == FactSplits.Added ? "it was accepted" : $"the graph holds it, in {split}");
        if (judgement.IsRejected)
            against.Add("it was rejected");
        foreach (var other in judgement.Contradictions)
            against.Add($"the graph holds {Of(catalog, other)}, and "
                + (other.Head == claim.Head.Entity ? $"'{relation}' has one tail for a head" : $"'{relation}' has one head for a tail"));
        if (judgement.Rule is { } rule)
            speaksFor.Add($"train holds {head}, {graph.DirectedRelationText(rule.DirectedRelation)}, {tail}, which comes with '{relation}' "
                + $"in {rule.Confidence:P0} of its pairs");
        if (!judgement.IsOfKind)
            against.Add($"train shows no entity of their kind at the ends of '{relation}'");
        foreach (var (likelihood, words) in new[]
        {
            (judgement.Signs.ForwardLog, $"{tail} as the answer of {head}, {relation}, ?"),
            (judgement.Signs.BackwardLog, $"{head} as the answer of ?, {relation}, {tail}"),
        })
            (likelihood >= Math.Log(0.1) ? speaksFor : against).Add($"the model gives {Math.Exp(likelihood):P1} to {words}");
        return (speaksFor, against);

        string Name(QueryEntity entity) => entity.Entity is { } index ? catalog[index].Name : $"'{entity.Description}'";
    }
}
