using Kalm.Graph;
using Kalm.Language.Model;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Evaluation;

/// <summary>The rank of one query's answer.</summary>
/// <param name="Query">The query.</param>
/// <param name="Rank">Its filtered rank.</param>
/// <param name="GoldScore">The cosine of query and answer.</param>
/// <param name="BestCandidate">The highest-scoring entity that is not a known answer (it may be the answer itself).</param>
public sealed record RankedQuery(CompletionQuery Query, FilteredRank Rank, float GoldScore, int BestCandidate);

/// <summary>How far an evaluation has come.</summary>
/// <param name="Stage">What is being done, for people.</param>
/// <param name="Done">Items done.</param>
/// <param name="Total">Items in all.</param>
public sealed record EvaluationProgress(string Stage, int Done, int Total)
{
    /// <summary>Tokens encoded so far, where the items are texts; null elsewhere.</summary>
    public long? Tokens { get; init; }
}

/// <summary>Ranks the answers of completion queries among all entities by the cosine of their embeddings.</summary>
public static class CompletionEvaluation
{
    private const int QueryBlock = 256;

    /// <summary>Encodes every distinct entity text and query once, scores block by block, and counts.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="graph">The graph whose entities are the candidates.</param>
    /// <param name="texts">The graph's texts as this model sees them.</param>
    /// <param name="queries">What to rank.</param>
    /// <param name="known">The answers to leave out, by entity (the standard protocol).</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between blocks.</param>
    /// <exception cref="KalmException">A score is not finite.</exception>
    public static IReadOnlyList<RankedQuery> Rank(
        DecoderPool decoder, KnowledgeGraph graph, TextIndex texts, IReadOnlyList<CompletionQuery> queries, KnownFacts known,
        IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var queryTexts = queries.Select(query => texts.QueryText(query.Entity, query.DirectedRelation)).ToArray();
        var forest = new Forest(texts, Enumerable.Range(0, texts.Descriptions.Count), queryTexts);
        var rowProgress = Relay.Of(progress, "encoding", forest.Rows.Count);
        var vectors = Encoder.EncodeAll(decoder, forest.Rows, rowProgress, cancellation);
        Encoder.RequireFinite(vectors);
        var candidates = vectors.index_select(0, Indices(Enumerable.Range(0, texts.Descriptions.Count).Select(forest.EntityRead)));
        var counts = new float[texts.Descriptions.Count];
        foreach (var text in texts.EntityText)
            counts[text]++;

        var ranked = new RankedQuery[queries.Count];
        for (var start = 0; start < queries.Count; start += QueryBlock)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = Math.Min(QueryBlock, queries.Count - start);
            ScoreBlock(start, count);
            progress?.Report(new EvaluationProgress("ranking", start + count, queries.Count));
        }
        return ranked;

        void ScoreBlock(int start, int count)
        {
            using var blockScope = NewDisposeScope();
            var block = vectors.index_select(0, Indices(queryTexts.Skip(start).Take(count).Select(forest.QueryRead)));
            var scores = block.mm(candidates.t()).cpu().data<float>().ToArray();
            Parallel.For(0, count, index =>
            {
                var query = queries[start + index];
                var line = scores.AsSpan(index * counts.Length, counts.Length);
                var answers = known.Answers(query.Entity, query.DirectedRelation);
                ranked[start + index] = new RankedQuery(
                    query, FilteredRank.Of(line, counts, texts.EntityText, query.Answer, answers),
                    line[texts.EntityText[query.Answer]], Best(line, texts.EntityText, query.Answer, answers));
            });
        }

        Tensor Indices(IEnumerable<int> reads) => tensor(reads.Select(read => (long)read).ToArray(), device: vectors.device);
    }

    private static int Best(ReadOnlySpan<float> scores, ReadOnlySpan<int> textOfEntity, int gold, ReadOnlySpan<int> known)
    {
        var best = gold;
        var bestScore = scores[textOfEntity[gold]];
        for (var entity = 0; entity < textOfEntity.Length; entity++)
        {
            var score = scores[textOfEntity[entity]];
            if (score > bestScore && known.BinarySearch(entity) < 0)
                (best, bestScore) = (entity, score);
        }
        return best;
    }
}
