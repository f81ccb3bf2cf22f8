using System.Runtime.InteropServices;
using Kalm.Files;
using Microsoft.Win32.SafeHandles;
using static TorchSharp.torch;

namespace Kalm.Evaluation.Vectors;

/// <summary>Vectors in a folder, written portion by portion and read through a memory map once all are there. After every portion the
/// rows are on the disk before the manifest counts them, so that a process that ends anywhere loses one portion at most and the next one
/// goes on. One process has the folder at a time.</summary>
public sealed class VectorFile : IEntityVectors
{
    private const string RowsName = "rows.f32";
    private const string ManifestName = "manifest.json";
    private const string LockName = "lock";
    private const int CurrentFormat = 1;
    private const int ShownOfKey = 12;
    private const long BytesAtOnce = 1 << 28;

    private readonly string folder;
    private readonly IDisposable held;
    private Manifest manifest;
    private SafeFileHandle? writing;
    private MappedFile? map;
    private Tensor? all;
    private bool isDisposed;

    private VectorFile(string folder, IDisposable held, Manifest manifest)
    {
        (this.folder, this.held, this.manifest) = (folder, held, manifest);
        try
        {
            writing = File.OpenHandle(RowsPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            // What a process wrote and did not come to count.
            RandomAccess.SetLength(writing, BytesDone);
            FinishWhenComplete();
        }
        catch
        {
            writing?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public int Count => manifest.Rows;

    /// <inheritdoc/>
    public int Width => manifest.Width;

    /// <summary>The rows that are written, from the first on.</summary>
    public int Done => manifest.Done;

    /// <summary>Whether every row is written, and so can be read.</summary>
    public bool IsComplete => Done == Count;

    private string RowsPath => Path.Combine(folder, RowsName);

    private int RowBytes => Width * sizeof(float);

    private long BytesDone => (long)Done * RowBytes;

    /// <summary>Opens the folder, made where it is absent, and goes on where its rows end.</summary>
    /// <param name="folder">Where the rows lie.</param>
    /// <param name="key">What decides them; rows of another key are not gone on with.</param>
    /// <param name="count">The number of rows in the end.</param>
    /// <param name="width">Numbers in a row.</param>
    /// <param name="startAnew">Told why what the folder holds is of no use, which is then overwritten; null refuses it.</param>
    /// <exception cref="KalmException">Another process has the folder, it holds other or damaged rows, or the file system
    /// refused.</exception>
    public static VectorFile Open(string folder, string key, int count, int width, Action<string>? startAnew = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        IDisposable? held = null;
        try
        {
            if (File.Exists(folder))
                throw new KalmException($"{folder}: found a file; expected a folder of vectors, or a name that is free");
            Directory.CreateDirectory(folder);
            held = FileLock.TryTake(Path.Combine(folder, LockName))
                ?? throw new KalmException($"{folder}: another process writes these vectors; expected it to end first");
            var wanted = new Manifest(CurrentFormat, key, count, width, 0);
            if (Find(folder, wanted, out var found) is { } fault)
            {
                if (startAnew is null)
                    throw new KalmException($"{fault}; or remove the folder to start anew");
                startAnew(fault);
                // What it counts is overwritten from here on.
                File.Delete(Path.Combine(folder, ManifestName));
            }
            return new VectorFile(folder, held, found ?? wanted);
        }
        catch (Exception error)
        {
            held?.Dispose();
            if (FileFault.Is(error))
                throw FileFault.At(folder, "open the vectors", error);
            throw;
        }
    }

    /// <summary>Writes the next rows; they are on the disk when this returns.</summary>
    /// <param name="rows">[any number up to those missing, width], F32, on any device.</param>
    /// <exception cref="KalmException">The file system refused; the rows before stay.</exception>
    public void Append(Tensor rows)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.dim() != 2 || rows.shape[1] != Width || rows.dtype != ScalarType.Float32 || rows.shape[0] > Count - Done)
            throw new ArgumentException(
                $"found {rows.dtype} [{string.Join(", ", rows.shape)}]; expected Float32 [at most {Count - Done}, {Width}]", nameof(rows));
        try
        {
            Write(rows);
            RandomAccess.FlushToDisk(writing!);
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(RowsPath, "write", error);
        }
        Save(Done + (int)rows.shape[0]);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Rows are missing.</exception>
    public Tensor Read(int start, int count)
    {
        RequireComplete();
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count - start);
        using var scope = NewDisposeScope();
        all ??= from_file(RowsPath, shared: false, size: (long)Count * Width, dtype: ScalarType.Float32)
            .view(Count, Width).DetachFromDisposeScope();
        return all.narrow(0, start, count).DetachFromDisposeScope();
    }

    /// <summary>One row, in place and valid until this is disposed.</summary>
    /// <exception cref="InvalidOperationException">Rows are missing.</exception>
    public ReadOnlySpan<float> Row(int row)
    {
        RequireComplete();
        return MemoryMarshal.Cast<byte, float>(map!.Bytes((long)row * RowBytes, RowBytes));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (isDisposed)
            return;
        isDisposed = true;
        all?.Dispose();
        map?.Dispose();
        writing?.Dispose();
        held.Dispose();
    }

    private void RequireComplete()
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        if (!IsComplete)
            throw new InvalidOperationException($"{folder}: {Done} rows of {Count}; expected all");
    }

    private void Write(Tensor rows)
    {
        using var scope = NewDisposeScope();
        var local = rows.detach().cpu().contiguous();
        var step = (int)Math.Max(1, BytesAtOnce / RowBytes);
        for (var at = 0; at < local.shape[0]; at += step)
            RandomAccess.Write(
                writing!, local.narrow(0, at, Math.Min(step, local.shape[0] - at)).bytes, BytesDone + (long)at * RowBytes);
    }

    private void Save(int done)
    {
        var counted = manifest with { Done = done };
        Json.Write(Path.Combine(folder, ManifestName), counted);
        manifest = counted;
        FinishWhenComplete();
    }

    private void FinishWhenComplete()
    {
        if (!IsComplete)
            return;
        writing?.Dispose();
        writing = null;
        map = MappedFile.Open(RowsPath);
    }

    // What the folder holds; null, with a reason where there is one, for nothing of use.
    private static string? Find(string folder, Manifest wanted, out Manifest? found)
    {
        var path = Path.Combine(folder, ManifestName);
        found = null;
        if (!File.Exists(path))
            return null;
        Manifest written;
        try
        {
            written = Json.Read<Manifest>(path);
        }
        catch (KalmException fault)
        {
            return fault.Message;
        }
        if (written with { Done = 0 } != wanted)
            return $"{folder}: holds other vectors: found {written.Named}; expected {wanted.Named}";
        var rows = new FileInfo(Path.Combine(folder, RowsName));
        var least = (long)written.Done * written.Width * sizeof(float);
        if (written.Done < 0 || written.Done > written.Rows || !rows.Exists || rows.Length < least)
            return $"{rows.FullName}: found {(rows.Exists ? $"{rows.Length} bytes" : "no file")}; expected {least} or more for the "
                + $"{written.Done} rows that {ManifestName} counts of {written.Rows}";
        found = written;
        return null;
    }

    private sealed record Manifest(int Format, string? Key, int Rows, int Width, int Done)
    {
        internal string Named =>
            $"format {Format}, key {(Key is { Length: > ShownOfKey } ? Key[..ShownOfKey] : Key)}, {Rows} rows of {Width} numbers";
    }
}
