using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Alignment;

/// <summary>The train facts in both directions, keyed by the texts that the model sees: whatever reads the same is the same fact, so text
/// twins and symmetric relations are covered.</summary>
public sealed class KnownTexts
{
    private const int Halvings = 40;
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

    /// <summary>How likely each of some texts is among as many distinct tails of rows drawn at random.</summary>
    /// <param name="tailTexts">The texts' numbers.</param>
    public double[] Presence(IReadOnlyList<int> tailTexts)
    {
        var draws = Draws(tailTexts.Count);
        return [.. tailTexts.Select(text => -Expm1(-counts[text] * draws))];
    }

    // Among how many draws, in parts of all rows, so many distinct tails are expected.
    private double Draws(int distinct)
    {
        if (distinct >= counts.Count(count => count > 0))
            return double.PositiveInfinity;
        var alike = counts.Where(count => count > 0).CountBy(count => count).ToList();
        var (low, high) = (0.0, 1.0);
        while (Expected(high) < distinct)
            high *= 2;
        for (var half = 0; half < Halvings; half++)
        {
            var middle = (low + high) / 2;
            (low, high) = Expected(middle) < distinct ? (middle, high) : (low, middle);
        }
        return high;

        double Expected(double draws) => alike.Sum(item => -Expm1(-item.Key * draws) * item.Value);
    }

    // e^x - 1 without loss near 0.
    private static double Expm1(double x) => Math.Abs(x) < 1e-5 ? x + x * x / 2 : Math.Exp(x) - 1;
}
