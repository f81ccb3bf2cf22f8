using Kalm.Files;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources.Pickled;

/// <summary>A file of <c>torch.save</c> (1.6 or later) that holds weights, open for reading by memory map. The pickle in it describes the
/// tensors; it is read without running anything (<see cref="PickleReader"/>), and the numbers are taken from where they lie in the file.
/// Format: https://docs.pytorch.org/docs/stable/notes/serialization.html#serialized-file-format-for-torch-save.</summary>
public sealed class PickledFile : ITensorStore
{
    private const int ElementsPerChunk = 1 << 16;

    private readonly MappedFile file;
    private readonly Dictionary<string, PickledTensor> tensors;

    private PickledFile(MappedFile file)
    {
        this.file = file;
        var archive = PickledArchive.Open(file);
        var state = PickledState.Of(archive.ReadPickle(), Path);
        Warnings = state.Warnings;
        tensors = PickledLayout.Check(state.Tensors, archive);
    }

    /// <inheritdoc/>
    public string Path => file.Path;

    /// <inheritdoc/>
    public IReadOnlyList<string> Files => [Path];

    /// <inheritdoc/>
    public IReadOnlyList<string> Warnings { get; }

    /// <inheritdoc/>
    public IEnumerable<StoredTensor> Tensors => tensors.Values.Select(tensor => tensor.Stored);

    /// <summary>Opens <paramref name="path"/>, reads its pickle and checks the place of every tensor.</summary>
    /// <exception cref="KalmException">The file cannot be read, is not sound, or names something else than tensors and plain values; the
    /// message names what.</exception>
    public static PickledFile Open(string path)
    {
        var file = MappedFile.Open(path);
        try
        {
            return new PickledFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public StoredTensor? TryFind(string name) => tensors.GetValueOrDefault(name)?.Stored;

    /// <inheritdoc/>
    public void ReadSingles(string name, long offset, Span<float> destination)
    {
        var tensor = Find(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(destination.Length, tensor.Stored.ElementCount - offset);
        if (!tensor.IsContiguous)
        {
            tensor.Gather(file, offset, destination);
            return;
        }
        var size = tensor.Type.ItemSize();
        while (!destination.IsEmpty)
        {
            var count = Math.Min(destination.Length, ElementsPerChunk);
            TensorNumbers.ToSingles(tensor.Type, file.Bytes(tensor.Begin + (offset * size), count * size), destination[..count]);
            destination = destination[count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    public void Release(string name, long offset, long count)
    {
        var tensor = Find(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, tensor.Stored.ElementCount - offset);
        var size = tensor.Type.ItemSize();
        if (tensor.IsContiguous)
            file.Release(tensor.Begin + (offset * size), count * size);
        // The rows of a transposed matrix lie all over it.
        else if (offset + count == tensor.Stored.ElementCount)
            file.Release(tensor.Begin, tensor.Extent * size);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();

    private PickledTensor Find(string name) => tensors.TryGetValue(name, out var tensor) ? tensor
        : throw SafetensorsLayout.Fault(Path, name, $"not found among the {tensors.Count} tensors of the file");
}
