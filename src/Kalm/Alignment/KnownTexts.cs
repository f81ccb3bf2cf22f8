using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Alignment;

/// <summary>The train facts in both directions, keyed by the texts that the model sees: whatever reads the same is the same fact, so text
/// twins and symmetric relations are covered.</summary>
public sealed class KnownTexts
{
    // The answers of queries[i] lie at [starts[i], starts[i + 1]) of tails; queries and the answers of each are sorted.
    private readonly int[] queries;
    private readonly int[] starts;
    private readonly int[] tails;
    private readonly int[] counts;
    private readonly int rows;

    /// <summary>Collects the train facts of a graph.</summary>
    public KnownTexts(KnowledgeGraph graph, TextIndex texts)
    {
        rows = 2 * graph.Train.Count;
        counts = new int[texts.Descriptions.Count];
        var facts = new long[rows];
        for (var index = 0; index < graph.Train.Count; index++)
        {
            var triple = graph.Train[index];
            facts[2 * index] = Pack(texts.QueryText(triple.Head, triple.Relation), texts.EntityText[triple.Tail]);
            facts[2 * index + 1] = Pack(texts.QueryText(triple.Tail, triple.Relation + graph.RelationCount), texts.EntityText[triple.Head]);
        }
        Array.Sort(facts);
        var (distinct, places) = (new List<int>(), new List<int>());
        tails = new int[facts.Length];
        var count = 0;
        for (var index = 0; index < facts.Length; index++)
        {
            var (query, tail) = ((int)(facts[index] >> 32), (int)facts[index]);
            if (index > 0 && facts[index] == facts[index - 1])
                continue;
            counts[tail]++;
            if (distinct.Count == 0 || distinct[^1] != query)
            {
                distinct.Add(query);
                places.Add(count);
            }
            tails[count++] = tail;
        }
        (queries, starts) = ([.. distinct], [.. places, count]);
    }

    /// <summary>The texts of all known answers to a query text, ascending; empty when there is none.</summary>
    public ReadOnlySpan<int> Answers(int queryText)
    {
        var place = Array.BinarySearch(queries, queryText);
        return place < 0 ? [] : tails.AsSpan(starts[place]..starts[place + 1]);
    }

    /// <summary>How often a batch drawn at random has a row with that tail.</summary>
    /// <param name="tailText">The text's number.</param>
    /// <param name="batchRows">The rows of the batch.</param>
    public double ExpectedCount(int tailText, int batchRows) => (double)counts[tailText] * batchRows / rows;

    private static long Pack(int query, int tail) => ((long)query << 32) | (uint)tail;
}
