using Kalm.Graph.Readers.Rdf;

namespace Kalm.Tests.Graph.Readers.Rdf;

/// <summary>Whether two sets of statements are the same but for the labels of blank nodes.</summary>
internal static class RdfIsomorphism
{
    /// <summary>What sets them apart, in words; null where they are the same.</summary>
    public static string? Difference(IReadOnlyList<StoredStatement> expected, IReadOnlyList<StoredStatement> found)
    {
        var left = Distinct(expected);
        var right = Distinct(found);
        if (left.Count != right.Count)
            return $"{right.Count} statements instead of {left.Count}: {string.Join(" | ", right)} instead of {string.Join(" | ", left)}";
        var (leftNodes, rightNodes) = (Coloured(left), Coloured(right));
        return Match(left, right, [.. leftNodes.Keys], leftNodes, rightNodes, [])
            ? null : $"{string.Join(" | ", right)} instead of {string.Join(" | ", left)}";
    }

    private static HashSet<StoredStatement> Distinct(IEnumerable<StoredStatement> statements) =>
        [.. statements.Select(item => item with
        {
            Line = 0,
            Object = item.Object with { Language = item.Object.Language.ToLowerInvariant() },
        })];

    // Nodes are told apart by what is said of them, of their neighbours, and so on; those that look alike are tried.
    private static bool Match(
        HashSet<StoredStatement> left, HashSet<StoredStatement> right, string[] open, Dictionary<string, string> leftColours,
        Dictionary<string, string> rightColours, Dictionary<string, string> chosen)
    {
        if (chosen.Count == open.Length)
            return left.All(statement => right.Contains(Renamed(statement, node => chosen[node])));
        var node = open[chosen.Count];
        foreach (var (candidate, colour) in rightColours)
        {
            if (colour != leftColours[node] || chosen.ContainsValue(candidate))
                continue;
            chosen[node] = candidate;
            if (Match(left, right, open, leftColours, rightColours, chosen))
                return true;
            chosen.Remove(node);
        }
        return false;
    }

    private static Dictionary<string, string> Coloured(HashSet<StoredStatement> statements)
    {
        var nodes = statements.SelectMany(BlankNodes).Distinct().ToList();
        var colours = nodes.ToDictionary(node => node, _ => "");
        for (var round = 0; round < 4; round++)
            colours = nodes.ToDictionary(node => node, node => Hash(string.Join('\n', statements
                .Where(statement => BlankNodes(statement).Contains(node))
                .Select(statement => Renamed(statement, other => other == node ? "this" : "#" + colours[other]).ToString())
                .Order(StringComparer.Ordinal))));
        return colours;
    }

    private static string Hash(string text) =>
        Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));

    private static IEnumerable<string> BlankNodes(StoredStatement statement) =>
        new[] { statement.Subject, statement.Object, statement.Graph }.OfType<StoredTerm>().SelectMany(BlankNodes);

    private static IEnumerable<string> BlankNodes(StoredTerm term) => term.Kind switch
    {
        TermKind.Blank => [term.Value],
        TermKind.Triple => BlankNodes(term.Triple!.Subject).Concat(BlankNodes(term.Triple.Object)),
        _ => [],
    };

    private static StoredStatement Renamed(StoredStatement statement, Func<string, string> name) => statement with
    {
        Subject = Renamed(statement.Subject, name),
        Object = Renamed(statement.Object, name),
        Graph = statement.Graph is null ? null : Renamed(statement.Graph, name),
    };

    private static StoredTerm Renamed(StoredTerm term, Func<string, string> name) => term.Kind switch
    {
        TermKind.Blank => StoredTerm.Blank(name(term.Value)),
        TermKind.Triple => StoredTerm.Quoted(
            Renamed(term.Triple!.Subject, name), term.Triple.Predicate, Renamed(term.Triple.Object, name)),
        _ => term,
    };
}
