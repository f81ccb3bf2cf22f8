using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers.Records;

/// <summary>Finds head, relation and tail among the keys of records that need not all have the same.</summary>
/// <param name="graph">The options; takes how the keys were understood.</param>
/// <param name="file">The file, for messages.</param>
internal sealed class FactKeys(GraphBuilder graph, string file)
{
    private const int MostKept = 10_000;
    private readonly Dictionary<string, ColumnRole[]?> known = new(StringComparer.Ordinal);
    private readonly KeyUses uses = new(graph, file);
    private Dictionary<string, ColumnRole>? given;

    /// <summary>Whether a record so far had a key for the relation.</summary>
    public bool HasRelation { get; private set; }

    /// <summary>What each of the keys holds; null when they name no two ends.</summary>
    public ColumnRole[]? Roles(IReadOnlyList<string> keys)
    {
        var joined = string.Join('\n', keys);
        if (known.TryGetValue(joined, out var roles))
            return roles;
        roles = graph.Options.Columns is { } columns ? Given(columns, keys) : Heading.Roles(keys);
        if (known.Count < MostKept)
            known.Add(joined, roles);
        if (roles is not null)
        {
            HasRelation |= roles.Contains(ColumnRole.Relation);
            foreach (var (index, key) in keys.Index())
                uses.Tell(key, ColumnPlan.Words(roles[index], key));
        }
        return roles;
    }

    // What columns hold is said in the order of the first record's keys.
    private ColumnRole[]? Given(IReadOnlyList<string> columns, IReadOnlyList<string> keys)
    {
        if (given is null && keys.Count == columns.Count)
        {
            given = new Dictionary<string, ColumnRole>(StringComparer.Ordinal);
            foreach (var (key, role) in keys.Zip(ColumnPlan.Given(columns, true).Roles))
                given[key] = role;
        }
        if (given is not { } roles)
            return null;
        ColumnRole[] found = [.. keys.Select(key => roles.GetValueOrDefault(key, ColumnRole.Attribute))];
        return found.Contains(ColumnRole.Head) && found.Contains(ColumnRole.Tail) ? found : null;
    }
}
