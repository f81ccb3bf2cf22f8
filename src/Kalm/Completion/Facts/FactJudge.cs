using Kalm.Graph;

namespace Kalm.Completion.Facts;

/// <summary>Tells whether facts are true, by what the model, the graph and the calibration say. For the model's thread.</summary>
public sealed class FactJudge
{
    private const double LeastRule = 0.05;
    private readonly Completer completer;
    private readonly FactScorer scorer;

    internal FactJudge(Completer completer)
    {
        this.completer = completer;
        scorer = new FactScorer(completer.Model, completer.Graph, completer.Index.Vectors, completer.Index.Calibration.Temperature);
    }

    /// <summary>What stands on each side of the relations.</summary>
    public RelationSides Sides => scorer.Sides;

    /// <summary>Judges facts.</summary>
    /// <param name="claims">The facts.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <returns>In their order.</returns>
    /// <exception cref="KalmException">A vector is not finite.</exception>
    public IReadOnlyList<FactJudgement> Of(IReadOnlyList<FactClaim> claims, CancellationToken cancellation = default) =>
        [.. claims.Zip(scorer.Signs(claims, Known, cancellation), Of)];

    /// <summary>Judges the facts that candidates make.</summary>
    /// <returns>The same candidates with <see cref="EntityCandidate.Fact"/>.</returns>
    public IReadOnlyList<EntityCandidate> Of(IReadOnlyList<EntityCandidate> candidates, QueryEntity entity, int directedRelation)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        var judged = Of([.. candidates.Select(candidate =>
            FactClaim.Of(completer.Graph, entity, directedRelation, completer.Catalog.Of(candidate.Entity)))]);
        return [.. candidates.Zip(judged, (candidate, fact) => candidate with { Fact = fact })];
    }

    private FactJudgement Of(FactClaim claim, FactSigns signs)
    {
        var (head, relation, tail) = claim;
        var graph = completer.Graph;
        var (calibration, inverse) = (completer.Index.Calibration.Facts, graph.InverseOf(relation));
        var split = tail.Entity is { } answer ? completer.Facts.Of(head.Entity, relation, answer) : null;
        var isRejected = tail.Entity is { } denied && completer.Facts.IsRejected(head.Entity, relation, denied);
        var probability = calibration?.Probability(graph.Relations[relation].Id, signs);
        List<Triple> contradictions = split is not null ? []
            : [.. Others(head, relation, tail).Select(other => new Triple(head.Entity!.Value, relation, other)),
                .. Others(tail, inverse, head).Select(other => new Triple(other, relation, tail.Entity!.Value))];
        var isOfKind = (head.Entity is not { } from || Sides.Admits(relation, from))
            && (tail.Entity is not { } to || Sides.Admits(inverse, to));
        var isSure = probability >= (completer.Statement?.Threshold ?? double.PositiveInfinity);
        // Few relations are functions without exception, so what is sure and contradicts is not false either.
        var verdict = split is not null || (isSure && contradictions.Count == 0) ? Verdict.True
            : !isSure && (contradictions.Count > 0 || probability < calibration?.FalseBelow) ? Verdict.False : Verdict.Unknown;
        return new FactJudgement(
            probability, isRejected ? Verdict.False : verdict, split, isRejected, signs, contradictions, RuleOf(claim), isOfKind);
    }

    private IEnumerable<int> Others(QueryEntity entity, int relation, QueryEntity answer) =>
        entity.Entity is { } index && Sides.IsFunction(relation)
            ? Known(index, relation).Where(other => other != answer.Entity) : [];

    private (int, double)? RuleOf(FactClaim claim)
    {
        var count = completer.Graph.Entities.Count;
        return claim is { Head.Entity: { } head, Tail.Entity: { } tail } && head < count && tail < count
            && scorer.Rules.Best(head, claim.Relation, tail) is { Confidence: >= LeastRule } rule ? rule : null;
    }

    private int[] Known(int entity, int relation) => completer.Facts.Answers(entity, relation);
}
