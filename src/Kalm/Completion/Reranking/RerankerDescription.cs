using System.Text.Json.Nodes;

namespace Kalm.Completion.Reranking;

/// <summary>What a re-ranker carries beside its weights: <c>reranker.json</c> in its folder.</summary>
public sealed record RerankerDescription
{
    /// <summary>The file's name.</summary>
    public const string FileName = "reranker.json";

    /// <summary>The file of the direction in which states are read as verdicts: tensor <c>verdict</c> [hidden], F32.</summary>
    public const string VerdictName = "verdict.safetensors";

    /// <summary>The tensor in <see cref="VerdictName"/>.</summary>
    public const string TensorName = "verdict";

    /// <summary>What a verdict is given on.</summary>
    public required VerdictShape Shape { get; init; }

    /// <summary>How much each signal counts; zeros where nothing was gained on the validation split.</summary>
    public required RerankWeights Weights { get; init; }

    /// <summary>What was gained there.</summary>
    public required RerankGain Valid { get; init; }

    /// <summary>The run's vectors that it was trained to re-rank: <see cref="Evaluation.Vectors.VectorKey"/> of run and graph.</summary>
    public required string Vectors { get; init; }

    /// <summary>Steps taken.</summary>
    public int Steps { get; init; }

    /// <summary>Wall time of those steps, in seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>The options it was trained with.</summary>
    public JsonObject? Options { get; init; }

    /// <summary>Reads a description.</summary>
    /// <param name="folder">The re-ranker's folder.</param>
    /// <exception cref="KalmException">The file is missing or not sound.</exception>
    public static RerankerDescription Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        var found = Json.ReadOfAnyVersion<RerankerDescription>(path);
        if (found.Shape is not { Depth: > 0, TextTokens: > 0, Neighbours: >= 0, NeighbourTokens: > 0 })
            throw new KalmException($"{path}: found shape {found.Shape}; expected a depth and tokens above 0 and neighbours of 0 or more");
        if (found.Valid is null || found.Vectors is null)
            throw new KalmException(
                $"{path}: found no valid or no vectors; expected the figures on the validation split and the run's key");
        if (found.Weights is not { Verdict: >= 0, Backward: >= 0, Mirrored: >= 0 })
            throw new KalmException($"{path}: found weights {found.Weights}; expected numbers of 0 or more");
        return found;
    }
}
