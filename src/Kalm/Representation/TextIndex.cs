using System.Runtime.InteropServices;
using Kalm.Graph;

namespace Kalm.Representation;

/// <summary>The texts of a graph as the model sees them: encoded once, with equal texts under one number, because two entities with the
/// same encoded description (text twins) cannot be told apart, and a relation with the same text in both directions is symmetric.</summary>
public sealed class TextIndex
{
    private readonly List<int[]> descriptions = [];
    private readonly List<int[]> relations = [];

    /// <summary>Encodes every entity's description and every relation's two texts.</summary>
    public TextIndex(KnowledgeGraph graph, Wording wording)
    {
        Wording = wording;
        EntityText = Number(graph.Entities.Count, index => wording.Description(graph.Entities[index].Description), descriptions);
        RelationText = Number(2 * graph.RelationCount, index => wording.Relation(graph.DirectedRelationText(index)), relations);
        if ((long)descriptions.Count * relations.Count > int.MaxValue)
            throw new KalmException(
                $"{graph.Path}: {descriptions.Count:N0} entity texts with {relations.Count:N0} relation texts make more queries than can "
                    + $"be numbered; expected at most {int.MaxValue:N0}");
    }

    /// <summary>The wording behind the ids.</summary>
    public Wording Wording { get; }

    /// <summary>For each entity the number of its text.</summary>
    public int[] EntityText { get; }

    /// <summary>For each directed relation the number of its text.</summary>
    public int[] RelationText { get; }

    /// <summary>The ids of each distinct description.</summary>
    public IReadOnlyList<int[]> Descriptions => descriptions;

    /// <summary>The ids of each distinct relation text.</summary>
    public IReadOnlyList<int[]> Relations => relations;

    /// <summary>The number of the query (entity, directed relation): equal for equal query texts.</summary>
    public int QueryText(int entity, int directedRelation) => EntityText[entity] * relations.Count + RelationText[directedRelation];

    /// <summary>The ids of a query's parts.</summary>
    public (int[] Description, int[] Relation) QueryParts(int queryText)
    {
        var (entity, relation) = Math.DivRem(queryText, relations.Count);
        return (descriptions[entity], relations[relation]);
    }

    /// <summary>The number of the description in a query.</summary>
    public int EntityTextOf(int queryText) => queryText / relations.Count;

    /// <summary>The number of the relation text in a query.</summary>
    public int RelationTextOf(int queryText) => queryText % relations.Count;

    private static int[] Number(int count, Func<int, int[]> encode, List<int[]> distinct)
    {
        var numbers = new int[count];
        var known = new Dictionary<string, int>();
        for (var index = 0; index < count; index++)
        {
            var tokens = encode(index);
            // The ids themselves, as characters of a string, are an exact key with a ready hash.
            var key = new string(MemoryMarshal.Cast<int, char>(tokens));
            if (!known.TryGetValue(key, out var number))
            {
                number = distinct.Count;
                known.Add(key, number);
                distinct.Add(tokens);
            }
            numbers[index] = number;
        }
        return numbers;
    }
}
