using System.Globalization;
using System.Text;
using Kalm.Files;
using Kalm.Graph;

namespace Kalm.Evaluation.Comparison;

/// <summary>The file of ranks that <c>evaluate completion --ranks</c> writes: tab-separated, a line a query below a heading.</summary>
public static class RanksFile
{
    private const string Leading = "head\trelation\ttail\tdirection\trank";
    private const string Heading = Leading + "\toptimistic\tpessimistic\tgold_score\tbest_candidate";
    private const int FieldsRead = 5;

    /// <summary>The text of the file.</summary>
    public static string Text(KnowledgeGraph graph, IEnumerable<RankedQuery> ranked)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(ranked);
        var table = new StringBuilder(Heading).Append('\n');
        foreach (var (query, rank, score, best) in ranked)
            table.Append(CultureInfo.InvariantCulture,
                $"{graph.Entities[query.Triple.Head].Id}\t{graph.Relations[query.Triple.Relation].Id}\t"
                + $"{graph.Entities[query.Triple.Tail].Id}\t")
                .Append(CultureInfo.InvariantCulture,
                $"{(query.Side == Side.Tail ? "tail" : "head")}\t{rank.Realistic}\t{rank.Optimistic}\t{rank.Pessimistic}\t"
                + $"{score:R}\t{graph.Entities[best].Id}\n");
        return table.ToString();
    }

    /// <summary>Reads a file; columns beyond the rank are passed over.</summary>
    /// <exception cref="KalmException">It cannot be read, or a line is none of ranks; the message names file and line.</exception>
    public static IReadOnlyList<QueryRank> Read(string path)
    {
        var ranks = new List<QueryRank>();
        try
        {
            foreach (var (index, line) in File.ReadLines(path).Index())
                if (index > 0)
                    ranks.Add(Parse(line) ?? throw new KalmException($"{path}({index + 1}): found {FileFault.Quote(line)}; expected "
                        + "head, relation, tail, direction (tail or head) and a rank of 1 or more, with tabs between them"));
                else if (line != Leading && !line.StartsWith(Leading + "\t", StringComparison.Ordinal))
                    throw new KalmException($"{path}(1): found {FileFault.Quote(line)}; expected a file of ranks as evaluate completion "
                        + $"--ranks writes it, which begins with {Leading.Replace('\t', ' ')}, with tabs between them");
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(path, "read the ranks", error);
        }
        return ranks.Count > 0 ? ranks : throw new KalmException($"{path}: found no ranks; expected a line for each query");
    }

    private static QueryRank? Parse(string line) => line.Split('\t') is { Length: >= FieldsRead } fields
        && fields[3] is "tail" or "head"
        && double.TryParse(fields[4], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rank) && rank >= 1
        ? new QueryRank(fields[0], fields[1], fields[2], fields[3] == "tail" ? Side.Tail : Side.Head, rank) : null;
}
