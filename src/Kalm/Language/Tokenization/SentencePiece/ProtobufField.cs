using System.Buffers.Binary;

namespace Kalm.Language.Tokenization.SentencePiece;

/// <summary>One field of a message: a number for the wire types of numbers, bytes for the one with a length.</summary>
internal readonly record struct ProtobufField(int Number, int WireType, ulong Value, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>The wire types.</summary>
    public const int Varint = 0, Bits64 = 1, Delimited = 2, Bits32 = 5;

    /// <summary>The bytes of a text or an inner message.</summary>
    /// <exception cref="InvalidDataException">The field holds a number.</exception>
    public ReadOnlyMemory<byte> Content() => WireType == Delimited ? Bytes : throw Wrong("bytes");

    /// <summary>A whole number; negative ones take ten bytes.</summary>
    /// <exception cref="InvalidDataException">The field holds something else.</exception>
    public long Integer() => WireType == Varint ? (long)Value : throw Wrong("a whole number");

    /// <summary>True or false.</summary>
    /// <exception cref="InvalidDataException">The field holds something else.</exception>
    public bool Flag() => Integer() != 0;

    /// <summary>A number of single precision.</summary>
    /// <exception cref="InvalidDataException">The field holds something else.</exception>
    public float Single() => WireType == Bits32 ? BitConverter.UInt32BitsToSingle((uint)Value) : throw Wrong("a float");

    /// <summary>The fields of a message in their order.</summary>
    /// <exception cref="InvalidDataException">The bytes are no message.</exception>
    public static IEnumerable<ProtobufField> ReadAll(ReadOnlyMemory<byte> message)
    {
        for (var position = 0; position < message.Length;)
            yield return Read(message, ref position);
    }

    private static ProtobufField Read(ReadOnlyMemory<byte> message, ref int position)
    {
        var start = position;
        var key = ReadVarint(message.Span, ref position);
        var (number, wireType) = (key >> 3, (int)(key & 7));
        if (number is 0 or > 0x1FFF_FFFF)
            throw new InvalidDataException($"byte {start}: found the field number {number}");
        switch (wireType)
        {
            case Varint:
                return new((int)number, wireType, ReadVarint(message.Span, ref position), default);
            case Bits64:
                return new((int)number, wireType, BinaryPrimitives.ReadUInt64LittleEndian(Take(message, ref position, 8).Span), default);
            case Bits32:
                return new((int)number, wireType, BinaryPrimitives.ReadUInt32LittleEndian(Take(message, ref position, 4).Span), default);
            case Delimited:
                var length = ReadVarint(message.Span, ref position);
                return new((int)number, wireType, 0, Take(message, ref position, length));
            default:
                throw new InvalidDataException($"byte {start}: found the wire type {wireType}");
        }
    }

    private static ReadOnlyMemory<byte> Take(ReadOnlyMemory<byte> message, ref int position, ulong length)
    {
        if (length > (ulong)(message.Length - position))
            throw new InvalidDataException($"byte {position}: a field of {length} bytes; {message.Length - position} are left");
        position += (int)length;
        return message[(position - (int)length)..position];
    }

    private static ulong ReadVarint(ReadOnlySpan<byte> message, ref int position)
    {
        var start = position;
        var value = 0ul;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (position == message.Length)
                throw new InvalidDataException($"byte {start}: a number is cut off");
            var part = message[position++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return value;
        }
        throw new InvalidDataException($"byte {start}: a number has more than ten bytes");
    }

    private InvalidDataException Wrong(string expected) =>
        new($"field {Number} has the wire type {WireType}; expected {expected}");
}
