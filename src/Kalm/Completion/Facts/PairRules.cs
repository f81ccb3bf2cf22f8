using Kalm.Graph;

namespace Kalm.Completion.Facts;

/// <summary>Which relation comes with which between the same two entities, counted in train: of the pairs that one joins, the share that
/// another joins too (the confidence of a rule of length one, AMIE, WWW 2013). Symmetry and inverse relations are such rules.</summary>
public sealed class PairRules
{
    // Added to the pairs, so that one pair proves nothing.
    private const double Doubt = 2;
    private readonly KnowledgeGraph graph;
    private readonly Dictionary<(int Body, int Head), double> confidences = [];

    /// <summary>Counts the train facts of a graph.</summary>
    public PairRules(KnowledgeGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        this.graph = graph;
        var (pairs, both) = (new long[2 * graph.RelationCount], new Dictionary<(int, int), int>());
        for (var entity = 0; entity < graph.Entities.Count; entity++)
        {
            var (relations, tails) = graph.TrainFacts.FactsOf(entity);
            foreach (var relation in relations.Span)
                pairs[relation]++;
            var (between, order) = (relations.ToArray(), tails.ToArray());
            Array.Sort(order, between);
            for (int from = 0, to; from < order.Length; from = to)
            {
                for (to = from + 1; to < order.Length && order[to] == order[from];)
                    to++;
                for (var body = from; body < to && to - from > 1; body++)
                    for (var head = from; head < to; head++)
                        if (head != body)
                            both[(between[body], between[head])] = both.GetValueOrDefault((between[body], between[head])) + 1;
            }
        }
        foreach (var ((body, head), count) in both)
            confidences[(body, head)] = count / (pairs[body] + Doubt);
    }

    /// <summary>The train fact between two entities that speaks most for another.</summary>
    /// <param name="head">The head.</param>
    /// <param name="relation">The relation asked about, r or r + R; its own fact does not count.</param>
    /// <param name="tail">The tail.</param>
    /// <returns>The directed relation of that fact and the rule's confidence, 0 where none comes with the relation; null where train holds
    /// no fact between the two.</returns>
    public (int DirectedRelation, double Confidence)? Best(int head, int relation, int tail)
    {
        var (relations, tails) = graph.TrainFacts.FactsOf(head);
        (int, double Confidence)? best = null;
        for (var place = 0; place < tails.Length; place++)
            if (tails.Span[place] == tail && relations.Span[place] is var held && held != relation)
            {
                var confidence = confidences.GetValueOrDefault((held, relation));
                if (best is not { } found || confidence > found.Confidence)
                    best = (held, confidence);
            }
        return best;
    }
}
