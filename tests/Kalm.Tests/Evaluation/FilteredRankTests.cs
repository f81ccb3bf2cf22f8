using System.Text.Json;
using Kalm.Evaluation;

namespace Kalm.Tests.Evaluation;

public class FilteredRankTests
{
    [Fact]
    public void Ranks_and_metrics_equal_the_hand_computed_table()
    {
        var all = new List<FilteredRank>();
        var table = Fixture.Load("ranks.json");
        foreach (var given in table.GetProperty("cases").EnumerateArray())
        {
            var ranks = new List<FilteredRank>();
            var classes = given.GetProperty("text_classes").Integers();
            foreach (var query in given.GetProperty("queries").EnumerateArray())
            {
                var rank = RankOf(classes, query);
                Assert.Equal(query.GetProperty("optimistic").GetInt32(), rank.Optimistic);
                Assert.Equal(query.GetProperty("pessimistic").GetInt32(), rank.Pessimistic);
                Assert.Equal(query.GetProperty("realistic").GetDouble(), rank.Realistic);
                ranks.Add(rank);
            }
            AssertMetrics(given.GetProperty("metrics"), ranks);
            all.AddRange(ranks);
        }
        AssertMetrics(table.GetProperty("metrics_of_all"), all);
    }

    /// <summary>Scores each distinct text once, as the evaluation does, though the table lists a score for every entity.</summary>
    private static FilteredRank RankOf(int[] classes, JsonElement query)
    {
        var distinct = classes.Distinct().ToList();
        var textOf = classes.Select(item => distinct.IndexOf(item)).ToArray();
        var entityScores = query.GetProperty("scores").Doubles();
        var scores = distinct.Select(item => (float)entityScores[Array.IndexOf(classes, item)]).ToArray();
        var counts = distinct.Select(item => classes.Count(other => other == item)).ToArray();
        return FilteredRank.Of(scores, counts, textOf, query.GetProperty("gold").GetInt32(), query.GetProperty("known").Integers());
    }

    private static void AssertMetrics(JsonElement expected, List<FilteredRank> ranks)
    {
        foreach (var ties in Enum.GetValues<TieRule>())
        {
            var metrics = CompletionMetrics.Of(ranks, ties)!;
            var row = expected.GetProperty(ties.ToString().ToLowerInvariant());
            Assert.Equal(row.GetProperty("mean_rank").GetDouble(), metrics.MeanRank, 12);
            Assert.Equal(row.GetProperty("mean_reciprocal_rank").GetDouble(), metrics.MeanReciprocalRank, 12);
            Assert.Equal(row.GetProperty("hits_at_1").GetDouble(), metrics.HitsAt1, 12);
            Assert.Equal(row.GetProperty("hits_at_3").GetDouble(), metrics.HitsAt3, 12);
            Assert.Equal(row.GetProperty("hits_at_10").GetDouble(), metrics.HitsAt10, 12);
        }
    }

    [Fact]
    public void Counting_over_vectors_equals_counting_one_by_one()
    {
        var random = new Random(7);
        var scores = Enumerable.Range(0, 1003).Select(_ => (float)random.Next(50)).ToArray();
        var counts = scores.Select(_ => random.Next(1, 4)).ToArray();
        var textOf = counts.SelectMany((count, text) => Enumerable.Repeat(text, count)).ToArray();
        for (var gold = 0; gold < textOf.Length; gold += 97)
        {
            int[] known = [gold, (gold + 5) % textOf.Length, (gold + 900) % textOf.Length];
            var goldScore = scores[textOf[gold]];
            var others = Enumerable.Range(0, textOf.Length).Where(entity => entity == gold || !known.Contains(entity))
                .Select(entity => scores[textOf[entity]]).ToList();

            var rank = FilteredRank.Of(scores, counts, textOf, gold, known);

            Assert.Equal(1 + others.Count(score => score > goldScore), rank.Optimistic);
            Assert.Equal(others.Count(score => score >= goldScore), rank.Pessimistic);
        }
    }

    [Fact]
    public void No_ranks_have_no_metrics() => Assert.Null(CompletionMetrics.Of([]));
}
