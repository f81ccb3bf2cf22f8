namespace Kalm.Language.Sources.Gguf;

/// <summary>One tensor of a GGUF file, as its header describes it.</summary>
/// <param name="Name">The tensor's name, unique in its file.</param>
/// <param name="Type">The type of its numbers.</param>
/// <param name="Shape">Its size along each dimension, outermost first: the reverse of the file's order.</param>
/// <param name="Begin">Its first byte, counted from the start of the data.</param>
/// <param name="ByteCount">How many bytes it takes.</param>
public sealed record GgufTensor(string Name, GgufTensorType Type, IReadOnlyList<long> Shape, long Begin, long ByteCount)
{
    /// <summary>How many numbers it has.</summary>
    public long ElementCount => ByteCount / Type.BlockBytes() * Type.BlockSize();

    /// <summary>How many numbers a row has: a row is whole blocks.</summary>
    public long RowLength => Shape.Count == 0 ? 1 : Shape[^1];
}
