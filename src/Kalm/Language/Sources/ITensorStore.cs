using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Sources;

/// <summary>One tensor as a file stores it.</summary>
/// <param name="Name">The name under which it is asked for.</param>
/// <param name="Shape">Its size along each dimension, outermost first; matrices are [outputs, inputs].</param>
/// <param name="Type">The storage type, as its format names it, such as BF16 or Q4_K.</param>
/// <param name="ByteCount">How many bytes it takes in the file.</param>
public sealed record StoredTensor(string Name, IReadOnlyList<long> Shape, string Type, long ByteCount)
{
    /// <summary>How many elements the tensor has: 1 for rank 0, 0 when a dimension is 0.</summary>
    public long ElementCount { get; } = Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Whether its elements are numbers that a model computes with, rather than whole numbers or truth values.</summary>
    public bool IsFloatingPoint { get; init; } = true;

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {TensorEntry.Describe(Shape)} {Type}";
}

/// <summary>Tensors in files, read as single-precision numbers however they are stored. Opening reads headers alone.</summary>
public interface ITensorStore : IDisposable
{
    /// <summary>The file, or the index of several, for messages.</summary>
    string Path { get; }

    /// <summary>The files, in the order of their names.</summary>
    IReadOnlyList<string> Files { get; }

    /// <summary>What is odd about the files without being wrong, in sentences for the user.</summary>
    IReadOnlyList<string> Warnings => [];

    /// <summary>Every tensor.</summary>
    IEnumerable<StoredTensor> Tensors { get; }

    /// <summary>The tensor called <paramref name="name"/>, or null.</summary>
    StoredTensor? TryFind(string name);

    /// <summary>Reads elements of a tensor from its element <paramref name="offset"/> on, as many as <paramref name="destination"/>
    /// holds.</summary>
    /// <exception cref="KalmException">There is no such tensor.</exception>
    void ReadSingles(string name, long offset, Span<float> destination);

    /// <summary>Tells the system that elements will not be read again soon, so that their pages do not count as this process's
    /// memory.</summary>
    void Release(string name, long offset, long count);
}
