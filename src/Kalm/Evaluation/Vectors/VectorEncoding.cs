using Kalm.Distributed;
using Kalm.Language.Execution;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Evaluation.Vectors;

/// <summary>Encodes what a <see cref="VectorFile"/> lacks, a portion of texts at a time. Where portions end depends on the texts alone and
/// each is encoded by itself, so that the bytes are the same however often the work was interrupted, on one machine with one number of
/// threads. Ranks encode portions in turn, and the first writes them.</summary>
public static class VectorEncoding
{
    /// <summary>Tokens of a portion, those of its last text apart.</summary>
    internal const int PortionTokens = 1 << 16;

    /// <summary>Encodes the entity views of the distinct descriptions, in their order.</summary>
    /// <param name="file">Takes a row for each of <see cref="TextIndex.Descriptions"/>; null on other ranks than the first.</param>
    /// <param name="decoder">The model.</param>
    /// <param name="texts">The graph's texts as this model sees them.</param>
    /// <param name="progress">Told the texts done and the tokens of this call; may be null.</param>
    /// <param name="cancellation">Stops between blocks of a portion, which is lost then.</param>
    /// <param name="portionTokens">Tokens of a portion; must be the same for every call on one file.</param>
    /// <param name="ranks">Who shares the texts; null for this process alone.</param>
    /// <exception cref="KalmException">The vectors are not finite, or the file system refused.</exception>
    public static void Entities(
        VectorFile? file, DecoderPool decoder, TextIndex texts, IProgress<EvaluationProgress>? progress, CancellationToken cancellation,
        int portionTokens = PortionTokens, ICollectives? ranks = null) => Fill(
        file, texts.Descriptions.Count, decoder, "encoding", text => texts.Descriptions[text].Length,
        (start, count) => new Forest(texts, Enumerable.Range(start, count), []), portionTokens, ranks ?? Alone.Instance, progress,
        cancellation);

    /// <summary>Encodes queries as <see cref="Entities"/> does descriptions: a row for each of their numbers
    /// (<see cref="TextIndex.QueryText"/>), which ascend and are distinct.</summary>
    internal static void Queries(
        VectorFile? file, DecoderPool decoder, TextIndex texts, long[] queryTexts, IProgress<EvaluationProgress>? progress,
        CancellationToken cancellation, int portionTokens = PortionTokens, ICollectives? ranks = null) => Fill(
        file, queryTexts.Length, decoder, "encoding queries",
        query => texts.Descriptions[texts.EntityTextOf(queryTexts[query])].Length
            + texts.Relations[texts.RelationTextOf(queryTexts[query])].Length,
        (start, count) => new Forest(texts, [], queryTexts[start..(start + count)]), portionTokens, ranks ?? Alone.Instance, progress,
        cancellation);

    private static void Fill(
        VectorFile? file, int count, DecoderPool decoder, string stage, Func<int, int> lengthOf, Func<int, int, Forest> grow,
        int portionTokens, ICollectives ranks, IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        var (tokens, done) = (0L, ranks.FromFirst(() => file!.Done));
        Tell(done, tokens);
        while (done < count)
        {
            ranks.ThrowIfStopped(cancellation);
            var ends = Ends(done);
            var start = ranks.Rank == 0 ? done : ends[ranks.Rank - 1];
            // Trees grow in the order in which they are asked for, so the vectors come in the order of the texts.
            var forest = grow(start, ends[ranks.Rank] - start);
            var (length, before) = (forest.TokenCount, done);
            // What the others have done is told when all have; of a portion one's own part stands for all.
            var relay = new Relay(read => Tell(before + (int)((long)(ends[^1] - before) * read / length), tokens + read));
            using var own = forest.Rows.Count == 0
                ? zeros([0, decoder.Config.HiddenSize], ScalarType.Float32, decoder.Device)
                : Encoder.Encode(decoder, forest.Rows, relay, ranks.OwnStop(cancellation));
            Encoder.RequireFinite(own);
            using var vectors = ranks.Gather(own);
            file?.Append(vectors);
            tokens += (long)ranks.Totals(length)[0];
            done = ends[^1];
        }
        if (ranks.Count > 1)
            Tell(count, tokens);

        void Tell(int texts, long read) => progress?.Report(new EvaluationProgress(stage, texts, count) { Tokens = read });

        int[] Ends(int end)
        {
            var ends = new int[ranks.Count];
            for (var rank = 0; rank < ends.Length; rank++)
            {
                for (var portion = 0; end < count && portion < portionTokens; end++)
                    portion += lengthOf(end);
                ends[rank] = end;
            }
            return ends;
        }
    }
}
