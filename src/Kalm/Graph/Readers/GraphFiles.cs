using System.IO.Compression;

namespace Kalm.Graph.Readers;

/// <summary>The files that a graph is read from: those of a folder, of a .zip, or a single one.</summary>
/// <param name="Path">What was given.</param>
/// <param name="IsSingle">Whether a single file was given.</param>
/// <param name="Files">The files, by name; those of folders in a folder too, two deep.</param>
internal sealed record GraphFiles(string Path, bool IsSingle, IReadOnlyList<GraphFile> Files)
{
    private const int Deepest = 2;

    /// <summary>Looks at what lies at a path.</summary>
    /// <exception cref="KalmException">There is nothing, or an archive that cannot be read.</exception>
    public static GraphFiles Of(string path)
    {
        if (Directory.Exists(path))
            return new GraphFiles(path, false, [.. OnDisk(path, "", 0).OrderBy(file => file.Name, StringComparer.Ordinal)]);
        if (!File.Exists(path))
            throw new KalmException($"{path}: no such folder or file; expected a folder that holds a graph, a file of it, or an archive of "
                + "either (.zip, .gz, .zst)");
        return System.IO.Path.GetExtension(path).Equals(".zip", StringComparison.OrdinalIgnoreCase)
            ? new GraphFiles(path, false, InArchive(path))
            : new GraphFiles(path, true, [GraphFile.OnDisk(path, System.IO.Path.GetFileName(path))]);
    }

    /// <summary>The file of a name; null where there is none.</summary>
    public GraphFile? Find(string name) => Files.FirstOrDefault(file => file.Name == name);

    /// <summary>Whether all of these are there.</summary>
    public bool Holds(params IEnumerable<string> names) => names.All(name => Find(name) is not null);

    private static IEnumerable<GraphFile> OnDisk(string folder, string prefix, int depth)
    {
        foreach (var file in Directory.EnumerateFiles(folder))
            if (!IsHidden(file))
                yield return GraphFile.OnDisk(file, prefix + System.IO.Path.GetFileName(file));
        if (depth == Deepest)
            yield break;
        foreach (var inner in Directory.EnumerateDirectories(folder))
            if (!IsHidden(inner))
                foreach (var file in OnDisk(inner, $"{prefix}{System.IO.Path.GetFileName(inner)}/", depth + 1))
                    yield return file;
    }

    private static bool IsHidden(string path) => System.IO.Path.GetFileName(path).StartsWith('.');

    private static GraphFile[] InArchive(string path)
    {
        try
        {
            using var zip = ZipFile.OpenRead(path);
            string[] names = [.. zip.Entries.Select(entry => entry.FullName)
                .Where(name => !name.EndsWith('/') && !name.StartsWith("__MACOSX/", StringComparison.Ordinal)
                    && !name.Split('/').Any(part => part.StartsWith('.')))];
            var common = CommonFolder(names);
            return [.. names.Select(name => GraphFile.InArchive(path, name, name[common..]))
                .OrderBy(file => file.Name, StringComparer.Ordinal)];
        }
        catch (InvalidDataException problem)
        {
            throw new KalmException($"{path}: not a .zip that can be read ({problem.Message}); expected a whole archive", problem);
        }
    }

    // An archive often holds one folder, which holds the files.
    private static int CommonFolder(string[] names)
    {
        if (names.Length == 0)
            return 0;
        var common = names[0].LastIndexOf('/') + 1;
        while (common > 0 && !names.All(name => name.AsSpan().StartsWith(names[0].AsSpan(0, common), StringComparison.Ordinal)))
            common = common < 2 ? 0 : names[0].LastIndexOf('/', common - 2) + 1;
        return common;
    }
}
