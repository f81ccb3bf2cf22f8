using System.Collections.Immutable;
using Kalm.Graph;

namespace Kalm.Completion;

/// <summary>What changes have made of a graph's entities and facts. Immutable.</summary>
/// <param name="Graph">The graph, which stays as it is.</param>
/// <param name="Number">The number of the last change; 0 for none.</param>
/// <param name="Added">The entities behind the graph's, by their numbers; those that are gone keep their place for a while.</param>
/// <param name="AddedIds">The numbers of those that are there.</param>
/// <param name="Edited">The graph's entities that bear another name or text.</param>
/// <param name="Hidden">The numbers of all that are gone.</param>
/// <param name="Free">The numbers of added ones that are gone, and since which change.</param>
/// <param name="Reviewed">What was said of facts.</param>
internal sealed record CatalogState(
    KnowledgeGraph Graph, long Number, ImmutableList<Entity> Added, ImmutableDictionary<string, int> AddedIds,
    ImmutableDictionary<int, Entity> Edited, ImmutableHashSet<int> Hidden, ImmutableQueue<(int Number, long Since)> Free,
    ReviewedFacts Reviewed)
{
    // A number is given again when nobody can still mean by it what is gone. All who read the log count alike.
    private const long ChangesUntilReuse = 4096;

    /// <summary>Before any change.</summary>
    public static CatalogState Of(KnowledgeGraph graph) => new(graph, 0, [], ImmutableDictionary<string, int>.Empty,
        ImmutableDictionary<int, Entity>.Empty, [], [], ReviewedFacts.None(graph));

    /// <summary>An entity by its number.</summary>
    public Entity this[int number] => number >= Graph.Entities.Count ? Added[number - Graph.Entities.Count]
        : Edited.TryGetValue(number, out var edited) ? edited : Graph.Entities[number];

    /// <summary>The number of an id, also of the graph's that is hidden; null when there is none.</summary>
    public int? NumberOf(string id) =>
        Graph.TryEntityIndex(id, out var index) ? index : AddedIds.TryGetValue(id, out var number) ? number : null;

    /// <summary>After one more change.</summary>
    /// <param name="change">The change.</param>
    /// <param name="touched">Gains the number of the entity whose text or presence is another now.</param>
    /// <exception cref="KalmException">It does not fit what is there.</exception>
    public CatalogState With(Change change, ISet<int> touched) => Changed(change, touched) with { Number = change.Number };

    private CatalogState Changed(Change change, ISet<int> touched) => change.Kind switch
    {
        ChangeKind.EntityAdded => WithAdded(change, touched),
        ChangeKind.EntityEdited => WithEdited(change, touched),
        ChangeKind.EntityDeleted => WithoutEntity(change, touched),
        ChangeKind.FactAccepted => WithReviewed(change, isAccepted: true),
        ChangeKind.FactRejected => WithReviewed(change, isAccepted: false),
        ChangeKind.FactDeleted => this with
        {
            Reviewed = Reviewed.Without(Reviewed.Of(change.Fact ?? 0)
                ?? throw new KalmException($"found no reviewed fact {change.Fact} to be deleted")),
        },
        _ => throw new KalmException($"found the kind {change.Kind}; expected one that this version knows"),
    };

    private CatalogState WithAdded(Change change, ISet<int> touched)
    {
        var entity = new Entity(Told(change.Id, "id"), Told(change.Name, "name"), Told(change.Text, "text"));
        if (NumberOf(entity.Id) is not null)
            throw new KalmException($"found the entity '{entity.Id}' to be added; expected an id that is not there");
        var isReused = !Free.IsEmpty && Free.Peek().Since + ChangesUntilReuse <= change.Number;
        var number = isReused ? Free.Peek().Number : Graph.Entities.Count + Added.Count;
        touched.Add(number);
        return this with
        {
            Added = isReused ? Added.SetItem(number - Graph.Entities.Count, entity) : Added.Add(entity),
            AddedIds = AddedIds.Add(entity.Id, number), Hidden = Hidden.Remove(number), Free = isReused ? Free.Dequeue() : Free,
        };
    }

    private CatalogState WithEdited(Change change, ISet<int> touched)
    {
        var number = NumberOf(Told(change.Id, "id")) ?? throw new KalmException($"found no entity '{change.Id}' to be edited");
        var edited = this[number] with { Name = Told(change.Name, "name"), Description = Told(change.Text, "text") };
        touched.Add(number);
        return number >= Graph.Entities.Count
            ? this with { Added = Added.SetItem(number - Graph.Entities.Count, edited) }
            : this with
            {
                Edited = edited == Graph.Entities[number] ? Edited.Remove(number) : Edited.SetItem(number, edited),
                Hidden = Hidden.Remove(number),
            };
    }

    private CatalogState WithoutEntity(Change change, ISet<int> touched)
    {
        var number = Present(change.Id, "entity to be deleted");
        touched.Add(number);
        var hidden = this with { Hidden = Hidden.Add(number) };
        return number < Graph.Entities.Count ? hidden : hidden with
        {
            AddedIds = AddedIds.Remove(change.Id!), Free = Free.Enqueue((number, change.Number)),
            Reviewed = Reviewed.With(number).Aggregate(Reviewed, (facts, fact) => facts.Without(fact)),
        };
    }

    private CatalogState WithReviewed(Change change, bool isAccepted)
    {
        var fact = new Triple(
            Present(change.Head, "head"), Graph.RelationIndex(Told(change.Relation, "relation")), Present(change.Tail, "tail"));
        return Reviewed.Of(fact.Head, fact.Relation, fact.Tail) is { } other
            ? throw new KalmException($"found a fact that the change {other.Number} reviewed already")
            : this with { Reviewed = Reviewed.With(new ReviewedFact(change.Number, change.Time, isAccepted, fact)) };
    }

    private int Present(string? id, string what) => NumberOf(Told(id, what)) is { } number && !Hidden.Contains(number)
        ? number : throw new KalmException($"{what}: found no entity '{id}'");

    private static string Told(string? text, string what) =>
        string.IsNullOrWhiteSpace(text) ? throw new KalmException($"{what}: found none; expected a text") : text;
}
