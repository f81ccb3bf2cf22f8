using System.Globalization;

namespace Kalm.Graph.Writers;

/// <summary>The formats in which proposed facts are written; each can be read in again as a graph.</summary>
public static class EdgeFormats
{
    private static readonly Dictionary<string, (string Ending, Action<TextWriter, EdgeSource, IEnumerable<ScoredEdge>> Write)> Single =
        new()
    {
        ["tsv"] = (".tsv", TableEdges.Write),
        ["jsonl"] = (".jsonl", JsonEdges.Write),
        ["ntriples"] = (".nt", RdfEdges.WriteNTriples),
        ["turtle"] = (".ttl", RdfEdges.WriteTurtle),
        ["cypher"] = (".cypher", CypherEdges.Write),
    };

    /// <summary>What --as takes.</summary>
    public static IReadOnlyList<string> Keys => [.. Single.Keys, Neo4jEdges.Key];

    /// <summary>The format that a path's ending tells; null where it tells none.</summary>
    public static string? Of(string path) => Single
        .FirstOrDefault(format => path.EndsWith(format.Value.Ending, StringComparison.OrdinalIgnoreCase)).Key
        ?? (Path.GetExtension(path).Length == 0 ? Neo4jEdges.Key : null);

    /// <summary>Whether a format is a folder of files.</summary>
    public static bool IsFolder(string key) => key == Neo4jEdges.Key;

    /// <summary>Writes facts to one file.</summary>
    /// <param name="key">A format that is one file.</param>
    /// <param name="stream">Takes UTF-8.</param>
    /// <param name="source">Graph and model.</param>
    /// <param name="edges">The facts.</param>
    public static void Write(string key, Stream stream, EdgeSource source, IEnumerable<ScoredEdge> edges)
    {
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        Single[key].Write(writer, source, edges);
    }

    /// <summary>A number as every format writes it; null as what stands there for none.</summary>
    internal static string Number(double? value, string none = "") => value?.ToString("R", CultureInfo.InvariantCulture) ?? none;
}
