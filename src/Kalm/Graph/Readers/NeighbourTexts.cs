namespace Kalm.Graph.Readers;

/// <summary>Describes entities that have no description by some of their train facts. Such a fact is not asked about in training: its
/// answer stands in the question's text, and what is learned from it would be to read, not to know.</summary>
internal sealed class NeighbourTexts
{
    private readonly IReadOnlyList<Triple> train;
    private readonly bool[] isInText;
    private readonly List<int>?[] facts;
    private readonly int[] entityUses;
    private readonly int[] relationUses;
    private readonly int most;

    /// <summary>Chooses the facts, at random by the seed. Of each entity's and each relation's facts at least half stay to be asked
    /// about.</summary>
    /// <param name="entities">The entities; one whose description is its name has none.</param>
    /// <param name="relations">The number of relations.</param>
    /// <param name="train">The train split.</param>
    /// <param name="most">At most so many facts describe an entity.</param>
    /// <param name="seed">Decides which.</param>
    public NeighbourTexts(IReadOnlyList<Entity> entities, int relations, IReadOnlyList<Triple> train, int most, long seed)
    {
        (this.train, this.most, isInText) = (train, most, new bool[train.Count]);
        facts = [.. entities.Select(entity => entity.Description == entity.Name ? new List<int>() : null)];
        (entityUses, relationUses) = (new int[entities.Count], new int[relations]);
        foreach (var fact in train)
            Count(fact);
        var (ofEntity, ofRelation) = (Half(entityUses), Half(relationUses));
        var order = Enumerable.Range(0, train.Count).ToArray();
        new Random(unchecked((int)(seed ^ (seed >> 32)))).Shuffle(order);
        foreach (var place in order)
        {
            var fact = train[place];
            if (fact.Head == fact.Tail || !(HasRoom(fact.Head) || HasRoom(fact.Tail)) || entityUses[fact.Head] <= ofEntity[fact.Head]
                || entityUses[fact.Tail] <= ofEntity[fact.Tail] || relationUses[fact.Relation] <= ofRelation[fact.Relation])
                continue;
            isInText[place] = true;
            (entityUses[fact.Head], entityUses[fact.Tail]) = (entityUses[fact.Head] - 1, entityUses[fact.Tail] - 1);
            relationUses[fact.Relation]--;
            foreach (var end in new[] { fact.Head, fact.Tail })
                if (HasRoom(end))
                    facts[end]!.Add(place);
        }
    }

    /// <summary>How many facts stand in texts.</summary>
    public int InTexts => isInText.Count(isIn => isIn);

    /// <summary>How many entities are described by facts.</summary>
    public int Described => facts.Count(own => own?.Count > 0);

    /// <summary>The train triples to be asked about, in their order.</summary>
    public Triple[] Asked() => [.. train.Where((_, place) => !isInText[place])];

    /// <summary>Puts the facts behind the entities' names.</summary>
    public void Describe(Entity[] entities, IReadOnlyList<Relation> relations)
    {
        string[] names = [.. entities.Select(entity => entity.Name)];
        for (var entity = 0; entity < entities.Length; entity++)
            if (facts[entity] is { Count: > 0 } own)
                entities[entity] = entities[entity] with
                {
                    Description = $"{names[entity]}, " + string.Join(", ", own.Select(place => train[place]).Select(fact =>
                        fact.Head == entity ? $"{relations[fact.Relation].Text} {names[fact.Tail]}"
                            : $"{relations[fact.Relation].InverseText} {names[fact.Head]}")),
                };
    }

    private bool HasRoom(int entity) => facts[entity] is { } own && own.Count < most;

    private void Count(Triple fact)
    {
        entityUses[fact.Head]++;
        entityUses[fact.Tail]++;
        relationUses[fact.Relation]++;
    }

    private static int[] Half(int[] uses) => Array.ConvertAll(uses, count => (count + 1) / 2);
}
