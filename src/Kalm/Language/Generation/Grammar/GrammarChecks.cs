namespace Kalm.Language.Generation.Grammar;

/// <summary>Checks that a grammar with references can be written.</summary>
internal static class GrammarChecks
{
    /// <summary>Refuses references that lead to themselves without a byte between, and those whose texts can never end.</summary>
    /// <param name="start">The grammar.</param>
    /// <param name="references">Its references by name.</param>
    /// <exception cref="KalmException">There is one.</exception>
    public static void RequireEnd(GrammarNode start, IReadOnlyDictionary<string, ReferenceNode> references)
    {
        foreach (var (name, reference) in references)
            if (LeadsTo(reference.Target!, reference, []))
                throw new KalmException(
                    $"{name}: found a reference to itself with nothing around it; expected a value to be written first");
        var ending = new HashSet<GrammarNode>();
        // Each round finds at least one more reference that ends, or there is none.
        for (var before = -1; before < ending.Count;)
        {
            before = ending.Count;
            var known = new Dictionary<GrammarNode, bool>();
            ending.UnionWith(references.Values.Where(reference => Ends(reference.Target!, ending, known)).ToList());
        }
        foreach (var (name, reference) in references)
            if (!ending.Contains(reference))
                throw new KalmException($"{name}: found a value that requires another of itself without end; expected one that can end");
        if (!Ends(start, ending, []))
            throw new KalmException("#: found a value that requires another of itself without end; expected one that can end");
    }

    private static bool LeadsTo(GrammarNode node, ReferenceNode sought, HashSet<GrammarNode> seen) => node switch
    {
        ReferenceNode reference => reference == sought || (seen.Add(reference) && LeadsTo(reference.Target!, sought, seen)),
        ChoiceNode choice => Array.Exists(choice.Ways, way => LeadsTo(way, sought, seen)),
        // What is made of several parts begins with a bracket, a quote or a sign.
        _ => false,
    };

    private static bool Ends(GrammarNode node, HashSet<GrammarNode> ending, Dictionary<GrammarNode, bool> known)
    {
        if (node is ReferenceNode)
            return node == JsonGrammar.AnyValue || ending.Contains(node);
        // Parts are shared, so each is looked at once.
        if (known.TryGetValue(node, out var ends))
            return ends;
        return known[node] = node switch
        {
            ChoiceNode choice => Array.Exists(choice.Ways, way => Ends(way, ending, known)),
            SequenceNode sequence => Array.TrueForAll(sequence.Parts, part => Ends(part, ending, known)),
            RepeatNode repeat => repeat.Least == 0 || Ends(repeat.Part, ending, known),
            _ => true,
        };
    }
}
