namespace Kalm.Graph.Checks;

/// <summary>Finds relations that say the same as another, forwards or backwards: what made FB15k and WN18 easy, since a test fact then
/// stands in train under the other's name.</summary>
internal static class RelationTwins
{
    private const double Mostly = 0.8;
    private const int Fewest = 5;

    /// <summary>Pairs of relations that link mostly the same entities.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="all">The triples of all splits.</param>
    /// <param name="isInverse">Whether the second links them the other way round.</param>
    /// <returns>Each pair once, in words, the most alike first.</returns>
    public static IReadOnlyList<string> Find(KnowledgeGraph graph, IEnumerable<Triple> all, bool isInverse)
    {
        var byPair = new Dictionary<(int, int), List<int>>();
        var sizes = new int[graph.RelationCount];
        foreach (var triple in all.Distinct())
        {
            sizes[triple.Relation]++;
            if (!byPair.TryGetValue((triple.Head, triple.Tail), out var relations))
                byPair[(triple.Head, triple.Tail)] = relations = [];
            relations.Add(triple.Relation);
        }
        var shared = new Dictionary<(int, int), int>();
        foreach (var ((head, tail), relations) in byPair)
            if (byPair.TryGetValue(isInverse ? (tail, head) : (head, tail), out var others))
                foreach (var relation in relations)
                    foreach (var other in others.Where(other => other > relation))
                        shared[(relation, other)] = shared.GetValueOrDefault((relation, other)) + 1;
        return [.. shared.Where(pair => pair.Value >= Fewest && Share(pair) >= Mostly).OrderByDescending(Share).ThenBy(pair => pair.Key)
            .Select(pair => $"{graph.Relations[pair.Key.Item1].Id} and {graph.Relations[pair.Key.Item2].Id}: {Share(pair):P0} of the "
                + "smaller's "
                + $"{Smaller(pair):N0} facts")];

        int Smaller(KeyValuePair<(int, int), int> pair) => Math.Min(sizes[pair.Key.Item1], sizes[pair.Key.Item2]);

        double Share(KeyValuePair<(int, int), int> pair) => (double)pair.Value / Smaller(pair);
    }
}
