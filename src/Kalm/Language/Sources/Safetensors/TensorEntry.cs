namespace Kalm.Language.Sources.Safetensors;

/// <summary>One tensor of a safetensors file, as its header describes it.</summary>
/// <param name="Name">The tensor's name, unique in its file.</param>
/// <param name="Type">The type of its elements.</param>
/// <param name="Shape">Its size along each dimension, outermost first; empty for a single number.</param>
/// <param name="Begin">Its first byte, counted from the start of the data (not of the file).</param>
/// <param name="End">The byte after its last, counted likewise.</param>
public sealed record TensorEntry(string Name, TensorType Type, IReadOnlyList<long> Shape, long Begin, long End)
{
    /// <summary>How many elements the tensor has: 1 for rank 0, 0 when a dimension is 0.</summary>
    public long ElementCount => ByteCount / Type.ItemSize();

    /// <summary>How many bytes its data takes.</summary>
    public long ByteCount => End - Begin;

    /// <summary>The tensor as any store describes it.</summary>
    public StoredTensor Stored => new(Name, Shape, Type.SafetensorsName(), ByteCount) { IsFloatingPoint = Type.IsFloatingPoint() };

    /// <summary>A shape as messages show it, for example <c>[32000, 64]</c>.</summary>
    public static string Describe(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
