using Kalm.Graph.Readers.Records;
using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers.Columnar;

/// <summary>What GraphRAG writes: entities by their titles, and relationships that a sentence describes in the place of a
/// relation.</summary>
internal sealed class GraphRagFolder : IGraphReader
{
    private const string Relation = "is related to";
    private const string Entities = "entities";
    private const string Relationships = "relationships";

    // Numbers that only join GraphRAG's own tables, and places in a drawing.
    private static readonly string[] Inner = ["id", "human_readable_id", "x", "y"];

    /// <inheritdoc/>
    public string Key => "graphrag";

    /// <inheritdoc/>
    public string Name => "output of GraphRAG";

    /// <inheritdoc/>
    public Recognition? Recognise(GraphFiles files, GraphOptions options)
    {
        var all = files.Files.Where(ParquetTable.Is).ToList();
        var isAsked = options.Format == Key;
        if (Find(all, files.IsSingle, Relationships, names => names is null ? isAsked : IsOfRelationships(names)) is not { } relationships)
            return null;
        all.Remove(relationships);
        // A damaged table of entities is taken too, so that the damage is told: the graph has no names without it.
        var entities = Find(all, false, Entities, names => names is null || IsOfEntities(names));
        return new Recognition(Certainty.Certain, entities is null ? [relationships] : [entities, relationships],
            $"{relationships.Shown}: source, target and description");
    }

    /// <inheritdoc/>
    public void Read(GraphFiles files, Recognition found, GraphBuilder graph)
    {
        var nodes = new DeclaredNodes(graph, found.Files[^1].Shown);
        if (found.Files.Count > 1)
            ReadEntities(found.Files[0], graph, nodes);
        ReadRelationships(found.Files[^1], graph, nodes);
        if (found.Files.Count > 1)
            nodes.Finish();
    }

    private static void ReadEntities(GraphFile file, GraphBuilder graph, DeclaredNodes nodes)
    {
        using var table = ParquetTable.Open(file);
        var (title, about, properties) = (TitleOf(table.Names), new NodeProperties(graph, file.Shown), new List<Property>());
        graph.Used(file.Shown, $"'{table.Names[title]}'", "id and name of the entity");
        TellLeftOut(table, file, graph);
        foreach (var (row, place) in table.Rows())
        {
            if (string.IsNullOrWhiteSpace(row[title]) || row[title].AsSpan().IndexOfAny('\t', '\r', '\n') >= 0)
            {
                graph.Bad(place, "no title on one line; expected the entity's title");
                continue;
            }
            properties.Clear();
            for (var column = 0; column < row.Length; column++)
                if (column != title && !Inner.Contains(table.Names[column]))
                    properties.Add(new Property(table.Names[column], row[column] ?? ""));
            var entity = graph.Entities.FindOrAdd(row[title], out _);
            nodes.Declare(entity, place);
            about.Set(entity, properties);
        }
        about.Finish();
    }

    private static void ReadRelationships(GraphFile file, GraphBuilder graph, DeclaredNodes nodes)
    {
        using var table = ParquetTable.Open(file);
        var roles = Heading.Roles(table.Names)!;
        TellLeftOut(table, file, graph);
        graph.Used(file.Shown, "(none)", $"relation: all facts are '{Relation}', each with its sentence as an attribute");
        var writer = new FactWriter(graph, file.Shown, "source and target");
        for (var column = 0; column < roles.Length; column++)
        {
            if (Inner.Contains(table.Names[column]))
                roles[column] = ColumnRole.Out;
            else if (roles[column] is not (ColumnRole.Head or ColumnRole.Tail))
                roles[column] = ColumnRole.Attribute;
            if (roles[column] != ColumnRole.Out)
                graph.Used(file.Shown, $"'{table.Names[column]}'", ColumnPlan.Words(roles[column], table.Names[column]));
        }
        foreach (var (row, place) in table.Rows())
        {
            writer.Begin();
            for (var column = 0; column < row.Length; column++)
                writer.Put(roles[column], table.Names[column], row[column] ?? "");
            if (writer.End(Split.Train, place, Relation) is not { } fact)
                continue;
            nodes.Name(fact.Head);
            nodes.Name(fact.Tail);
        }
        writer.Finish();
    }

    private static void TellLeftOut(ParquetTable table, GraphFile file, GraphBuilder graph)
    {
        foreach (var name in table.Names.Where(Inner.Contains).Concat(table.Nested))
            graph.Used(file.Shown, $"'{name}'", "left out");
    }

    // entities.parquet, or create_final_entities.parquet as older versions have it. Columns are null where the file is damaged.
    private static GraphFile? Find(
        IReadOnlyList<GraphFile> files, bool hasAnyName, string name, Func<IReadOnlyList<string>?, bool> fits) =>
        files.Where(file => (hasAnyName || file.Stem.EndsWith(name, StringComparison.Ordinal)) && fits(Names(file)))
            .MinBy(file => file.Name.Length);

    private static IReadOnlyList<string>? Names(GraphFile file)
    {
        try
        {
            using var table = ParquetTable.Open(file);
            return table.Names;
        }
        catch (KalmException)
        {
            return null;
        }
    }

    private static bool IsOfRelationships(IReadOnlyList<string> names) => names.Contains("source") && names.Contains("target")
        && names.Contains("description") && Heading.Roles(names)?.Contains(ColumnRole.Relation) == false;

    private static bool IsOfEntities(IReadOnlyList<string> names) => TitleOf(names) >= 0 && names.Contains("description");

    private static int TitleOf(IReadOnlyList<string> names)
    {
        foreach (var name in new[] { "title", "name" })
            for (var index = 0; index < names.Count; index++)
                if (names[index] == name)
                    return index;
        return -1;
    }
}
