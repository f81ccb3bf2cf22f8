using Kalm.Graph;

namespace Kalm.Alignment;

/// <summary>An order of the train triples in neighbourhoods: random walks with restart over the triples that are left, low degree favoured,
/// so that entities repeat within a batch while every triple still comes once a pass (after SATKGC, arXiv 2407.12703).</summary>
internal sealed class NeighbourhoodOrder
{
    private const double Restart = 0.2;
    private readonly IReadOnlyList<Triple> triples;
    private readonly int[] firstPlace;
    private readonly int[] incident;

    /// <summary>Lists the triples of every entity.</summary>
    public NeighbourhoodOrder(KnowledgeGraph graph)
    {
        triples = graph.Train;
        firstPlace = new int[graph.Entities.Count + 1];
        foreach (var triple in triples)
            foreach (var end in Ends(triple))
                firstPlace[end + 1]++;
        for (var entity = 1; entity < firstPlace.Length; entity++)
            firstPlace[entity] += firstPlace[entity - 1];
        incident = new int[firstPlace[^1]];
        var next = firstPlace.ToArray();
        for (var index = 0; index < triples.Count; index++)
            foreach (var end in Ends(triples[index]))
                incident[next[end]++] = index;
    }

    /// <summary>Orders all triples, neighbourhood after neighbourhood.</summary>
    /// <param name="size">Triples of a neighbourhood; fewer where a walk finds no more.</param>
    /// <param name="random">Draws the walks.</param>
    /// <returns>Every triple's index once.</returns>
    public int[] Draw(int size, Random random)
    {
        var starts = Enumerable.Range(0, triples.Count).ToArray();
        random.Shuffle(starts);
        var left = incident.ToArray();
        var leftCount = Enumerable.Range(0, firstPlace.Length - 1).Select(Degree).ToArray();
        var isTaken = new bool[triples.Count];
        var order = new List<int>(triples.Count);
        foreach (var start in starts)
        {
            if (isTaken[start])
                continue;
            Take(start);
            var (home, at) = (triples[start].Head, triples[start].Tail);
            for (var count = 1; count < size; count++)
            {
                if (random.NextDouble() < Restart)
                    at = home;
                if (Step(at) is not { } step)
                {
                    // A dead end: the walk goes on from where it began, and ends when nothing is left there either.
                    at = home;
                    step = Step(at) ?? -1;
                    if (step < 0)
                        break;
                }
                Take(step);
                at = triples[step].Head == at ? triples[step].Tail : triples[step].Head;
            }
        }
        return [.. order];

        void Take(int triple)
        {
            isTaken[triple] = true;
            order.Add(triple);
        }

        // Of two triples the one whose other end has fewer.
        int? Step(int entity) => (Pick(entity), Pick(entity)) switch
        {
            ({ } one, { } other) => Degree(OtherEnd(one, entity)) <= Degree(OtherEnd(other, entity)) ? one : other,
            _ => null,
        };

        int? Pick(int entity)
        {
            while (leftCount[entity] > 0)
            {
                var place = firstPlace[entity] + random.Next(leftCount[entity]);
                var triple = left[place];
                if (!isTaken[triple])
                    return triple;
                left[place] = left[firstPlace[entity] + --leftCount[entity]];
            }
            return null;
        }
    }

    private int Degree(int entity) => firstPlace[entity + 1] - firstPlace[entity];

    private int OtherEnd(int triple, int entity) => triples[triple].Head == entity ? triples[triple].Tail : triples[triple].Head;

    private static int[] Ends(Triple triple) => triple.Head == triple.Tail ? [triple.Head] : [triple.Head, triple.Tail];
}
