using System.Runtime.InteropServices;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Safetensors;
using static TorchSharp.torch;

namespace Kalm.Language.Model;

/// <summary>Tensors from files and into them, in parts of bounded size: a span of a tensor's bytes must stay below 2 GiB.</summary>
public static class SourceTensors
{
    private const int Chunk = 1 << 24;

    /// <summary>Reads one weight of a source's base as F32, straight into its memory; no second copy is made.</summary>
    /// <returns>The tensor; the caller owns it.</returns>
    public static Tensor Read(IModelSource source, string name, Device device)
    {
        ArgumentNullException.ThrowIfNull(source);
        var stored = source.TryFind(name) ?? throw new ArgumentException($"the model has no {name}", nameof(name));
        return Read(stored.Shape, (at, part) =>
        {
            source.ReadSingles(name, at, part);
            source.Release(name, at, part.Length);
        }, device);
    }

    /// <summary>Reads one tensor of a file as F32.</summary>
    /// <returns>The tensor; the caller owns it.</returns>
    /// <exception cref="KalmException">The file has no such tensor.</exception>
    public static Tensor Read(ITensorStore file, string name, Device device)
    {
        ArgumentNullException.ThrowIfNull(file);
        var stored = file.TryFind(name)
            ?? throw SafetensorsLayout.Fault(file.Path, name, $"not found among the {file.Tensors.Count()} tensors of the file");
        return Read(stored.Shape, (at, part) =>
        {
            file.ReadSingles(name, at, part);
            file.Release(name, at, part.Length);
        }, device);
    }

    /// <summary>Writes tensors as F32 into one safetensors file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">Names and shapes.</param>
    /// <param name="value">Gives a tensor by name; the result is disposed.</param>
    public static void Write(string path, IEnumerable<(string Name, long[] Shape)> tensors, Func<string, Tensor> value)
    {
        var writer = new SafetensorsWriter();
        foreach (var (name, shape) in tensors)
            writer.Declare(name, TensorType.F32, shape);
        writer.Write(path, (entry, stream) =>
        {
            using var scope = NewDisposeScope();
            var flat = value(entry.Name).detach().to(ScalarType.Float32).cpu().contiguous().flatten();
            for (long at = 0; at < entry.ElementCount; at += Chunk)
                stream.Write(flat.narrow(0, at, Math.Min(Chunk, entry.ElementCount - at)).bytes);
        });
    }

    private delegate void ReadPart(long offset, Span<float> destination);

    private static Tensor Read(IReadOnlyList<long> shape, ReadPart read, Device device)
    {
        using var scope = NewDisposeScope();
        var values = empty([.. shape], ScalarType.Float32);
        var count = values.numel();
        using (var flat = values.view(count))
            for (long at = 0; at < count; at += Chunk)
            {
                using var part = flat.narrow(0, at, Math.Min(Chunk, count - at));
                read(at, MemoryMarshal.Cast<byte, float>(part.bytes));
            }
        return values.to(device).DetachFromDisposeScope();
    }
}
