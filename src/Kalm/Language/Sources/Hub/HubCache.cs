using System.Text.RegularExpressions;
using Kalm.Files;

namespace Kalm.Language.Sources.Hub;

/// <summary>One repository in the cache on disk, in the layout of <c>huggingface_hub</c>, which shares it: contents in
/// <c>blobs/&lt;etag&gt;</c>, links to them in <c>snapshots/&lt;commit&gt;/</c>, and in <c>refs/&lt;revision&gt;</c> the commit that a
/// branch or tag meant last.</summary>
internal sealed partial class HubCache
{
    private static readonly EnumerationOptions Everything =
        new() { RecurseSubdirectories = true, MaxRecursionDepth = 8, AttributesToSkip = 0 };

    private readonly Action<string, string> createLink;
    private readonly string root;

    public HubCache(HubSettings settings, string repository)
    {
        (root, createLink) = (settings.CacheFolder, settings.CreateLink);
        Name = "models--" + repository.Replace("/", "--", StringComparison.Ordinal);
        Folder = Path.Combine(root, Name);
    }

    /// <summary>The repository's folder; absent until something is put there.</summary>
    public string Folder { get; }

    private string Name { get; }

    /// <summary>Whether the text is a full commit: only such revisions never change.</summary>
    public static bool IsCommit(string revision) => Commit().IsMatch(revision);

    /// <summary>Whether a server's tag may name a file.</summary>
    public static bool IsSafeTag(string tag) => SafeTag().IsMatch(tag);

    public string SnapshotFolder(string commit) => Path.Combine(Folder, "snapshots", commit);

    public string SnapshotFile(string commit, string file) =>
        Path.Combine(SnapshotFolder(commit), file.Replace('/', Path.DirectorySeparatorChar));

    public string Blob(string tag) => Path.Combine(Folder, "blobs", tag);

    public string Incomplete(string tag) => Blob(tag) + ".incomplete";

    public string Lock(string tag) => Path.Combine(root, ".locks", Name, tag + ".lock");

    /// <summary>The commit that the revision meant when it was last looked up and whose snapshot is there, or null.</summary>
    public string? CachedCommit(string revision)
    {
        var commit = revision;
        if (!IsCommit(revision))
        {
            var path = Ref(revision);
            if (!File.Exists(path))
                return null;
            using var reader = new StreamReader(path);
            var text = new char[64];
            commit = new string(text, 0, reader.ReadBlock(text)).Trim();
        }
        return IsCommit(commit) && Directory.Exists(SnapshotFolder(commit)) ? commit : null;
    }

    /// <summary>The files of a snapshot that are there, links to nothing left out, as names in the repository.</summary>
    public IReadOnlyList<HubFile> Files(string commit)
    {
        var folder = SnapshotFolder(commit);
        return !Directory.Exists(folder) ? [] : [.. new DirectoryInfo(folder).EnumerateFiles("*", Everything)
            .Select(file => (file.FullName, Content: Content(file))).Where(file => file.Content is not null)
            .Select(file => new HubFile(Path.GetRelativePath(folder, file.FullName).Replace(Path.DirectorySeparatorChar, '/'),
                file.Content!.Length))];
    }

    /// <summary>Whether the file is in the snapshot.</summary>
    public bool Has(string commit, string file) => Content(new FileInfo(SnapshotFile(commit, file))) is not null;

    /// <summary>Whether the content is there.</summary>
    public bool HasBlob(string tag) => Content(new FileInfo(Blob(tag))) is not null;

    /// <summary>Puts a blob's content into a snapshot: as a relative link, or where links are not possible as the file itself, which is
    /// moved there when it is new and copied otherwise.</summary>
    public void Link(string commit, string file, string tag, bool isNew)
    {
        if (Has(commit, file))
            return;
        var path = SnapshotFile(commit, file);
        var folder = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(folder);
        // A link to a blob that is no longer there.
        File.Delete(path);
        var blob = Blob(tag);
        try
        {
            createLink(path, Path.GetRelativePath(folder, blob));
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            if (Has(commit, file))
                return;
            if (isNew)
                File.Move(blob, path);
            else
                AtomicFile.Write(path, target =>
                {
                    using var source = File.OpenRead(blob);
                    source.CopyTo(target);
                });
        }
    }

    /// <summary>Notes which commit the revision means.</summary>
    public void StoreRef(string revision, string commit)
    {
        if (revision == commit)
            return;
        var path = Ref(revision);
        if (File.Exists(path) && File.ReadAllText(path) == commit)
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.WriteAllText(path, commit);
    }

    private string Ref(string revision) => Path.Combine(Folder, "refs", revision.Replace('/', Path.DirectorySeparatorChar));

    // File.Exists would say yes to a link that leads nowhere.
    private static FileInfo? Content(FileInfo file) =>
        (file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo) is { Exists: true } content
            ? content : null;

    [GeneratedRegex("^[0-9a-f]{40}\\z")]
    private static partial Regex Commit();

    [GeneratedRegex("^[0-9A-Za-z][0-9A-Za-z_.-]{0,199}\\z")]
    private static partial Regex SafeTag();
}
