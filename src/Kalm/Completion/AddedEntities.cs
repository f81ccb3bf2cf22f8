using Kalm.Graph;

namespace Kalm.Completion;

/// <summary>The entities that clients added to a graph, as they are kept: in <c>added-KEY.json</c> beside the index, KEY being the
/// beginning of the graph's texts fingerprint, so that they outlive a new model but belong to one graph.</summary>
/// <param name="Entities">In the order in which they came.</param>
public sealed record AddedEntities(IReadOnlyList<Entity> Entities)
{
    private const int KeyLength = 16;

    /// <summary>Where those of a graph are kept.</summary>
    public static string PathOf(string root, KnowledgeGraph graph) =>
        Path.Combine(root, $"added-{graph.TextsFingerprint()[..KeyLength]}.json");

    /// <summary>Reads them; none when the file is not there.</summary>
    /// <exception cref="KalmException">The file is not what this class writes.</exception>
    public static IReadOnlyList<Entity> Read(string path, KnowledgeGraph graph)
    {
        if (!File.Exists(path))
            return [];
        var added = Json.Read<AddedEntities>(path).Entities ?? throw new KalmException($"{path}: found no entities");
        var ids = graph.Entities.Select(entity => entity.Id).ToHashSet();
        foreach (var entity in added)
            if (entity is null || string.IsNullOrWhiteSpace(entity.Id)
                || string.IsNullOrWhiteSpace(entity.Description) || entity.Name is null || !ids.Add(entity.Id))
                throw new KalmException($"{path}: found an entity without id, name or description, or an id twice ('{entity?.Id}'); repair "
                    + "the file or remove it");
        return added;
    }

    /// <summary>Writes them, whole or not at all.</summary>
    public static void Write(string path, IReadOnlyList<Entity> entities) => Json.Write(path, new AddedEntities(entities));
}
