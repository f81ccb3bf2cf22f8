using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Alignment;

/// <summary>The train facts in both directions, keyed by the texts that the model sees: whatever reads the same is the same fact, so text
/// twins and symmetric relations are covered.</summary>
public sealed class KnownTexts
{
    private readonly Dictionary<int, HashSet<int>> tails = [];

    /// <summary>Collects the train facts of a graph.</summary>
    public KnownTexts(KnowledgeGraph graph, TextIndex texts)
    {
        foreach (var triple in graph.Train)
        {
            Add(texts.QueryText(triple.Head, triple.Relation), texts.EntityText[triple.Tail]);
            Add(texts.QueryText(triple.Tail, triple.Relation + graph.RelationCount), texts.EntityText[triple.Head]);
        }
    }

    /// <summary>The texts of all known answers to a query text.</summary>
    public IReadOnlySet<int> Answers(int queryText) => tails.TryGetValue(queryText, out var known) ? known : Empty;

    private static HashSet<int> Empty { get; } = [];

    private void Add(int query, int tail)
    {
        if (!tails.TryGetValue(query, out var known))
            tails.Add(query, known = []);
        known.Add(tail);
    }
}
