using Kalm.Graph.Checks;
using Kalm.Language.Execution;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Completion.Reranking;

/// <summary>Reads what tells candidates apart, on the model's thread.</summary>
/// <param name="judge">The trained model.</param>
/// <param name="verdict">[hidden]: the direction in which its states at a candidate's end are read. Not owned.</param>
/// <param name="trees">Puts queries into its words.</param>
/// <param name="aligned">The model whose embeddings ranked the candidates.</param>
/// <param name="wording">Its wording.</param>
/// <param name="temperature">Its temperature.</param>
public sealed class SignalReader(
    DecoderPool judge, Tensor verdict, VerdictTrees trees, DecoderPool aligned, Wording wording, double temperature)
{
    /// <summary>Tokens that a packed row of a tree holds.</summary>
    public const int RowTokens = 512;

    private readonly LeakedQueries mirrored = new(trees.Graph);

    /// <summary>Reads the signals of some queries together.</summary>
    /// <param name="requests">The queries.</param>
    /// <param name="weights">Signals of no weight are not computed and read 0; null computes all.</param>
    /// <exception cref="KalmException">A verdict or an embedding is not finite.</exception>
    public IReadOnlyList<RerankSignals> Of(IReadOnlyList<RerankRequest> requests, RerankWeights? weights = null)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var verdicts = weights?.Verdict == 0 ? Zeros(requests) : Verdicts(requests);
        var backward = weights?.Backward == 0 ? Zeros(requests) : Backward(requests);
        return [.. requests.Select((request, index) => new RerankSignals(
            [.. request.Cosines.Select(cosine => cosine / temperature)], verdicts[index], backward[index],
            [.. request.Candidates.Select(candidate => IsMirrored(request, candidate) ? 1.0 : 0)]))];
    }

    /// <summary>Verdicts alone.</summary>
    public IReadOnlyList<double[]> Verdicts(IReadOnlyList<RerankRequest> requests)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        using var states = judge.Read([.. requests.SelectMany(request => trees.Of(request).ToRows(RowTokens))]);
        var scores = states.mm(verdict.view(-1, 1));
        Encoder.RequireFinite(scores);
        return Cut(requests, scores.cpu().data<float>().ToArray());
    }

    private IReadOnlyList<double[]> Backward(IReadOnlyList<RerankRequest> requests)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var views = new List<ViewRequest>();
        foreach (var request in requests)
        {
            views.Add(new ViewRequest(wording.Description(request.Entity.Description), true, []));
            var inverse = wording.Relation(trees.Graph.DirectedRelationText(trees.Graph.InverseOf(request.DirectedRelation)));
            views.AddRange(request.Candidates.Select(candidate =>
                new ViewRequest(wording.Description(candidate.Description), false, [inverse])));
        }
        var forest = new ViewForest(wording, views);
        var vectors = Encoder.Encode(aligned, forest.Rows);
        Encoder.RequireFinite(vectors);
        var (values, width, next) = (vectors.cpu().data<float>().ToArray(), (int)vectors.shape[1], 0);
        return [.. requests.Select(request =>
        {
            var own = next++;
            return request.Candidates.Select(_ => EntityVectors.Dot(Row(own), Row(next++)) / temperature).ToArray();
        })];

        ReadOnlySpan<float> Row(int view) => values.AsSpan(forest.Reads(view)[0] * width, width);
    }

    private bool IsMirrored(RerankRequest request, QueryEntity candidate) => request.Entity.Entity is { } entity
        && candidate.Entity is { } other && mirrored.IsLeaked(entity, request.DirectedRelation, other);

    private static IReadOnlyList<double[]> Zeros(IReadOnlyList<RerankRequest> requests) =>
        [.. requests.Select(request => new double[request.Candidates.Count])];

    private static IReadOnlyList<double[]> Cut(IReadOnlyList<RerankRequest> requests, float[] values)
    {
        var at = 0;
        return [.. requests.Select(request => Array.ConvertAll(values[at..(at += request.Candidates.Count)], value => (double)value))];
    }
}
