namespace Kalm.Graph;

/// <summary>Finds what a person means by a few words: an entity by its id, its name or its description, a relation by its id or one of its
/// texts. What fits exactly goes before what fits but for case. Safe to use from several threads.</summary>
public sealed class GraphLookup : INumbered<string>
{
    private const int SensesShown = 3;
    private const int SenseLength = 80;
    private readonly KnowledgeGraph graph;

    // The first entity of each name; behind each the next of the same name, 0 for none.
    private readonly Lazy<(NumberTable<string> First, int[] Next)> names;
    private readonly Lazy<int[]> byId;

    /// <summary>Prepares the lookup of a graph.</summary>
    public GraphLookup(KnowledgeGraph graph)
    {
        this.graph = graph;
        byId = new(() =>
            [.. Enumerable.Range(0, graph.Entities.Count).OrderBy(entity => graph.Entities[entity].Id, StringComparer.Ordinal)]);
        names = new(ByName);
    }

    // Most questions tell ids.
    private (NumberTable<string> First, int[] Next) ByName()
    {
        var table = new NumberTable<string>(this);
        var next = new int[graph.Entities.Count];
        var last = new int[next.Length];
        for (var entity = 0; entity < next.Length; entity++)
        {
            var first = table.Find(graph.Entities[entity].Name);
            if (first < 0)
                table.Add(first = entity);
            else
                next[last[first]] = entity;
            last[first] = entity;
        }
        return (table, next);
    }

    /// <summary>The entity that the words mean; null when the graph holds none of that id, name or description.</summary>
    /// <param name="words">The words.</param>
    /// <param name="isMeant">Whether an entity may be meant; null for all.</param>
    /// <exception cref="KalmException">Several entities bear the name, or the words are blank.</exception>
    public int? Entity(string words, Func<int, bool>? isMeant = null)
    {
        if (string.IsNullOrWhiteSpace(words))
            throw new KalmException($"found '{words}'; expected the id of an entity, its name or a description");
        if (graph.TryEntityIndex(words, out var index) && isMeant?.Invoke(index) != false)
            return index;
        int[] senses = [.. Named(words).Where(entity => isMeant?.Invoke(entity) != false)];
        if (Array.FindAll(senses, sense => graph.Entities[sense].Name == words) is { Length: > 0 } exact)
            senses = exact;
        if (senses.Length > 1)
            throw new KalmException(Ambiguous(words, senses));
        if (senses.Length == 1)
            return senses[0];
        var described = graph.Entities.Index().FirstOrDefault(
            item => item.Item.Description == words && isMeant?.Invoke(item.Index) != false, (Index: -1, Item: null!)).Index;
        return described >= 0 ? described : null;
    }

    /// <summary>The entities by their ids in ordinal order.</summary>
    /// <param name="id">Those behind it; null for all.</param>
    public IEnumerable<int> IdsAfter(string? id)
    {
        var (low, high) = (0, id is null ? 0 : byId.Value.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (string.CompareOrdinal(graph.Entities[byId.Value[middle]].Id, id) <= 0)
                low = middle + 1;
            else
                high = middle;
        }
        return byId.Value.Skip(low);
    }

    /// <summary>The id or name that is nearly the words; null when none is.</summary>
    public string? NearestEntity(string words) =>
        Suggestion.Nearest(words, graph.Entities.Select(entity => entity.Id).Concat(graph.Entities.Select(entity => entity.Name)));

    /// <summary>The directed relation that the words mean: r for a relation's id or text, r + R for its inverse text.</summary>
    /// <exception cref="KalmException">The graph has no such relation.</exception>
    public int DirectedRelation(string words)
    {
        foreach (var comparison in new[] { StringComparison.Ordinal, StringComparison.OrdinalIgnoreCase })
        {
            for (var relation = 0; relation < graph.RelationCount; relation++)
                if (graph.Relations[relation].Id.Equals(words, comparison))
                    return relation;
            for (var directed = 0; directed < 2 * graph.RelationCount; directed++)
                if (graph.DirectedRelationText(directed).Equals(words, comparison))
                    return directed;
        }
        var texts = Enumerable.Range(0, 2 * graph.RelationCount).Select(graph.DirectedRelationText);
        throw new KalmException($"unknown relation '{words}'; "
            + (Suggestion.Nearest(words, graph.Relations.Select(relation => relation.Id).Concat(texts)) is { } nearest
                ? $"did you mean '{nearest}'?"
                : $"expected the id or a text of one of the graph's {graph.RelationCount:N0}, such as {Examples()}"));
    }

    int INumbered<string>.HashOf(string key) => StringComparer.OrdinalIgnoreCase.GetHashCode(key);

    int INumbered<string>.HashOf(int number) => StringComparer.OrdinalIgnoreCase.GetHashCode(graph.Entities[number].Name);

    bool INumbered<string>.Is(int number, string key) => graph.Entities[number].Name.Equals(key, StringComparison.OrdinalIgnoreCase);

    private IEnumerable<int> Named(string name)
    {
        var (first, next) = names.Value;
        for (var entity = first.Find(name); entity >= 0; entity = next[entity] == 0 ? -1 : next[entity])
            yield return entity;
    }

    private string Examples() =>
        string.Join(", ", graph.Relations.Take(SensesShown).Select(relation => $"'{relation.Id}' ({relation.Text})"));

    private string Ambiguous(string words, int[] senses)
    {
        var more = senses.Length > SensesShown ? $"\nand {senses.Length - SensesShown:N0} more" : "";
        return $"{senses.Length:N0} entities bear the name '{words}'; expected the id of one of them:\n"
            + string.Join('\n', senses.Take(SensesShown).Select(Describe)) + more;
    }

    private string Describe(int entity)
    {
        var (id, _, description) = graph.Entities[entity];
        return $"  {id}: {(description.Length <= SenseLength ? description : string.Concat(description.AsSpan(0, SenseLength), "..."))}";
    }
}
