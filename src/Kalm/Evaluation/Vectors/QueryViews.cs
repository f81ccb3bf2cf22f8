using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Evaluation.Vectors;

/// <summary>The two queries of every triple, the tail side first, and the distinct texts that they have.</summary>
internal sealed class QueryViews
{
    private readonly long[] textOf;

    /// <summary>Numbers the queries.</summary>
    public QueryViews(KnowledgeGraph graph, TextIndex texts, IReadOnlyList<Triple> triples)
    {
        All = [.. triples.SelectMany(triple => new[] { (triple, Side.Tail), (triple, Side.Head) })];
        textOf = Array.ConvertAll(All, query =>
        {
            var row = graph.Row(query.Triple, query.Side);
            return texts.QueryText(row.Head, row.DirectedRelation);
        });
        Texts = [.. textOf.Distinct().Order()];
    }

    /// <summary>The queries.</summary>
    public (Triple Triple, Side Side)[] All { get; }

    /// <summary>The distinct queries by <see cref="TextIndex.QueryText"/>, ascending, so that those of one description are
    /// together.</summary>
    public long[] Texts { get; }

    /// <summary>Which of <see cref="Texts"/> a query has.</summary>
    public int VectorOf(int query) => Array.BinarySearch(Texts, textOf[query]);
}
