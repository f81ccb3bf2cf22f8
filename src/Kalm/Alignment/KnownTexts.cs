using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Alignment;

/// <summary>The train facts in both directions, keyed by the texts that the model sees: whatever reads the same is the same fact, so text
/// twins and symmetric relations are covered.</summary>
public sealed class KnownTexts
{
    private readonly TextIndex texts;
    private readonly AnswerTable facts;
    private readonly int[] counts;
    private readonly long rows;

    /// <summary>Collects the train facts of a graph.</summary>
    public KnownTexts(KnowledgeGraph graph, TextIndex texts)
    {
        this.texts = texts;
        rows = 2L * graph.Train.Count;
        facts = new AnswerTable(texts.Descriptions.Count, graph.Rows(graph.Train).Select(row => new DirectedRow(
            texts.EntityText[row.Head], texts.RelationText[row.DirectedRelation], texts.EntityText[row.Tail])));
        counts = new int[texts.Descriptions.Count];
        foreach (var tail in facts.All)
            counts[tail]++;
    }

    /// <summary>The texts of all known answers to a query text, ascending; empty when there is none.</summary>
    public ReadOnlySpan<int> Answers(long queryText) => facts.Of(texts.EntityTextOf(queryText), texts.RelationTextOf(queryText));

    /// <summary>How often a batch drawn at random has a row with that tail.</summary>
    /// <param name="tailText">The text's number.</param>
    /// <param name="batchRows">The rows of the batch.</param>
    public double ExpectedCount(int tailText, int batchRows) => (double)counts[tailText] * batchRows / rows;
}
