using Kalm.Graph;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Completion;

/// <summary>The vectors of queries, encoded together.</summary>
internal static class QueryVectors
{
    /// <summary>Encodes without gradients, on the model's thread; queries of one entity share its encoding.</summary>
    /// <returns>[queries, width], unit length, in their order; of the caller's dispose scope.</returns>
    /// <exception cref="KalmException">A vector is not finite.</exception>
    public static Tensor Of(
        LoadedModel model, KnowledgeGraph graph, IReadOnlyList<(QueryEntity Entity, int DirectedRelation)> queries)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var forest = new ViewForest(model.Wording, [.. queries.Select(query => new ViewRequest(
            model.Wording.Description(query.Entity.Description), false,
            [model.Wording.Relation(graph.DirectedRelationText(query.DirectedRelation))]))]);
        var encoded = Encoder.Encode(model.Decoder, forest.Rows);
        Encoder.RequireFinite(encoded);
        var reads = queries.Select((_, index) => (long)forest.Reads(index)[0]).ToArray();
        return encoded.index_select(0, tensor(reads, device: encoded.device)).MoveToOuterDisposeScope();
    }
}
