using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Alignment;

/// <summary>The train facts in both directions, keyed by the texts that the model sees: whatever reads the same is the same fact, so text
/// twins and symmetric relations are covered.</summary>
public sealed class KnownTexts
{
    private readonly Dictionary<int, HashSet<int>> tails = [];
    private readonly int[] counts;
    private readonly int rows;

    /// <summary>Collects the train facts of a graph.</summary>
    public KnownTexts(KnowledgeGraph graph, TextIndex texts)
    {
        counts = new int[texts.Descriptions.Count];
        rows = 2 * graph.Train.Count;
        foreach (var triple in graph.Train)
        {
            Add(texts.QueryText(triple.Head, triple.Relation), texts.EntityText[triple.Tail]);
            Add(texts.QueryText(triple.Tail, triple.Relation + graph.RelationCount), texts.EntityText[triple.Head]);
        }
    }

    /// <summary>The texts of all known answers to a query text.</summary>
    public IReadOnlySet<int> Answers(int queryText) => tails.TryGetValue(queryText, out var known) ? known : Empty;

    /// <summary>How often a batch drawn at random has a row with that tail, at most once a row.</summary>
    /// <param name="tailText">The text's number.</param>
    /// <param name="batchRows">The rows of the batch.</param>
    public double ExpectedCount(int tailText, int batchRows) => (double)counts[tailText] * batchRows / rows;

    private static HashSet<int> Empty { get; } = [];

    private void Add(int query, int tail)
    {
        if (!tails.TryGetValue(query, out var known))
            tails.Add(query, known = []);
        known.Add(tail);
        counts[tail]++;
    }
}
