using System.Runtime.InteropServices;
using Kalm.Evaluation.Vectors;
using Kalm.Graph;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Evaluation.Ranking;

/// <summary>How much is multiplied at once. A tile's scores of a block should stay in a core's cache: with eight times as many a product
/// takes up to twice as long.</summary>
/// <param name="Entities">Rows of entities a block.</param>
/// <param name="Queries">Queries a tile; a worker holds a tile's scores of a block.</param>
internal sealed record RankingBlocks(int Entities = 1024, int Queries = 512);

/// <summary>Ranks the answers of queries among all entities exactly, in memory that does not grow with queries times entities: a block of
/// entities meets a tile of queries, and what stays are counts. An answer's own score is that of the product which counts it.</summary>
internal sealed class BlockRanking
{
    private readonly IEntityVectors entities;
    private readonly KnownFacts known;
    private readonly TextEntities texts;
    private readonly RankingBlocks blocks;
    private readonly ParallelOptions parallel;
    private readonly int depth;

    /// <summary>Prepares the candidates.</summary>
    /// <param name="entities">Their vectors; not owned.</param>
    /// <param name="textOfEntity">For each entity the row of its text.</param>
    /// <param name="known">The answers to leave out.</param>
    /// <param name="workers">How many tiles are multiplied side by side.</param>
    /// <param name="blocks">How much is multiplied at once; null for the usual.</param>
    /// <param name="candidates">The entities to rank among, the answers among them; null for all.</param>
    /// <param name="depth">How many of the best candidates each ranked query comes with.</param>
    public BlockRanking(
        IEntityVectors entities, int[] textOfEntity, KnownFacts known, int workers, RankingBlocks? blocks = null,
        IReadOnlyCollection<int>? candidates = null, int depth = 0)
    {
        (this.entities, this.known, this.blocks, this.depth) = (entities, known, blocks ?? new RankingBlocks(), depth);
        texts = new TextEntities(textOfEntity, entities.Count, candidates);
        parallel = new ParallelOptions { MaxDegreeOfParallelism = workers };
    }

    /// <summary>Ranks.</summary>
    /// <param name="queries">The queries.</param>
    /// <param name="vectors">[queries, width], in their order.</param>
    /// <param name="progress">Told how many texts were met; may be null.</param>
    /// <param name="cancellation">Stops between blocks.</param>
    /// <exception cref="KalmException">A vector is not finite.</exception>
    public RankedQuery[] Rank(
        IReadOnlyList<CompletionQuery> queries, Tensor vectors, IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        if (queries.Count == 0)
            return [];
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Encoder.RequireFinite(vectors);
        // In the order of their answers, so that the answers in a block belong to few tiles.
        int[] order = [.. Enumerable.Range(0, queries.Count).OrderBy(index => texts.TextOfEntity[queries[index].Answer])];
        var tiles = vectors.index_select(0, tensor(Array.ConvertAll(order, index => (long)index), device: vectors.device));
        var golds = Array.ConvertAll(order, index => texts.TextOfEntity[queries[index].Answer]);
        var ranks = Ranks(order, queries);
        foreach (var start in Starts())
        {
            cancellation.ThrowIfCancellationRequested();
            var (first, last) = (SortedNumbers.FirstNotBelow(golds, start), SortedNumbers.FirstNotBelow(golds, start + blocks.Entities));
            if (first < last)
                ForTiles(tiles, start, first, last, (index, scores) =>
                {
                    if (index >= first && index < last)
                        ranks[index].GoldScore = scores[golds[index] - start];
                });
        }
        var relay = Relay.Of(progress, "ranking", entities.Count);
        foreach (var start in Starts())
        {
            cancellation.ThrowIfCancellationRequested();
            ForTiles(tiles, start, 0, queries.Count, (index, scores) => ranks[index].Take(scores, start));
            relay?.Report(Math.Min(start + blocks.Entities, entities.Count));
        }
        var ranked = new RankedQuery[queries.Count];
        for (var index = 0; index < order.Length; index++)
            ranked[order[index]] = ranks[index].Finish();
        return ranked;
    }

    private delegate void TakeScores(int query, Span<float> scores);

    private IEnumerable<int> Starts()
    {
        for (var start = 0; start < entities.Count; start += blocks.Entities)
            yield return start;
    }

    private RunningRank[] Ranks(int[] order, IReadOnlyList<CompletionQuery> queries)
    {
        var answers = new Dictionary<(int, int), int[]>();
        return Array.ConvertAll(order, index =>
        {
            var query = queries[index];
            if (!answers.TryGetValue((query.Entity, query.DirectedRelation), out var own))
                answers.Add((query.Entity, query.DirectedRelation),
                    own = RunningRank.TextsOf(known.Answers(query.Entity, query.DirectedRelation), texts));
            return new RunningRank(query, own, known, texts, depth);
        });
    }

    // Multiplies a block with the tiles that hold the queries from first up to last, always whole tiles: the same product is the same to
    // the last bit.
    private void ForTiles(Tensor queries, int start, int first, int last, TakeScores take)
    {
        using var scope = NewDisposeScope();
        var block = entities.Read(start, Math.Min(blocks.Entities, entities.Count - start));
        Encoder.RequireFinite(block);
        var candidates = block.to(queries.device).t();
        Parallel.For(first / blocks.Queries, (last + blocks.Queries - 1) / blocks.Queries, parallel, tile =>
        {
            using var noGradient = no_grad();
            using var inner = NewDisposeScope();
            var from = tile * blocks.Queries;
            var count = Math.Min(blocks.Queries, (int)queries.shape[0] - from);
            var product = queries.narrow(0, from, count).mm(candidates).cpu();
            var scores = MemoryMarshal.Cast<byte, float>(product.bytes);
            var width = scores.Length / count;
            for (var index = 0; index < count; index++)
                take(from + index, scores.Slice(index * width, width));
        });
    }
}
