namespace Kalm.Graph;

/// <summary>Ids and texts as a format gives them; what it lacks is null and filled in alike for all formats.</summary>
/// <param name="Entities">Ids and descriptions.</param>
/// <param name="Names">A name for each entity, or null.</param>
/// <param name="Relations">Ids and texts.</param>
/// <param name="InverseTexts">An inverse text for each relation, or null.</param>
internal sealed record GraphTexts(IdTable Entities, string?[] Names, IdTable Relations, string?[] InverseTexts)
{
    /// <summary>Puts a graph together, divided when the options say so; adds to the warnings.</summary>
    public KnowledgeGraph MakeGraph(string path, string format, GraphSplits splits, GraphOptions options, List<string> warnings)
    {
        if (options.Split is { } shares)
            (splits, format) = (splits.Divide(shares, options.Seed, path, warnings), $"{format}, split {shares} by seed {options.Seed}");
        return new KnowledgeGraph(this, MakeEntities(warnings), MakeRelations(), splits)
        {
            Path = path,
            Format = format,
            Warnings = warnings,
        };
    }

    private Entity[] MakeEntities(List<string> warnings)
    {
        var entities = new Entity[Entities.Count];
        var cut = 0;
        for (var index = 0; index < entities.Length; index++)
        {
            var description = Entities.Text(index);
            if (Names[index] is null)
                cut++;
            entities[index] = new Entity(Entities.Id(index), Names[index] ?? NameIn(description), description);
        }
        if (cut > 0)
            warnings.Add($"{Entities.TextsIn}: entities without a name of their own: {cut:N0}; " +
                "their text up to the first comma and space serves as their name");
        return entities;
    }

    private Relation[] MakeRelations()
    {
        var relations = new Relation[Relations.Count];
        for (var index = 0; index < relations.Length; index++)
        {
            var text = Relations.Text(index);
            relations[index] = new Relation(Relations.Id(index), text, InverseTexts[index] ?? Relation.DefaultInverse(text));
        }
        return relations;
    }

    private static string NameIn(string description)
    {
        var comma = description.IndexOf(", ", StringComparison.Ordinal);
        return comma > 0 ? description[..comma] : description;
    }
}
