namespace Kalm.Graph;

/// <summary>A layout of graph folders: how it is recognised, and how its texts are read.</summary>
/// <param name="Name">The layout in words.</param>
/// <param name="Required">The files without which it cannot be read; no two layouts share one.</param>
/// <param name="Splits">The names of its split files.</param>
/// <param name="ReadTexts">Reads ids and texts of a folder; adds to the warnings.</param>
internal sealed record FolderLayout(
    string Name, string[] Required, SplitFiles Splits, Func<string, List<string>, GraphTexts> ReadTexts);

/// <summary>Ids and texts as a layout gives them; what it lacks is null and filled in alike for all layouts.</summary>
/// <param name="Entities">Ids and descriptions.</param>
/// <param name="Names">A name for each entity, or null.</param>
/// <param name="Relations">Ids and texts.</param>
/// <param name="InverseTexts">An inverse text for each relation, or null.</param>
internal sealed record GraphTexts(IdTable Entities, string?[] Names, IdTable Relations, string?[] InverseTexts);

/// <summary>Reads a graph from a folder of any known layout.</summary>
internal static class GraphFolder
{
    private const int FilesShown = 12;

    private static readonly FolderLayout[] Layouts = [KalmFolder.Layout, KgBertFolder.Layout];

    public static KnowledgeGraph Read(string folder)
    {
        var warnings = new List<string>();
        var layout = Detect(folder, warnings);
        var texts = layout.ReadTexts(folder, warnings);
        var splits = GraphSplits.Read(folder, layout.Splits, texts.Entities, texts.Relations, warnings);
        texts.Entities.RequireEveryText();
        texts.Relations.RequireEveryText();
        return new KnowledgeGraph(texts, Entities(texts, warnings), Relations(texts), splits)
        {
            Path = folder,
            Format = layout.Name,
            Warnings = warnings,
        };
    }

    private static FolderLayout Detect(string folder, List<string> warnings)
    {
        var present = Array.ConvertAll(Layouts, layout => Present(folder, layout));
        var complete = Layouts.Where((layout, i) => present[i].Length == layout.Required.Length).ToArray();
        if (complete.Length > 1)
            throw new KalmException($"{folder}: ambiguous, it holds two graphs; expected one layout, found\n" +
                string.Join("\n", complete.Select(layout => $"{layout.Name}: {string.Join(", ", layout.Required)}")));
        if (complete.Length == 1)
        {
            for (var i = 0; i < Layouts.Length; i++)
                if (Layouts[i] != complete[0] && present[i].Length > 0)
                    warnings.Add($"{string.Join(", ", present[i])}: not read, the folder is taken for a {complete[0].Name}");
            return complete[0];
        }
        var started = Enumerable.Range(0, Layouts.Length).Where(i => present[i].Length > 0).ToArray();
        if (started.Length == 1)
        {
            var layout = Layouts[started[0]];
            throw new KalmException($"{string.Join(", ", layout.Required.Except(present[started[0]]))}: not found in {folder}; " +
                $"expected beside {string.Join(", ", present[started[0]])} ({layout.Name})");
        }
        throw new KalmException($"{folder}: not a graph folder; found {FilesOf(folder)}; expected one of\n" +
            string.Join("\n", Layouts.Select(layout => $"{layout.Name}: {string.Join(", ", layout.Required)}")));
    }

    private static string[] Present(string folder, FolderLayout layout) =>
        Array.FindAll(layout.Required, name => File.Exists(Path.Combine(folder, name)));

    private static string FilesOf(string folder)
    {
        var names = Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal).ToArray();
        if (names.Length == 0)
            return "no files";
        var more = names.Length > FilesShown ? $" and {names.Length - FilesShown} more" : "";
        return string.Join(", ", names.Take(FilesShown)) + more;
    }

    private static Entity[] Entities(GraphTexts texts, List<string> warnings)
    {
        var entities = new Entity[texts.Entities.Count];
        var cut = 0;
        for (var index = 0; index < entities.Length; index++)
        {
            var description = texts.Entities.Text(index);
            if (texts.Names[index] is null)
                cut++;
            entities[index] = new Entity(texts.Entities.Id(index), texts.Names[index] ?? NameIn(description), description);
        }
        if (cut > 0)
            warnings.Add($"{texts.Entities.TextsIn}: entities without a name of their own: {cut:N0}; " +
                "their text up to the first comma and space serves as their name");
        return entities;
    }

    private static string NameIn(string description)
    {
        var comma = description.IndexOf(", ", StringComparison.Ordinal);
        return comma > 0 ? description[..comma] : description;
    }

    private static Relation[] Relations(GraphTexts texts)
    {
        var relations = new Relation[texts.Relations.Count];
        for (var index = 0; index < relations.Length; index++)
        {
            var text = texts.Relations.Text(index);
            relations[index] = new Relation(texts.Relations.Id(index), text, texts.InverseTexts[index] ?? Relation.DefaultInverse(text));
        }
        return relations;
    }
}
