using Kalm.Graph;

namespace Kalm.Completion.Reranking;

/// <summary>A train fact, read from one of its entities.</summary>
/// <param name="DirectedRelation">The relation as that entity has it.</param>
/// <param name="Other">The other entity.</param>
public readonly record struct NeighbourFact(int DirectedRelation, int Other);

/// <summary>Chooses a few train facts of an entity: spread evenly over its relations, from a place that the seed decides.</summary>
/// <param name="graph">The graph.</param>
/// <param name="most">At most so many.</param>
/// <param name="seed">The seed.</param>
public sealed class Neighbourhood(KnowledgeGraph graph, int most, long seed)
{
    /// <summary>The facts.</summary>
    /// <param name="entity">The entity.</param>
    /// <param name="isHidden">Whether facts with another entity are left out.</param>
    /// <param name="turn">0 in use; in training the step, so that other facts are seen at another time.</param>
    /// <returns>Facts of different words, none with the entity itself.</returns>
    public IReadOnlyList<NeighbourFact> Of(int entity, Func<int, bool> isHidden, long turn = 0)
    {
        ArgumentNullException.ThrowIfNull(isHidden);
        var (relations, others) = graph.TrainFacts.FactsOf(entity);
        // What is hidden is gone before anything is chosen, so that not even the choice tells of it.
        var visible = Enumerable.Range(0, others.Length)
            .Select(place => new NeighbourFact(relations.Span[place], others.Span[place]))
            .Where(fact => fact.Other != entity && !isHidden(fact.Other)).ToList();
        var chosen = new List<NeighbourFact>(most);
        if (visible.Count == 0 || most == 0)
            return chosen;
        var (stride, start) = ((visible.Count + most - 1) / most, (int)(Mixed(entity, turn) % (ulong)visible.Count));
        for (var first = 0; first < stride; first++)
            for (var at = first; at < visible.Count && chosen.Count < most; at += stride)
                if (visible[(start + at) % visible.Count] is var fact && !chosen.Exists(earlier => AreSameWords(earlier, fact)))
                    chosen.Add(fact);
        return chosen;
    }

    private bool AreSameWords(NeighbourFact one, NeighbourFact other) => one.Other == other.Other
        && graph.DirectedRelationText(one.DirectedRelation) == graph.DirectedRelationText(other.DirectedRelation);

    // SplitMix64's last steps (Steele et al., 2014).
    private ulong Mixed(int entity, long turn)
    {
        var value = unchecked((ulong)seed * 0x9E3779B97F4A7C15 + (ulong)turn * 0xD1B54A32D192ED03 + (uint)entity);
        value = unchecked((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9);
        value = unchecked((value ^ (value >> 27)) * 0x94D049BB133111EB);
        return value ^ (value >> 31);
    }
}
