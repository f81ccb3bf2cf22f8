using Kalm.Completion;
using Kalm.Evaluation;
using Kalm.Graph;

namespace Kalm.Cli.Reports;

/// <summary>A query of a split that a reader can check, with what the model answered and why.</summary>
/// <param name="Query">In words.</param>
/// <param name="Answer">The right answer.</param>
/// <param name="Rank">Its filtered rank.</param>
/// <param name="First">The model's first answer; other known answers left out.</param>
/// <param name="Probability">That of the first answer.</param>
/// <param name="Evidence">The train fact that speaks most for the first answer, in words; null where there is none.</param>
internal sealed record ReportedAnswer(string Query, string Answer, double Rank, string First, double Probability, string? Evidence)
{
    private const int Shown = 10;

    /// <summary>What stands above the cells.</summary>
    public static readonly string[] Headings =
        ["query", "right answer", "its rank", "the model’s first", "probability", "most like it in train"];

    /// <summary>The cells.</summary>
    public string[] Cells => [Query, Answer, $"{Rank:0.#}", First, $"{Probability:P0}", Evidence ?? "nothing"];

    /// <summary>The ten best and the ten worst ranked queries, of as many relations as there are; what ties is taken in the order of the
    /// split, so that no choice is made by hand.</summary>
    public static (IReadOnlyList<ReportedAnswer> Best, IReadOnlyList<ReportedAnswer> Worst) Of(
        Completer completer, KnownFacts known, IReadOnlyList<RankedQuery> ranked)
    {
        var best = Spread(ranked.OrderBy(item => item.Rank.Realistic));
        var worst = ranked.OrderByDescending(item => item.Rank.Realistic).Take(Shown);
        return ([.. best.Select(Reported)], [.. worst.Select(Reported)]);

        ReportedAnswer Reported(RankedQuery item) => Of(completer, known, item);
    }

    private static ReportedAnswer Of(Completer completer, KnownFacts known, RankedQuery item)
    {
        var (graph, query) = (completer.Graph, item.Query);
        int[] others = [.. known.Answers(query.Entity, query.DirectedRelation).ToArray().Where(answer => answer != query.Answer).Order()];
        var first = completer.Entities(QueryEntity.Of(graph, query.Entity), query.DirectedRelation,
            new SearchRequest(query.Entity, others, 1, WithKnown: false))[0];
        var like = completer.Explanations.Of(
            completer.Index.Vectors.Row(query.Entity).ToArray(), query.Entity, query.DirectedRelation, [first.Entity], 1)[0];
        return new ReportedAnswer(
            $"{Name(query.Entity)} {graph.DirectedRelationText(query.DirectedRelation)} …", Name(query.Answer), item.Rank.Realistic,
            Name(first.Entity), first.Probability, like.Count == 0 ? null : Fact(like[0].Triple));

        string Name(int entity) => graph.Entities[entity].Name;

        string Fact(Triple fact) => $"{Name(fact.Head)} {graph.Relations[fact.Relation].Text} {Name(fact.Tail)}";
    }

    // A relation in turn, as long as ranks are the same.
    private static IEnumerable<RankedQuery> Spread(IEnumerable<RankedQuery> ranked) =>
        ranked.GroupBy(item => item.Rank.Realistic).SelectMany(tied => tied
            .GroupBy(item => item.Query.DirectedRelation).SelectMany(relation => relation.Select((item, turn) => (item, turn)))
            .OrderBy(pair => pair.turn).Select(pair => pair.item)).Take(Shown);
}
