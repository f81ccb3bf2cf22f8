using Kalm.Files;
using Microsoft.Win32.SafeHandles;
using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>States of tokens in a file, BF16, read through a memory map: what the layers below the trained ones make of texts, computed
/// once. The file lives as long as this object.</summary>
internal sealed class StateFile : IDisposable
{
    private readonly string path;
    private readonly int width;
    private SafeFileHandle? writing;
    private MappedFile? map;

    /// <summary>Makes the file.</summary>
    /// <param name="path">Where; what is there is overwritten.</param>
    /// <param name="tokens">The number of states.</param>
    /// <param name="width">Numbers in a state.</param>
    /// <exception cref="KalmException">The file system refused, or has no room.</exception>
    public StateFile(string path, long tokens, int width)
    {
        (this.path, this.width, Bytes) = (path, width, tokens * width * sizeof(ushort));
        try
        {
            var free = new DriveInfo(Path.GetDirectoryName(Path.GetFullPath(path))!).AvailableFreeSpace;
            if (free < Bytes)
                throw new KalmException($"{path}: found room for {free:N0} bytes; expected {Bytes:N0}, the states of {tokens:N0} tokens: "
                    + "lora.trained_layers keeps what the layers below make of every text");
            writing = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.None, preallocationSize: Bytes);
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(path, "write", error);
        }
    }

    /// <summary>The file's size.</summary>
    public long Bytes { get; }

    /// <summary>Writes states; several threads may.</summary>
    /// <param name="states">[tokens, width].</param>
    /// <param name="places">Where each goes, counted in tokens; a negative one is left out.</param>
    public void Write(Tensor states, ReadOnlySpan<long> places)
    {
        using var scope = NewDisposeScope();
        var bytes = states.detach().to(ScalarType.BFloat16).cpu().contiguous().bytes;
        var row = width * sizeof(ushort);
        for (var at = 0; at < places.Length;)
        {
            // What lies beside each other goes there at once.
            var end = at + 1;
            while (end < places.Length && places[at] >= 0 && places[end] == places[end - 1] + 1)
                end++;
            try
            {
                if (places[at] >= 0)
                    RandomAccess.Write(writing!, bytes.Slice(at * row, (end - at) * row), places[at] * row);
            }
            catch (Exception error) when (FileFault.Is(error))
            {
                throw FileFault.At(path, "write", error);
            }
            at = end;
        }
    }

    /// <summary>Ends the writing; from now on it can be read.</summary>
    public void Finish()
    {
        writing?.Dispose();
        writing = null;
        map = MappedFile.Open(path);
    }

    /// <summary>Reads states.</summary>
    /// <param name="into">[tokens, width], BF16, on the CPU.</param>
    /// <param name="first">The row of the first one.</param>
    /// <param name="places">Where each lies, counted in tokens.</param>
    public void Read(Tensor into, int first, ReadOnlySpan<long> places)
    {
        var bytes = into.bytes;
        var row = width * sizeof(ushort);
        for (var at = 0; at < places.Length; at++)
            map!.Bytes(places[at] * row, row).CopyTo(bytes.Slice((first + at) * row, row));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        writing?.Dispose();
        map?.Dispose();
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            // It is of use to nobody, and in nobody's way.
        }
    }
}
