using Kalm.Graph;

namespace Kalm.Cli;

/// <summary>Finds the held-out split that an option names.</summary>
internal static class Splits
{
    /// <summary>The triples of a split, at least one.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="option">The option that names the split.</param>
    /// <param name="name">test or valid.</param>
    /// <exception cref="KalmException">The graph has no triples there.</exception>
    public static IReadOnlyList<Triple> NotEmpty(KnowledgeGraph graph, string option, string name)
    {
        var (split, other, otherName) = name == "valid" ? (graph.Valid, graph.Test, "test") : (graph.Test, graph.Valid, "valid");
        if (split.Count > 0)
            return split;
        throw new KalmException($"{option} {name}: {graph.Path} has no {name} triples; expected at least one"
            + (other.Count > 0 ? $"\nits {otherName} split has {other.Count:N0}: try {option} {otherName}"
                : "\na graph with train alone is divided by --split 0.8,0.1,0.1, as far as every entity and relation keeps a triple in "
                    + "train"));
    }
}
