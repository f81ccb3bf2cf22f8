namespace Kalm.Graph;

/// <summary>A layout of graph folders: how it is recognised, and how its texts are read.</summary>
/// <param name="Name">The layout in words.</param>
/// <param name="Required">The files without which it cannot be read; no two layouts share one.</param>
/// <param name="Splits">The names of its split files.</param>
/// <param name="ReadTexts">Reads ids and texts of a folder; adds to the warnings.</param>
internal sealed record FolderLayout(
    string Name, string[] Required, SplitFiles Splits, Func<string, List<string>, GraphTexts> ReadTexts);

/// <summary>Reads a graph from a folder of any known layout.</summary>
internal static class GraphFolder
{
    private const int FilesShown = 12;

    private static readonly FolderLayout[] Layouts = [KalmFolder.Layout, KgBertFolder.Layout];

    public static KnowledgeGraph Read(string folder, GraphOptions options)
    {
        if (options.Texts is { } given)
            throw new KalmException(
                $"texts {given}: {folder} is a folder, which brings its own texts; expected none, or a graph that is one file of triples");
        var warnings = new List<string>();
        var layout = Detect(folder, warnings);
        var texts = layout.ReadTexts(folder, warnings);
        var splits = GraphSplits.Read(folder, layout.Splits, texts.Entities, texts.Relations, warnings);
        texts.Entities.RequireEveryText();
        texts.Relations.RequireEveryText();
        return texts.MakeGraph(folder, layout.Name, splits, options, warnings);
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
}
