namespace Kalm.Files;

/// <summary>A folder that appears whole or not at all: it is filled beside its target, under the name
/// <c>.name.partial-&lt;process id&gt;</c>, and <see cref="Commit"/> flushes its files to disk and renames it. Disposed without
/// <see cref="Commit"/> it leaves nothing behind.</summary>
public sealed class StagedFolder : IDisposable
{
    // Two writers of one target in one process would share the staging name and destroy each other's files.
    private static readonly HashSet<string> InUse = [];

    private readonly List<string> _createdParents = [];
    private readonly string _target;
    private bool _open = true;

    /// <summary>Prepares to write the folder <paramref name="target"/>, which must be absent or empty.</summary>
    /// <exception cref="KalmException">The target is a file or not empty, or cannot be written; nothing has been written then.</exception>
    public StagedFolder(string target)
    {
        Target = target;
        try
        {
            var full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(target));
            // A link to an empty folder, on a larger disk perhaps, stays a link: what it points to is replaced.
            _target = Directory.Exists(full) ? Directory.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full : full;
            RequireEmpty();
            var parent = System.IO.Path.GetDirectoryName(_target)
                ?? throw new KalmException($"{target}: the root of a file system cannot be replaced; expected a folder below it");
            Path = System.IO.Path.Combine(parent, $".{System.IO.Path.GetFileName(_target)}.partial-{Environment.ProcessId}");
            Reserve();
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(target, "create the folder", error);
        }

        try
        {
            // What a crashed process with our id left: in a container the id is always the same.
            if (Directory.Exists(Path))
                Directory.Delete(Path, recursive: true);
            RequireReplaceable();
            CreateParents(System.IO.Path.GetDirectoryName(_target)!);
            Directory.CreateDirectory(Path);
        }
        catch (Exception error)
        {
            Dispose();
            if (FileFault.Is(error))
                throw FileFault.At(target, "create the folder", error);
            throw;
        }
    }

    /// <summary>Removes what processes that were killed left of a folder. For a caller who knows that no other is writing it.</summary>
    /// <exception cref="KalmException">The file system refused.</exception>
    public static void RemoveAbandoned(string target)
    {
        try
        {
            var full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(target));
            if (System.IO.Path.GetDirectoryName(full) is { } parent && Directory.Exists(parent))
                foreach (var folder in Directory.EnumerateDirectories(parent, $".{System.IO.Path.GetFileName(full)}.partial-*"))
                    Directory.Delete(folder, recursive: true);
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(target, "clear what was left of it", error);
        }
    }

    /// <summary>The folder to fill, until <see cref="Commit"/>.</summary>
    public string Path { get; }

    /// <summary>The folder as the caller named it, which <see cref="Commit"/> makes appear.</summary>
    public string Target { get; }

    /// <summary>The path of a file of the folder, to be written.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Flushes every file to disk and renames the folder to its target.</summary>
    /// <exception cref="KalmException">The file system refused, or the target is no longer empty.</exception>
    public void Commit()
    {
        ObjectDisposedException.ThrowIf(!_open, this);
        try
        {
            foreach (var file in Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories))
                using (var handle = System.IO.File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite))
                    RandomAccess.FlushToDisk(handle);
            RequireEmpty();
            if (Directory.Exists(_target))
                Directory.Delete(_target);
            Directory.Move(Path, _target);
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(Target, "put the folder in place", error);
        }
        Release();
    }

    /// <summary>Deletes the unfinished folder, unless it has been committed.</summary>
    public void Dispose()
    {
        if (!_open)
            return;
        Release();
        try
        {
            if (Directory.Exists(Path))
                Directory.Delete(Path, recursive: true);
            for (var i = _createdParents.Count - 1; i >= 0; i--)
                Directory.Delete(_createdParents[i]);
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            // Often we are here because the disk failed; that first failure is the one worth reporting.
        }
    }

    private void Reserve()
    {
        lock (InUse)
            if (!InUse.Add(Path))
                throw new KalmException($"{Target}: this folder is being written already");
    }

    private void Release()
    {
        _open = false;
        lock (InUse)
            InUse.Remove(Path);
    }

    private void RequireEmpty()
    {
        if (System.IO.File.Exists(_target))
            throw new KalmException($"{Target}: found a file, expected an empty or absent folder");
        if (Directory.Exists(_target) && Directory.EnumerateFileSystemEntries(_target).Any())
            throw new KalmException($"{Target}: the folder is not empty; expected an empty or absent folder");
    }

    // A mount point is empty yet cannot be renamed: better told before hours of training than after them.
    private void RequireReplaceable()
    {
        if (!Directory.Exists(_target))
            return;
        Directory.Move(_target, Path);
        Directory.Move(Path, _target);
    }

    private void CreateParents(string parent)
    {
        var missing = new Stack<string>();
        for (var folder = parent; folder is not null && !Directory.Exists(folder); folder = System.IO.Path.GetDirectoryName(folder))
            missing.Push(folder);
        foreach (var folder in missing)
        {
            Directory.CreateDirectory(folder);
            _createdParents.Add(folder);
        }
    }
}
