using Kalm.Files;
using Kalm.Graph;

namespace Kalm.Alignment;

/// <summary>The graph that a run learned from: of run.json, which tells much else, only that.</summary>
/// <param name="Path">Where it lay.</param>
/// <param name="Fingerprint">As <see cref="KnowledgeGraph.Fingerprint"/> gave it.</param>
/// <param name="Options">How it was read; null when it was taken as it stood.</param>
public sealed record RunGraph(string Path, string Fingerprint, GraphOptions? Options)
{
    /// <summary>Reads it from a run.json, which another version may have written.</summary>
    /// <exception cref="KalmException">The file cannot be read, or does not tell.</exception>
    public static RunGraph Read(string file)
    {
        var fields = JsonFields.Load(file);
        return new RunGraph(
            fields.Text("graph") ?? throw fields.Fault("graph", "where the graph lay"),
            fields.Object("hashes")?.Text("graph") ?? throw fields.Fault("hashes", "an object with that of the graph"),
            fields.Value("graph_options") is { } options ? Json.OfAnyVersion<GraphOptions>(file, options) : null);
    }
}
