using Kalm.Distributed;
using Kalm.Language.Execution;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Evaluation.Vectors;

/// <summary>The vectors of some queries and, where they are asked for, of all entity texts. Owns them. Ranks encode portions in turn, and
/// all have all vectors in the end.</summary>
internal sealed class EncodedTexts : IDisposable
{
    private const int Portion = 4096;
    private readonly long[] queryTexts;
    private readonly Tensor queries;

    private EncodedTexts(long[] queryTexts, Tensor queries, Tensor? entities)
    {
        (this.queryTexts, this.queries) = (queryTexts, queries);
        Entities = entities is null ? null : new EntityVectorTensor(entities);
    }

    /// <summary>The entity texts' vectors; null where they were not asked for.</summary>
    public EntityVectorTensor? Entities { get; }

    /// <summary>Encodes queries and all entity texts, a portion at a time; a query with the entity text that it begins with, since both
    /// share its encoding.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="queryTexts">By <see cref="TextIndex.QueryText"/>; repeats are encoded once.</param>
    /// <param name="ranks">Who shares the texts.</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between blocks of rows.</param>
    /// <exception cref="KalmException">A vector is not finite.</exception>
    public static EncodedTexts WithEntities(
        DecoderPool decoder, TextIndex texts, IEnumerable<long> queryTexts, ICollectives ranks, IProgress<EvaluationProgress>? progress,
        CancellationToken cancellation)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var wanted = Distinct(queryTexts);
        var (queries, entities) = (Room(decoder, wanted.Length), Room(decoder, texts.Descriptions.Count));
        var relay = Relay.Of(progress, "encoding", texts.Descriptions.Count);
        var from = 0;
        InPortions(texts.Descriptions.Count, ranks, (start, end, isOwn) =>
        {
            var to = from;
            while (to < wanted.Length && texts.EntityTextOf(wanted[to]) < end)
                to++;
            if (isOwn)
                Encode(decoder, texts, [.. Enumerable.Range(start, end - start)], entities, start, wanted, from..to, queries,
                    (relay, start, end), ranks.OwnStop(cancellation));
            else
                relay?.Report(end);
            from = to;
        }, cancellation);
        ranks.Sum(queries);
        ranks.Sum(entities);
        return new EncodedTexts(wanted, queries.DetachFromDisposeScope(), entities.DetachFromDisposeScope());
    }

    /// <summary>Encodes queries alone.</summary>
    public static EncodedTexts OfQueries(
        DecoderPool decoder, TextIndex texts, IEnumerable<long> queryTexts, ICollectives ranks, IProgress<EvaluationProgress>? progress,
        CancellationToken cancellation)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var wanted = Distinct(queryTexts);
        var queries = Room(decoder, wanted.Length);
        var relay = Relay.Of(progress, "encoding queries", wanted.Length);
        InPortions(wanted.Length, ranks, (start, end, isOwn) =>
        {
            if (isOwn)
                Encode(decoder, texts, [], null, 0, wanted, start..end, queries, (relay, start, end), ranks.OwnStop(cancellation));
            else
                relay?.Report(end);
        }, cancellation);
        ranks.Sum(queries);
        return new EncodedTexts(wanted, queries.DetachFromDisposeScope(), null);
    }

    /// <summary>Encodes some entity texts alone.</summary>
    /// <returns>A row for each, in their order; the caller owns it.</returns>
    public static EntityVectorTensor OfEntities(
        DecoderPool decoder, TextIndex texts, int[] wanted, ICollectives ranks, IProgress<EvaluationProgress>? progress,
        CancellationToken cancellation)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var entities = Room(decoder, wanted.Length);
        var relay = Relay.Of(progress, "encoding", wanted.Length);
        InPortions(wanted.Length, ranks, (start, end, isOwn) =>
        {
            if (isOwn)
                Encode(decoder, texts, wanted[start..end], entities, start, [], ..0, null, (relay, start, end),
                    ranks.OwnStop(cancellation));
            else
                relay?.Report(end);
        }, cancellation);
        ranks.Sum(entities);
        return new EntityVectorTensor(entities.DetachFromDisposeScope());
    }

    private static void InPortions(int count, ICollectives ranks, Action<int, int, bool> encode, CancellationToken cancellation)
    {
        var portion = Shares.Portion(count, Portion, ranks.Count);
        for (var (start, turn) = (0, 0); start < count; start += portion, turn++)
        {
            if (turn % ranks.Count == 0)
                ranks.ThrowIfStopped(cancellation);
            encode(start, Math.Min(start + portion, count), turn % ranks.Count == ranks.Rank);
        }
    }

    /// <summary>The vectors of queries.</summary>
    /// <param name="wanted">Some of those that were encoded.</param>
    /// <returns>[queries, width]; the caller owns it.</returns>
    public Tensor Queries(IEnumerable<long> wanted)
    {
        using var rows = tensor(wanted.Select(query => (long)Array.BinarySearch(queryTexts, query)).ToArray(), device: queries.device);
        return queries.index_select(0, rows);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        queries.Dispose();
        Entities?.Dispose();
    }

    private static long[] Distinct(IEnumerable<long> queryTexts) => [.. queryTexts.Distinct().Order()];

    // Zeros, to which the ranks add what they encode.
    private static Tensor Room(DecoderPool decoder, int rows) =>
        zeros([rows, decoder.Config.HiddenSize], ScalarType.Float32, decoder.Device);

    private static void Encode(
        DecoderPool decoder, TextIndex texts, int[] own, Tensor? entities, int firstEntity, long[] queryTexts, Range wanted,
        Tensor? queries, (Relay? Relay, int Start, int End) told, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var firstQuery = wanted.Start.Value;
        var asked = queryTexts[wanted];
        var forest = new Forest(texts, own, asked);
        var vectors = Encoder.Encode(
            decoder, forest.Rows, told.Relay?.Within(told.Start, told.End, forest.TokenCount), cancellation);
        Encoder.RequireFinite(vectors);
        Put(entities, firstEntity, Array.ConvertAll(own, text => (long)forest.EntityRead(text)));
        Put(queries, firstQuery, Array.ConvertAll(asked, query => (long)forest.QueryRead(query)));

        void Put(Tensor? room, int first, long[] reads)
        {
            if (reads.Length > 0)
                room!.narrow(0, first, reads.Length).copy_(vectors.index_select(0, tensor(reads, device: vectors.device)));
        }
    }
}
