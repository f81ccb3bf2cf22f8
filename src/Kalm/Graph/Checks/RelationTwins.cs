namespace Kalm.Graph.Checks;

/// <summary>Finds relations that say the same as another, forwards or backwards: what made FB15k and WN18 easy, since a test fact then
/// stands in train under the other's name.</summary>
internal static class RelationTwins
{
    private const double Mostly = 0.8;
    private const int Fewest = 5;

    /// <summary>Pairs of relations that link mostly the same entities.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="known">The facts of all splits.</param>
    /// <param name="isInverse">Whether the second links them the other way round.</param>
    /// <returns>Each pair once, in words, the most alike first.</returns>
    public static IReadOnlyList<string> Find(KnowledgeGraph graph, KnownFacts known, bool isInverse)
    {
        var sizes = new int[graph.RelationCount];
        var shared = new Dictionary<(int, int), int>();
        var (there, back) = (new List<int>(), new List<int>());
        for (var head = 0; head < graph.Entities.Count; head++)
        {
            var facts = known.FactsOf(head);
            var (tails, relations) = (facts.Tails.ToArray(), facts.Relations.ToArray());
            Array.Sort(tails, relations);
            for (var index = 0; index < tails.Length; index++)
            {
                var isThere = relations[index] < graph.RelationCount;
                if (isThere)
                    sizes[relations[index]]++;
                (isThere ? there : back).Add(isThere ? relations[index] : relations[index] - graph.RelationCount);
                if (index + 1 < tails.Length && tails[index + 1] == tails[index])
                    continue;
                foreach (var relation in there)
                    foreach (var other in isInverse ? back : there)
                        if (other > relation)
                            shared[(relation, other)] = shared.GetValueOrDefault((relation, other)) + 1;
                there.Clear();
                back.Clear();
            }
        }
        return [.. shared.Where(pair => pair.Value >= Fewest && Share(pair) >= Mostly).OrderByDescending(Share).ThenBy(pair => pair.Key)
            .Select(pair => $"{graph.Relations[pair.Key.Item1].Id} and {graph.Relations[pair.Key.Item2].Id}: {Share(pair):P0} of the "
                + "smaller's "
                + $"{Smaller(pair):N0} facts")];

        int Smaller(KeyValuePair<(int, int), int> pair) => Math.Min(sizes[pair.Key.Item1], sizes[pair.Key.Item2]);

        double Share(KeyValuePair<(int, int), int> pair) => (double)pair.Value / Smaller(pair);
    }
}
