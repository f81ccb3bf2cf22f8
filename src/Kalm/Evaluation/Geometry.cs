using System.Text.Json.Nodes;
using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Evaluation;

/// <summary>How a model's embeddings lie on the unit sphere.</summary>
/// <remarks>Alignment (with squared distances) and uniformity (with t = 2) are those of Wang and Isola, arXiv 2005.10242; anisotropy is
/// Ethayarajh's, arXiv 1909.00512.</remarks>
/// <param name="Pairs">Random pairs of distinct entity texts, drawn with the seed; 0 when the graph has a single text.</param>
/// <param name="Anisotropy">Their mean cosine: near 1 when all embeddings point the same way; null without pairs.</param>
/// <param name="Uniformity">log mean exp(-2 d^2) over the same pairs, d their distance: 0 when all coincide, lower is more even; null
/// without pairs.</param>
/// <param name="PositivePairs">Queries with their answers: two a triple.</param>
/// <param name="Alignment">The mean squared distance of a query and its answer; null without triples.</param>
public sealed record Geometry(int Pairs, double? Anisotropy, double? Uniformity, int PositivePairs, double? Alignment)
{
    private const int Block = 8192;

    /// <summary>Encodes what the measures need, each distinct text once, and computes them.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="texts">The graph's texts as this model sees them.</param>
    /// <param name="triples">The triples whose two queries and answers are the positive pairs.</param>
    /// <param name="pairs">How many random pairs to draw.</param>
    /// <param name="seed">Decides the draw.</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <exception cref="KalmException">An embedding is not finite.</exception>
    public static Geometry Measure(
        DecoderPool decoder, KnowledgeGraph graph, TextIndex texts, IReadOnlyList<Triple> triples, int pairs, long seed,
        IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var drawn = Draw(texts.Descriptions.Count, pairs, seed);
        var rows = graph.Rows(triples).ToList();
        var positive = rows.ConvertAll(row => (Query: texts.QueryText(row.Head, row.DirectedRelation), Answer: texts.EntityText[row.Tail]));
        var forest = new Forest(
            texts, drawn.SelectMany(pair => new[] { pair.Left, pair.Right }).Concat(positive.Select(pair => pair.Answer)),
            positive.Select(pair => pair.Query));
        if (forest.Rows.Count == 0)
            return new Geometry(0, null, null, 0, null);
        var vectors = Encoder.Encode(decoder, forest.Rows, Relay.Of(progress, "encoding", forest.TokenCount), cancellation);
        Encoder.RequireFinite(vectors);
        var random = Cosines(vectors, drawn.ConvertAll(pair => (forest.EntityRead(pair.Left), forest.EntityRead(pair.Right))));
        var answered = Cosines(vectors, positive.ConvertAll(pair => (forest.QueryRead(pair.Query), forest.EntityRead(pair.Answer))));
        // Between unit vectors d^2 = 2 - 2 cos.
        return new Geometry(
            random.Count, Mean(random, cosine => cosine),
            Mean(random, cosine => Math.Exp(-2 * (2 - 2 * cosine))) is { } mean ? Math.Log(mean) : null,
            answered.Count, Mean(answered, cosine => 2 - 2 * cosine));
    }

    /// <summary>The cosines among some entities, [row, column] in their order.</summary>
    public static double[,] Similarities(DecoderPool decoder, TextIndex texts, IReadOnlyList<int> entities)
    {
        using var scope = NewDisposeScope();
        var forest = new Forest(texts, entities.Select(entity => texts.EntityText[entity]), []);
        var reads = tensor(entities.Select(entity => (long)forest.EntityRead(texts.EntityText[entity])).ToArray());
        var vectors = Encoder.Encode(decoder, forest.Rows).cpu().index_select(0, reads);
        var products = vectors.mm(vectors.t()).contiguous().data<float>().ToArray();
        var cosines = new double[entities.Count, entities.Count];
        for (var index = 0; index < products.Length; index++)
            cosines[index / entities.Count, index % entities.Count] = products[index];
        return cosines;
    }

    /// <summary>The measures as JSON, without the facts about model and graph that the caller adds.</summary>
    public JsonObject ToJson() => new()
    {
        ["pairs"] = Pairs,
        ["anisotropy"] = Anisotropy,
        ["uniformity"] = Uniformity,
        ["positive_pairs"] = PositivePairs,
        ["alignment"] = Alignment,
    };

    private static List<(int Left, int Right)> Draw(int texts, int pairs, long seed)
    {
        if (texts < 2)
            return [];
        var random = new Random(unchecked((int)(seed ^ (seed >> 32))));
        return [.. Enumerable.Range(0, pairs).Select(_ =>
        {
            var left = random.Next(texts);
            var right = random.Next(texts - 1);
            return (left, right < left ? right : right + 1);
        })];
    }

    private static List<double> Cosines(Tensor vectors, List<(int Left, int Right)> reads)
    {
        var cosines = new List<double>(reads.Count);
        foreach (var block in reads.Chunk(Block))
        {
            using var scope = NewDisposeScope();
            var left = vectors.index_select(0, tensor(block.Select(pair => (long)pair.Left).ToArray(), device: vectors.device));
            var right = vectors.index_select(0, tensor(block.Select(pair => (long)pair.Right).ToArray(), device: vectors.device));
            cosines.AddRange((left * right).sum(1).to(ScalarType.Float64).cpu().data<double>().ToArray());
        }
        return cosines;
    }

    private static double? Mean(List<double> values, Func<double, double> of) => values.Count == 0 ? null : values.Average(of);
}
