using Kalm.Language.Execution;
using Kalm.Representation;

namespace Kalm.Evaluation.Vectors;

/// <summary>Encodes what a <see cref="VectorFile"/> lacks, a portion of texts at a time. Where portions end depends on the texts alone and
/// each is encoded by itself, so that the bytes are the same however often the work was interrupted, on one machine with one number of
/// threads.</summary>
public static class VectorEncoding
{
    /// <summary>Tokens of a portion, those of its last text apart.</summary>
    internal const int PortionTokens = 1 << 16;

    /// <summary>Encodes the entity views of the distinct descriptions, in their order.</summary>
    /// <param name="file">Takes a row for each of <see cref="TextIndex.Descriptions"/>.</param>
    /// <param name="decoder">The model.</param>
    /// <param name="texts">The graph's texts as this model sees them.</param>
    /// <param name="progress">Told the texts done and the tokens of this call; may be null.</param>
    /// <param name="cancellation">Stops between blocks of a portion, which is lost then.</param>
    /// <param name="portionTokens">Tokens of a portion; must be the same for every call on one file.</param>
    /// <exception cref="KalmException">The vectors are not finite, or the file system refused.</exception>
    public static void Entities(
        VectorFile file, DecoderPool decoder, TextIndex texts, IProgress<EvaluationProgress>? progress, CancellationToken cancellation,
        int portionTokens = PortionTokens) => Fill(
        file, decoder, "encoding", text => texts.Descriptions[text].Length,
        (start, count) => new Forest(texts, Enumerable.Range(start, count), []), portionTokens, progress, cancellation);

    /// <summary>Encodes queries as <see cref="Entities"/> does descriptions: a row for each of their numbers
    /// (<see cref="TextIndex.QueryText"/>), which ascend and are distinct.</summary>
    internal static void Queries(
        VectorFile file, DecoderPool decoder, TextIndex texts, long[] queryTexts, IProgress<EvaluationProgress>? progress,
        CancellationToken cancellation, int portionTokens = PortionTokens) => Fill(
        file, decoder, "encoding queries",
        query => texts.Descriptions[texts.EntityTextOf(queryTexts[query])].Length
            + texts.Relations[texts.RelationTextOf(queryTexts[query])].Length,
        (start, count) => new Forest(texts, [], queryTexts[start..(start + count)]), portionTokens, progress, cancellation);

    private static void Fill(
        VectorFile file, DecoderPool decoder, string stage, Func<int, int> lengthOf, Func<int, int, Forest> grow, int portionTokens,
        IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        var tokens = 0L;
        Tell(file.Done, tokens);
        while (!file.IsComplete)
        {
            var end = file.Done;
            for (var portion = 0; end < file.Count && portion < portionTokens; end++)
                portion += lengthOf(end);
            // Trees grow in the order in which they are asked for, so the vectors come in the order of the texts.
            var forest = grow(file.Done, end - file.Done);
            var (before, texts, length) = (file.Done, end - file.Done, forest.TokenCount);
            using var vectors = Encoder.Encode(
                decoder, forest.Rows,
                new Relay(read => Tell(before + (int)((long)texts * read / length), tokens + read)), cancellation);
            Encoder.RequireFinite(vectors);
            file.Append(vectors);
            tokens += length;
        }

        void Tell(int done, long read) => progress?.Report(new EvaluationProgress(stage, done, file.Count) { Tokens = read });
    }
}
