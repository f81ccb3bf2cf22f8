using Kalm.Evaluation;
using Kalm.Evaluation.Ranking;
using Kalm.Evaluation.Vectors;
using Kalm.Graph;
using Kalm.Tests.Graph;
using TorchSharp;

namespace Kalm.Tests.Evaluation.Ranking;

public class BlockRankingTests : TorchTest
{
    private static readonly RankingBlocks[] Sizes =
        [new(1, 1), new(2, 3), new(7, 2), new(16, 5), new(17, 64), new(1000, 1), new(1000, 1000), new()];

    [Fact]
    public void Blocks_of_every_size_rank_as_one_looks_at_every_entity()
    {
        var random = new Random(11);
        for (var round = 0; round < 12; round++)
        {
            var (entities, width) = (random.Next(2, 90), random.Next(1, 6));
            using var files = Made(entities, random);
            var graph = files.Load();
            var known = new KnownFacts(graph, graph.Train, graph.Valid);
            var queries = Queries(graph, 40, random);
            var textOfEntity = Texts(entities, random);
            // Small whole numbers: every product is exact in any order, and many are equal.
            var vectors = Whole((textOfEntity.Max() + 1) * width, random);
            var asked = Whole(queries.Length * width, random);
            // In half of the rounds among some of the entities only.
            HashSet<int>? among = round % 2 == 0 ? null
                : [.. queries.Select(query => query.Answer), .. Enumerable.Range(0, entities).Where(_ => random.Next(4) == 0)];
            var expected = queries.Select((query, index) => Plainly(
                query, [.. vectors.Chunk(width).Select(vector => vector.Zip(asked.Skip(index * width), (a, b) => a * b).Sum())],
                textOfEntity, known, among)).ToArray();
            foreach (var size in Sizes)
                foreach (var workers in new[] { 1, 3 })
                {
                    using var candidates = new EntityVectorTensor(torch.tensor(vectors, [textOfEntity.Max() + 1, width]));
                    var ranked = new BlockRanking(candidates, textOfEntity, known, workers, size, among).Rank(
                        queries, torch.tensor(asked, [queries.Length, width]), null, TestContext.Current.CancellationToken);
                    Assert.Equal(expected, ranked);
                }
        }
    }

    [Fact]
    public void Blocks_rank_vectors_of_a_model_as_one_block_does()
    {
        const int Entities = 5000;
        const int Width = 128;
        var random = new Random(3);
        using var files = Made(Entities, random);
        var graph = files.Load();
        var known = new KnownFacts(graph, graph.Train);
        var queries = Queries(graph, 600, random);
        int[] texts = [.. Enumerable.Range(0, Entities)];
        using var candidates = new EntityVectorTensor(Unit(Entities, Width, 1));
        var asked = Unit(queries.Length, Width, 2);
        var whole = Rank(new RankingBlocks(Entities, queries.Length));
        foreach (var size in new[] { new RankingBlocks(), new(1024, 256), new(777, 100) })
            Assert.Equal(whole, Rank(size));

        List<(FilteredRank, int)> Rank(RankingBlocks size) =>
            [.. new BlockRanking(candidates, texts, known, 2, size).Rank(queries, asked, null, TestContext.Current.CancellationToken)
                .Select(item => (item.Rank, item.BestCandidate))];
    }

    [Fact]
    public void Vectors_that_are_not_finite_are_refused()
    {
        using var files = Made(40, new Random(1));
        var graph = files.Load();
        var queries = Queries(graph, 5, new Random(1));
        var vectors = Enumerable.Repeat(1f, 40 * 2).ToArray();
        vectors[71] = float.NaN;
        using var candidates = new EntityVectorTensor(torch.tensor(vectors, [40, 2]));
        var ranking = new BlockRanking(
            candidates, [.. Enumerable.Range(0, 40)], graph.TrainFacts, 2, new RankingBlocks(16, 2));
        Assert.Contains("not finite", Assert.Throws<KalmException>(() => ranking.Rank(
            queries, torch.ones([5, 2]), null, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    private static RankedQuery Plainly(CompletionQuery query, float[] scores, int[] textOfEntity, KnownFacts known, HashSet<int>? among)
    {
        var gold = scores[textOfEntity[query.Answer]];
        var (higher, same, best) = (0, 0, query.Answer);
        for (var entity = 0; entity < textOfEntity.Length; entity++)
        {
            if (among?.Contains(entity) == false)
                continue;
            var score = scores[textOfEntity[entity]];
            var isKnown = known.Contains(query.Entity, query.DirectedRelation, entity);
            if (!isKnown && score > scores[textOfEntity[best]])
                best = entity;
            if (isKnown && entity != query.Answer)
                continue;
            higher += score > gold ? 1 : 0;
            same += score == gold ? 1 : 0;
        }
        return new RankedQuery(query, new FilteredRank(1 + higher, higher + same), gold, best);
    }

    // Few entities have most of the facts, so that many answers of a query are known.
    private static SmallGraph Made(int entities, Random random)
    {
        return SmallGraph.Kalm()
            .With("entities.dict", Lines(entities, index => $"{index}\te{index}"))
            .With("entityId2text.dict", Lines(entities, index => $"{index}\tthing {index}"))
            .With("train.txt", Lines(3 * entities, _ => Fact())).With("valid.txt", Lines(entities, _ => Fact())).Without("test.txt");

        string Fact() => $"e{random.Next(Math.Min(entities, 4))}\t{(random.Next(2) == 0 ? "_has_part" : "_similar_to")}"
            + $"\te{random.Next(entities)}";

        static string Lines(int count, Func<int, string> line) =>
            string.Concat(Enumerable.Range(0, count).Select(index => line(index) + "\n"));
    }

    // Some are about known facts, some about others.
    private static CompletionQuery[] Queries(KnowledgeGraph graph, int count, Random random) =>
        [.. Enumerable.Range(0, count).Select(index =>
        {
            var triple = index % 2 == 0 ? graph.Train[random.Next(graph.Train.Count)] : new Triple(
                random.Next(graph.Entities.Count), random.Next(graph.RelationCount), random.Next(graph.Entities.Count));
            var side = (Side)random.Next(2);
            var row = graph.Row(triple, side);
            return new CompletionQuery(triple, side, row.Head, row.DirectedRelation, row.Tail, false);
        })];

    // Numbers of texts, by first appearance; every third entity or so has the text of an earlier one.
    private static int[] Texts(int entities, Random random)
    {
        var (texts, count) = (new int[entities], 0);
        for (var entity = 0; entity < entities; entity++)
            texts[entity] = count > 0 && random.Next(3) == 0 ? random.Next(count) : count++;
        return texts;
    }

    private static float[] Whole(int count, Random random) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)random.Next(-2, 3))];

    private static torch.Tensor Unit(int rows, int width, int seed)
    {
        var random = new Random(seed);
        var numbers = torch.tensor(Enumerable.Range(0, rows * width).Select(_ => random.NextSingle() - 0.5f).ToArray(), [rows, width]);
        return Kalm.Representation.Encoder.UnitLength(numbers);
    }
}
