using System.Text.Json;
using System.Text.Json.Serialization;
using Kalm.Files;
using Kalm.Graph;

namespace Kalm.Completion;

/// <summary>How far the log of a graph's changes has been read, a <see cref="Change"/> a line: <c>changes-KEY.jsonl</c> beside the index,
/// KEY being the beginning of the graph's texts fingerprint, so that it outlives a new model but belongs to one graph. All who share it
/// append under a lock and read on from where they were. A line counts once it has its line break.</summary>
public sealed record ChangeLog
{
    private const int KeyLength = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private static readonly JsonSerializerOptions Spelling = new(Json.Options)
    {
        WriteIndented = false, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private ChangeLog(string path) => Path = path;

    /// <summary>The file, which need not be there.</summary>
    public string Path { get; }

    /// <summary>The file whose lock whoever appends must have.</summary>
    public string LockPath => Path + ".lock";

    /// <summary>The number of the last change that was read; 0 for none.</summary>
    public long Number { get; private init; }

    /// <summary>Why nothing behind <see cref="Number"/> can be read, with file and line, nor be appended; null when all is well.</summary>
    public string? Damage { get; private init; }

    /// <summary>Whether the file is as it was when it was read.</summary>
    public bool IsCurrent => FileStamp.Of(Path) == Seen;

    private long End { get; init; }

    // The last line that was read: while it lies where it lay, so do those before it.
    private byte[] Last { get; init; } = [];

    private FileStamp Seen { get; init; }

    /// <summary>The log of a graph's changes, nothing of it read.</summary>
    /// <param name="root">Where indices are kept.</param>
    /// <param name="graph">The graph.</param>
    /// <exception cref="KalmException">What an earlier version added cannot be taken over.</exception>
    public static ChangeLog Of(string root, KnowledgeGraph graph)
    {
        var key = graph.TextsFingerprint()[..KeyLength];
        var log = new ChangeLog(System.IO.Path.Combine(root, $"changes-{key}.jsonl"));
        var earlier = AddedEntities.PathOf(root, key);
        if (File.Exists(earlier) && !File.Exists(log.Path))
            log.TakeOver(AddedEntities.Read(earlier, graph));
        return log;
    }

    /// <summary>Reads on.</summary>
    /// <param name="take">Takes the next change; may refuse it, which ends the reading.</param>
    /// <returns>How far it came; what stopped it is told by <see cref="Damage"/>.</returns>
    public ChangeLog Read(Action<Change> take)
    {
        // The stamp first: what is written meanwhile is read again.
        var read = this with { Seen = FileStamp.Of(Path), Damage = null };
        try
        {
            var rest = Unread();
            for (int length; (length = rest.IndexOf((byte)'\n') + 1) > 0; rest = rest[length..])
            {
                take(Parse(rest[..length], read.Number + 1));
                read = read with { Number = read.Number + 1, End = read.End + length, Last = rest[..length].ToArray() };
            }
            return read;
        }
        catch (KalmException error)
        {
            return read with { Damage = $"{Path}({read.Number + 1}): {error.Message}" };
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            return read with { Damage = FileFault.At(Path, "read the file", error).Message };
        }
    }

    /// <summary>Appends changes, which are on disk when this returns. For the one who has the lock and has read all.</summary>
    /// <returns>Behind them.</returns>
    /// <exception cref="KalmException">The file cannot be written, or is damaged.</exception>
    public ChangeLog Append(IReadOnlyList<Change> changes)
    {
        if (Damage is not null)
            throw new KalmException(Damage);
        var lines = Lines(changes);
        try
        {
            using var stream = new FileStream(
                Path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            // What a writer that was killed left of its line.
            stream.SetLength(End);
            stream.Position = End;
            try
            {
                foreach (var line in lines)
                    stream.Write(line);
                stream.Flush(flushToDisk: true);
            }
            catch
            {
                stream.SetLength(End);
                throw;
            }
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(Path, "append to the file", error);
        }
        return this with
        {
            Number = Number + changes.Count, End = End + lines.Sum(line => line.Length), Last = lines.LastOrDefault(Last),
            Seen = FileStamp.Of(Path),
        };
    }

    private void TakeOver(IReadOnlyList<Entity> entities)
    {
        for (var waited = TimeSpan.Zero; ; waited += Pause)
        {
            using var held = FileLock.TryTake(LockPath);
            if (held is null && waited > Patience)
                throw new KalmException($"{LockPath}: held by another for {Patience.TotalSeconds:F0} seconds; expected to take over what "
                    + "an earlier version added");
            if (held is not null && !File.Exists(Path))
                AtomicFile.WriteAllBytes(Path, Lines([.. entities.Select((entity, index) => new Change(
                    index + 1, DateTimeOffset.UtcNow, ChangeKind.EntityAdded, entity.Id, entity.Name, entity.Description))])
                    .SelectMany(line => line).ToArray());
            if (held is not null)
                return;
            Thread.Sleep(Pause);
        }
    }

    private static List<byte[]> Lines(IReadOnlyList<Change> changes) =>
        [.. changes.Select(change => (byte[])[.. JsonSerializer.SerializeToUtf8Bytes(change, Spelling), (byte)'\n'])];

    private static Change Parse(ReadOnlySpan<byte> line, long number)
    {
        try
        {
            var change = JsonSerializer.Deserialize<Change>(line, Spelling);
            return change?.Number == number ? change
                : throw new KalmException(
                    $"found {(change is null ? "null" : $"the change {change.Number}")}; expected the change {number}");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new KalmException($"found what is no change: {error.Message.Split(" Path:")[0]}", error);
        }
    }

    private ReadOnlySpan<byte> Unread()
    {
        if (!File.Exists(Path))
            return Number == 0 ? [] : throw new KalmException($"found no file; expected the {Number:N0} changes that were read of it");
        using var stream = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var start = End - Last.Length;
        if (stream.Length < End)
            throw new KalmException($"found {stream.Length:N0} bytes; expected the {End:N0} that were read before");
        stream.Position = start;
        var content = new byte[stream.Length - start];
        stream.ReadExactly(content);
        return content.AsSpan().StartsWith(Last) ? content.AsSpan(Last.Length)
            : throw new KalmException($"changed otherwise than by adding; expected the change {Number} where it was read before");
    }
}
