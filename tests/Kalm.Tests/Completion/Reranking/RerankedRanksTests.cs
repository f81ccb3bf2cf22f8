using Kalm.Completion.Reranking;
using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Tests.Completion.Reranking;

public class RerankedRanksTests : TorchTest
{
    [Fact]
    public void The_best_candidates_are_those_of_all_scores_and_their_own_scores_leave_every_rank()
    {
        using var folder = new TemporaryFolder();
        // Two entities of one text tie.
        using var files = FamilyGraph.Make();
        var texts = File.ReadAllLines(Path.Combine(files.Path, "entityId2text.dict"));
        files.With("entityId2text.dict",
            string.Concat(texts.Select((line, index) => (index % 9 == 4 ? $"{index}\tthe same animal" : line) + "\n")));
        var graph = files.Load();
        using var model = new LoadedModel(OpenedModel.Open(TinyModel.Make(folder, graph)), threads: 2);
        var index = new TextIndex(graph, model.Wording);
        var queries = CompletionQuery.Of(graph, graph.Train);
        var known = new KnownFacts(graph, graph.Train, graph.Valid, graph.Test);
        var all = Rank(graph.Entities.Count);
        foreach (var depth in new[] { 1, 7, 20 })
            foreach (var (ranked, full) in Rank(depth).Zip(all))
            {
                Assert.Equal(Math.Min(depth, full.Nearest.Count), ranked.Nearest.Count);
                Assert.Equal(full.Nearest.Take(depth).Select(item => item.Score), ranked.Nearest.Select(item => item.Score));
                Assert.Equal(full.Rank, ranked.Rank);
                Assert.Equal(ranked.Rank, RerankedRanks.Of(ranked, [.. ranked.Nearest.Select(candidate => (double)candidate.Score)]));
            }
        foreach (var full in all)
        {
            var query = full.Query;
            var others = known.Answers(query.Entity, query.DirectedRelation).ToArray().Except([query.Answer]);
            Assert.Equal(
                Enumerable.Range(0, graph.Entities.Count).Except(others), full.Nearest.Select(candidate => candidate.Entity).Order());
            Assert.Equal(full.Nearest.OrderByDescending(candidate => candidate.Score).Select(candidate => candidate.Score),
                full.Nearest.Select(candidate => candidate.Score));
            Assert.Equal(full.GoldScore, full.Nearest.Single(candidate => candidate.Entity == query.Answer).Score);
        }
        Assert.Contains(all, item => item.Rank.Optimistic < item.Rank.Pessimistic);
        Assert.Empty(Rank(0)[0].Nearest);

        IReadOnlyList<RankedQuery> Rank(int depth) => CompletionEvaluation.Rank(
            model.Decoder, graph, index, queries, known, null, TestContext.Current.CancellationToken, depth: depth);
    }

    [Fact]
    public void Only_the_best_candidates_change_places()
    {
        var ranked = Ranked(new FilteredRank(3, 4), 0.5f, (1, 0.9f), (2, 0.6f), (7, 0.5f));
        Assert.Equal(new FilteredRank(1, 2), RerankedRanks.Of(ranked, [0, 1, 2]));   // one beyond has the answer's score
        Assert.Equal(new FilteredRank(2, 3), RerankedRanks.Of(ranked, [5, 1, 2]));
        Assert.Equal(new FilteredRank(1, 4), RerankedRanks.Of(ranked, [2, 2, 2]));
        var beyond = Ranked(new FilteredRank(9, 9), 0.1f, (1, 0.9f), (2, 0.6f));
        Assert.Equal(new FilteredRank(9, 9), RerankedRanks.Of(beyond, [0, 9]));
    }

    [Fact]
    public void Weights_are_fitted_to_what_tells_and_never_hurt_on_what_they_were_fitted_to()
    {
        var random = new Random(1);
        foreach (var truth in new[] { 0.0, 0.5, 3 })
        {
            var (ranked, signals) = Drawn(random, truth);
            var (weights, gain) = WeightFit.Of(ranked, signals);
            Assert.Equal(ranked.Average(item => 1 / item.Rank.Realistic), gain.Before, 1e-9);
            var after = ranked.Zip(signals, (item, signal) => 1 / RerankedRanks.Of(item, signal.Fused(weights)).Realistic).Average();
            Assert.True(after >= gain.Before, $"{truth}: {gain.Before} -> {after}");
            Assert.Equal(0, weights.Mirrored);
            if (truth == 0)
                Assert.True(weights.AreZero(), $"{weights}, {gain}");
            else
                Assert.True(weights.Verdict > 0 && gain.After > gain.Before + 0.05, $"{weights}, {gain}");
        }
        // What speaks against the truth is not used at all, and that is told by zeros.
        var (wrong, against) = Drawn(random, -3);
        Assert.True(WeightFit.Of(wrong, against).Weights.AreZero());
        Assert.True(WeightFit.Of([], []).Weights.AreZero());
    }

    // The answer's verdict is better than the others' by the truth, its score by nothing.
    private static (List<RankedQuery> Ranked, List<RerankSignals> Signals) Drawn(Random random, double truth)
    {
        var (ranked, signals) = (new List<RankedQuery>(), new List<RerankSignals>());
        for (var query = 0; query < 300; query++)
        {
            var scores = Enumerable.Range(0, 10).Select(_ => random.NextDouble()).OrderDescending().ToArray();
            var gold = random.Next(10);
            ranked.Add(Ranked(new FilteredRank(gold + 1, gold + 1), (float)scores[gold],
                [.. scores.Select((score, place) => (place == gold ? 7 : 100 + place, (float)score))]));
            double[] verdicts = [.. scores.Select((_, place) => random.NextDouble() + (place == gold ? truth : 0))];
            signals.Add(new RerankSignals(scores, verdicts, new double[10], new double[10]));
        }
        return (ranked, signals);
    }

    private static RankedQuery Ranked(FilteredRank rank, float gold, params (int Entity, float Score)[] nearest) =>
        new(new CompletionQuery(new Triple(0, 0, 7), Side.Tail, 0, 0, 7, false), rank, gold, nearest[0].Entity)
        {
            Nearest = [.. nearest.Select(item => new ScoredEntity(item.Entity, item.Score))],
        };
}
