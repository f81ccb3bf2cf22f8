using Kalm.Evaluation.Comparison;
using Kalm.Graph;

namespace Kalm.Tests.Evaluation.Comparison;

public sealed class RankComparisonTests : IDisposable
{
    private const string Heading = "head\trelation\ttail\tdirection\trank\toptimistic\tpessimistic\tgold_score\tbest_candidate\n";
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Measures_wins_and_relations_are_those_computed_by_hand()
    {
        var result = RankComparison.Of([new("likes", 2, 1), new("likes", 4, 4), new("knows", 1, 10), new("knows", 20, 11)], 100, 1,
            cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(4, result.Queries);
        Assert.Equal(["mrr", "hits@1", "hits@3", "hits@10"], result.Measures.Select(measure => measure.Name));
        Assert.Equal([(0.5 + 0.25 + 1 + 0.05) / 4, 0.25, 0.5, 0.75], result.Measures.Select(measure => measure.First));
        Assert.Equal([(1 + 0.25 + 0.1 + 1 / 11.0) / 4, 0.25, 0.25, 0.75], result.Measures.Select(measure => measure.Second));
        Assert.All(
            result.Measures, measure => Assert.Equal(measure.Second - measure.First, measure.Difference.Difference, 1e-12));
        Assert.Equal((2, 1, 1), (result.Wins, result.Ties, result.Losses));
        Assert.Equal(["knows", "likes"], result.Relations.Select(relation => relation.Relation));
        Assert.Equal((0.1 + 1 / 11.0 - 1.05) / 2, result.Relations[0].Difference, 1e-12);
        Assert.Equal(0.25, result.Relations[1].Difference, 1e-12);
        Assert.Equal(0.25, (double)result.ToJson()["relations"]![1]!["difference"]!, 1e-12);
    }

    [Fact]
    public void Ranks_of_the_same_query_are_put_together_in_whatever_order_they_stand()
    {
        QueryRank[] first = [new("a", "r", "b", Side.Tail, 1), new("a", "r", "b", Side.Head, 2), new("a", "s", "b", Side.Tail, 3)];
        QueryRank[] second = [first[2] with { Rank = 30 }, first[0] with { Rank = 10 }, first[1] with { Rank = 20 }];
        Assert.Equal(
            [new PairedRank("r", 1, 10), new("r", 2, 20), new("s", 3, 30)], PairedRanks.Of(first, second, ("one", "two")));
    }

    [Fact]
    public void The_first_query_that_only_one_has_is_named()
    {
        QueryRank[] all = [new("a", "r", "b", Side.Tail, 1), new("a", "r", "b", Side.Head, 2)];
        Assert.Equal("two: has no rank of the query (?, r, b) with the answer a, which one has; expected ranks of the same queries",
            Assert.Throws<KalmException>(() => PairedRanks.Of(all, all[..1], ("one", "two"))).Message);
        Assert.StartsWith("one: has no rank of the query (a, r, ?) with the answer b, which two has",
            Assert.Throws<KalmException>(() => PairedRanks.Of(all[1..], all, ("one", "two"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_ranks_is_read()
    {
        var path = folder.Write("ranks.tsv", Heading + "a\tr\tb\ttail\t1.5\t1\t2\t0.5\tb\na\tr\tb\thead\t7\t7\t7\t0.5\tc\n");
        Assert.Equal([new("a", "r", "b", Side.Tail, 1.5), new("a", "r", "b", Side.Head, 7)], RanksFile.Read(path));
    }

    [Theory]
    [InlineData("", "found no ranks")]
    [InlineData(Heading, "found no ranks")]
    [InlineData("a\tr\tb\n", "(1): found 'a?r?b'")]
    [InlineData(Heading + "a\tr\tb\ttail\t1\na\tr\tb\ttail\t0\n", "(3): found")]
    [InlineData(Heading + "a\tr\tb\tup\t1\n", "(2): found")]
    [InlineData(Heading + "a\tr\tb\thead\n", "(2): found")]
    [InlineData(Heading + "a\tr\tb\thead\tNaN\n", "(2): found")]
    public void A_file_that_holds_something_else_is_refused_by_its_line(string content, string expected)
    {
        var path = folder.Write("ranks.tsv", content);
        Assert.StartsWith(path, Assert.Throws<KalmException>(() => RanksFile.Read(path)).Message, StringComparison.Ordinal);
        Assert.Contains(expected, Assert.Throws<KalmException>(() => RanksFile.Read(path)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();
}
