using Kalm.Evaluation.Vectors;
using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Completion;

/// <summary>Names the index of a model over a graph: SHA-256 over what decides the vectors and the calibration (triples,
/// types).</summary>
public static class IndexKey
{
    // Raised when the content of an index changes.
    private const string Format = "kalm index 4";

    /// <summary>The key, in hexadecimal.</summary>
    public static string Of(OpenedModel model, KnowledgeGraph graph) =>
        VectorKey.Of([
            Format, VectorKey.Of(model, graph), graph.Fingerprint(),
            .. GraphFingerprint.OfTypes(graph) is { } types ? new[] { types } : [],
        ]);
}
