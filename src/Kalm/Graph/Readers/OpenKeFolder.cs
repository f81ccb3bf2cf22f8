using Kalm.Graph.Readers.Tables;

namespace Kalm.Graph.Readers;

/// <summary>OpenKE's layout: ids with their numbers in entity2id.txt and relation2id.txt, splits of numbers in train2id.txt, valid2id.txt and
/// test2id.txt in the order head, tail, relation; each file begins with its count.</summary>
internal sealed class OpenKeFolder : IGraphReader
{
    private const string EntityIds = "entity2id.txt";
    private const string RelationIds = "relation2id.txt";
    private static readonly (string Name, Split Split)[] Splits =
        [("train2id.txt", Split.Train), ("valid2id.txt", Split.Valid), ("test2id.txt", Split.Test)];

    // What OpenKE's own script derives from the splits.
    private static readonly string[] Derived =
        ["1-1.txt", "1-n.txt", "n-1.txt", "n-n.txt", "test2id_all.txt", "type_constrain.txt"];

    /// <inheritdoc/>
    public string Key => "openke";

    /// <inheritdoc/>
    public string Name => "OpenKE folder";

    /// <inheritdoc/>
    public Recognition? Recognise(GraphFiles files, GraphOptions options)
    {
        if (files.IsSingle || !files.Holds(EntityIds, RelationIds, Splits[0].Name))
            return null;
        string[] names = [EntityIds, RelationIds, .. Splits.Select(split => split.Name)];
        return new Recognition(Certainty.Certain,
            [.. names.Select(files.Find).OfType<GraphFile>(), .. SideFiles.Of(files, "").Files.Where(file => !names.Contains(file.Name))],
            $"{EntityIds} and {Splits[0].Name}");
    }

    /// <inheritdoc/>
    public void Read(GraphFiles files, Recognition found, GraphBuilder graph)
    {
        foreach (var name in Derived.Where(name => files.Find(name) is not null))
            graph.Used(name, "(all)", "derived from the splits, not needed");
        var entities = IdMap.Read(files.Find(EntityIds)!, "entity", graph);
        var relations = IdMap.Read(files.Find(RelationIds)!, "relation", graph);
        Fill(graph.Entities, entities);
        Fill(graph.Relations, relations);
        foreach (var (name, split) in Splits)
            if (files.Find(name) is { } file)
                ReadSplit(file, split, entities, relations, graph);
        SideFiles.Of(files, "").ReadTexts(graph);
    }

    private static void Fill(IdTable table, IdMap map)
    {
        foreach (var (number, id) in map.Ids.Index())
            table.Add(id ?? throw new KalmException($"{map.File}: no {map.Kind} with the number {number}; expected one for each number"));
        table.ListedIn = map.File;
    }

    private static void ReadSplit(GraphFile file, Split split, IdMap entities, IdMap relations, GraphBuilder graph)
    {
        graph.Used(file.Shown, "1, 2, 3", "head, tail, relation, by their numbers");
        var (counted, rows) = (-1, 0);
        using var reader = new SeparatedReader(file, graph.Encoding, ' ', hasQuotes: false);
        while (reader.Read())
        {
            var place = new Place(file.Shown, reader.Line);
            if (reader.Count == 1 && rows == 0 && counted < 0 && int.TryParse(reader[0], out counted))
                continue;
            rows++;
            if (reader.Count != 3)
            {
                graph.Bad(place, $"{reader.Count} field{(reader.Count == 1 ? "" : "s")}; expected 3 numbers: head, tail, relation");
                continue;
            }
            var (head, tail, relation) = (reader[0], reader[1], reader[2]);
            if (entities.Map(ref head, graph, place) && entities.Map(ref tail, graph, place) && relations.Map(ref relation, graph, place))
                graph.Add(split, head, relation, tail, place);
        }
        if (counted >= 0 && counted != rows)
            graph.Warnings.Add($"{file.Shown}(1): counts {counted:N0} triples; found {rows:N0}");
        if (split == Split.Train && graph[split].Triples.Count == 0)
            throw file.Fault("no triples; expected lines of 3 numbers: head, tail, relation");
    }
}
