using Kalm.Distributed;
using Kalm.Evaluation.Ranking;
using Kalm.Evaluation.Vectors;
using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Representation;

namespace Kalm.Evaluation;

/// <summary>The rank of one query's answer.</summary>
/// <param name="Query">What was asked, and the triple that it was made of.</param>
/// <param name="Rank">Its filtered rank.</param>
/// <param name="GoldScore">The cosine of query and answer.</param>
/// <param name="BestCandidate">The highest-scoring entity that is not a known answer (it may be the answer itself).</param>
public sealed record RankedQuery(CompletionQuery Query, FilteredRank Rank, float GoldScore, int BestCandidate)
{
    /// <summary>As many of the best candidates as were asked for, known answers left out, the first best; of equal ones those of the text
    /// that comes first in the graph. The answer is among them where its score is.</summary>
    public IReadOnlyList<ScoredEntity> Nearest { get; init; } = [];
}

/// <summary>A candidate.</summary>
/// <param name="Entity">Its number in the graph.</param>
/// <param name="Score">Its cosine to the query.</param>
public readonly record struct ScoredEntity(int Entity, float Score);

/// <summary>How far an evaluation has come.</summary>
/// <param name="Stage">What is being done, for people.</param>
/// <param name="Done">Items done.</param>
/// <param name="Total">Items in all.</param>
public sealed record EvaluationProgress(string Stage, int Done, int Total)
{
    /// <summary>Tokens encoded so far, where the items are texts; null elsewhere.</summary>
    public long? Tokens { get; init; }
}

/// <summary>Ranks the answers of completion queries among all entities by the cosine of their embeddings. Where several ranks share the
/// encoding, all make the same call; the first has the result, the others none.</summary>
public static class CompletionEvaluation
{
    private const int QueryPortion = 1 << 15;

    /// <summary>Encodes every distinct entity text and query once and counts, block by block, what scores as high as the
    /// answers.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="graph">The graph whose entities are the candidates.</param>
    /// <param name="texts">The graph's texts as this model sees them.</param>
    /// <param name="queries">What to rank.</param>
    /// <param name="known">The answers to leave out, by entity (the standard protocol).</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <param name="candidates">The entities to rank among, the answers among them; null for all.</param>
    /// <param name="depth">How many of the best candidates each ranked query comes with.</param>
    /// <param name="ranks">Who shares the encoding; null for this process alone.</param>
    /// <exception cref="KalmException">A vector is not finite.</exception>
    public static IReadOnlyList<RankedQuery> Rank(
        DecoderPool decoder, KnowledgeGraph graph, TextIndex texts, IReadOnlyList<CompletionQuery> queries, KnownFacts known,
        IProgress<EvaluationProgress>? progress, CancellationToken cancellation, IReadOnlyCollection<int>? candidates = null,
        int depth = 0, ICollectives? ranks = null)
    {
        ranks ??= Alone.Instance;
        using var encoded = EncodedTexts.WithEntities(decoder, texts, TextsOf(queries, texts), ranks, progress, cancellation);
        return !ranks.IsFirst() ? []
            : Rank(decoder, texts, encoded.Entities!, queries, encoded, known, candidates, depth, progress, cancellation);
    }

    /// <summary>Ranks likewise among entities whose vectors are there.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="graph">The graph whose entities are the candidates.</param>
    /// <param name="texts">The graph's texts as this model sees them.</param>
    /// <param name="entities">A row for each distinct entity text, of the same model; not owned; null on other ranks than the
    /// first.</param>
    /// <param name="queries">What to rank.</param>
    /// <param name="known">The answers to leave out, by entity.</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <param name="candidates">The entities to rank among, the answers among them; null for all.</param>
    /// <param name="depth">How many of the best candidates each ranked query comes with.</param>
    /// <param name="ranks">Who shares the encoding; null for this process alone.</param>
    /// <exception cref="KalmException">A vector is not finite, or the vectors are of other texts or of another model.</exception>
    public static IReadOnlyList<RankedQuery> Rank(
        DecoderPool decoder, KnowledgeGraph graph, TextIndex texts, IEntityVectors? entities, IReadOnlyList<CompletionQuery> queries,
        KnownFacts known, IProgress<EvaluationProgress>? progress, CancellationToken cancellation,
        IReadOnlyCollection<int>? candidates = null, int depth = 0, ICollectives? ranks = null)
    {
        if (entities is not null && (entities.Count != texts.Descriptions.Count || entities.Width != decoder.Config.HiddenSize))
            throw new KalmException($"{graph.Path}: found {entities.Count:N0} vectors of {entities.Width:N0} numbers; expected "
                + $"{texts.Descriptions.Count:N0}, one for each entity text, of {decoder.Config.HiddenSize:N0}");
        var ranked = new List<RankedQuery>(queries.Count);
        foreach (var portion in queries.Chunk(QueryPortion))
        {
            using var encoded = EncodedTexts.OfQueries(
                decoder, texts, TextsOf(portion, texts), ranks ?? Alone.Instance, progress, cancellation);
            if (entities is null)
                continue;
            ranked.AddRange(Rank(decoder, texts, entities, portion, encoded, known, candidates, depth, progress, cancellation));
        }
        return ranked;
    }

    /// <summary>Ranks among some entities and encodes no others, which a graph of millions makes worth it.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="texts">The graph's texts as this model sees them.</param>
    /// <param name="queries">What to rank.</param>
    /// <param name="known">The answers to leave out, by entity.</param>
    /// <param name="candidates">The entities to rank among, the answers among them.</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <param name="ranks">Who shares the encoding; null for this process alone.</param>
    /// <exception cref="KalmException">A vector is not finite.</exception>
    public static IReadOnlyList<RankedQuery> RankAmong(
        DecoderPool decoder, TextIndex texts, IReadOnlyList<CompletionQuery> queries, KnownFacts known,
        IReadOnlyCollection<int> candidates, IProgress<EvaluationProgress>? progress, CancellationToken cancellation,
        ICollectives? ranks = null)
    {
        ranks ??= Alone.Instance;
        int[] wanted = [.. candidates.Select(entity => texts.EntityText[entity]).Distinct().Order()];
        var rows = new int[texts.EntityText.Length];
        foreach (var entity in candidates)
            rows[entity] = Array.BinarySearch(wanted, texts.EntityText[entity]);
        using var entities = EncodedTexts.OfEntities(decoder, texts, wanted, ranks, progress, cancellation);
        using var encoded = EncodedTexts.OfQueries(decoder, texts, TextsOf(queries, texts), ranks, progress, cancellation);
        if (!ranks.IsFirst())
            return [];
        using var vectors = encoded.Queries(TextsOf(queries, texts));
        return new BlockRanking(entities, rows, known, decoder.WorkerCount, candidates: candidates)
            .Rank(queries, vectors, progress, cancellation);
    }

    private static RankedQuery[] Rank(
        DecoderPool decoder, TextIndex texts, IEntityVectors entities, IReadOnlyList<CompletionQuery> queries, EncodedTexts encoded,
        KnownFacts known, IReadOnlyCollection<int>? candidates, int depth, IProgress<EvaluationProgress>? progress,
        CancellationToken cancellation)
    {
        using var vectors = encoded.Queries(TextsOf(queries, texts));
        return new BlockRanking(entities, texts.EntityText, known, decoder.WorkerCount, candidates: candidates, depth: depth)
            .Rank(queries, vectors, progress, cancellation);
    }

    private static IEnumerable<long> TextsOf(IEnumerable<CompletionQuery> queries, TextIndex texts) =>
        queries.Select(query => texts.QueryText(query.Entity, query.DirectedRelation));
}
