using Kalm.Graph;

namespace Kalm.Completion;

/// <summary>The file in which earlier versions kept the entities that clients added: <c>added-KEY.json</c>, the whole of it written each
/// time. It is read once, into the log of changes.</summary>
/// <param name="Entities">In the order in which they came.</param>
internal sealed record AddedEntities(IReadOnlyList<Entity> Entities)
{
    /// <summary>Where those of a graph lie.</summary>
    public static string PathOf(string root, string key) => Path.Combine(root, $"added-{key}.json");

    /// <summary>Reads them.</summary>
    /// <exception cref="KalmException">The file is not what those versions wrote.</exception>
    public static IReadOnlyList<Entity> Read(string path, KnowledgeGraph graph)
    {
        var added = Json.Read<AddedEntities>(path).Entities ?? throw new KalmException($"{path}: found no entities");
        var ids = graph.Entities.Select(entity => entity.Id).ToHashSet();
        foreach (var entity in added)
            if (entity is null || string.IsNullOrWhiteSpace(entity.Id)
                || string.IsNullOrWhiteSpace(entity.Description) || entity.Name is null || !ids.Add(entity.Id))
                throw new KalmException($"{path}: found an entity without id, name or description, or an id twice ('{entity?.Id}'); repair "
                    + "the file or remove it");
        return added;
    }
}
