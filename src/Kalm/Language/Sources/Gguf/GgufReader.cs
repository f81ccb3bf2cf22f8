using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Kalm.Files;

namespace Kalm.Language.Sources.Gguf;

/// <summary>Reads the values of a GGUF header one after the other.</summary>
internal ref struct GgufReader(string path, ReadOnlySpan<byte> bytes, int position)
{
    private const uint TextType = 8, ListType = 9;
    private const int DeepestList = 8;

    // Far beyond any model, and low enough that tens of megabytes hold what a header of many small parts declares.
    private const int MostParts = 1_500_000;
    private const int MostTextBytes = 32 << 20;
    private readonly ReadOnlySpan<byte> bytes = bytes;
    private int parts;
    private int textBytes;

    /// <summary>The byte that is read next.</summary>
    public int Position { get; private set; } = position;

    /// <summary>A number of 4 bytes.</summary>
    public uint Unsigned32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint), what));

    /// <summary>A number of 8 bytes.</summary>
    public ulong Unsigned64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong), what));

    /// <summary>A count of things that take at least <paramref name="leastBytes"/> each, so that the rest of the file bounds it.</summary>
    public int Amount(string what, int leastBytes)
    {
        var count = Unsigned64(what);
        var most = (bytes.Length - Position) / leastBytes;
        return count <= (ulong)most ? (int)count
            : throw new KalmException($"{path}: {what}: found {count}, but the file has room for {most} after it; is it cut short?");
    }

    /// <summary>A text.</summary>
    public string Text(string what)
    {
        var length = Amount(what, 1);
        if (length > MostTextBytes - textBytes)
            throw new KalmException(
                $"{path}: {what}: found a text of {length} bytes, expected at most {MostTextBytes} in all texts of a header");
        textBytes += length;
        var content = Take(length, what);
        // Tokens of byte-level vocabularies are sound UTF-8; some published SentencePiece ones are not, and get U+FFFD as in llama.cpp's
        // output.
        return Encoding.UTF8.GetString(content);
    }

    /// <summary>A type and the value of it.</summary>
    public object Value(string key) => Value(key, Unsigned32(FileFault.Plain(key)), 0);

    private object Value(string key, uint type, int depth)
    {
        var what = FileFault.Plain(key);
        return type switch
        {
            0 => Take(1, what)[0],
            1 => (sbyte)Take(1, what)[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(Take(2, what)),
            3 => BinaryPrimitives.ReadInt16LittleEndian(Take(2, what)),
            4 => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what)),
            5 => BinaryPrimitives.ReadInt32LittleEndian(Take(4, what)),
            6 => BinaryPrimitives.ReadSingleLittleEndian(Take(4, what)),
            7 => Flag(Take(1, what)[0], what),
            TextType => Text(what),
            ListType => List(key, depth),
            10 => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what)),
            11 => BinaryPrimitives.ReadInt64LittleEndian(Take(8, what)),
            12 => BinaryPrimitives.ReadDoubleLittleEndian(Take(8, what)),
            _ => throw new KalmException($"{path}: {what}: found the value type {type}, expected 0 to 12"),
        };
    }

    private object List(string key, int depth)
    {
        var what = FileFault.Plain(key);
        var type = Unsigned32(what);
        switch (type)
        {
            case 0: return Numbers<byte>(what);
            case 1: return Numbers<sbyte>(what);
            case 2: return Numbers<ushort>(what);
            case 3: return Numbers<short>(what);
            case 4: return Numbers<uint>(what);
            case 5: return Numbers<int>(what);
            case 6: return Numbers<float>(what);
            case 7:
                var flags = new bool[Amount(what, 1)];
                for (var index = 0; index < flags.Length; index++)
                    flags[index] = Flag(Take(1, what)[0], what);
                return flags;
            case TextType:
                var texts = new string[Parts(what, sizeof(ulong))];
                for (var index = 0; index < texts.Length; index++)
                    texts[index] = Text(what);
                return texts;
            case ListType when depth < DeepestList:
                var lists = new object[Parts(what, sizeof(uint) + sizeof(ulong))];
                for (var index = 0; index < lists.Length; index++)
                    lists[index] = List(key, depth + 1);
                return lists;
            case ListType: throw new KalmException($"{path}: {what}: found lists more than {DeepestList} deep");
            case 10: return Numbers<ulong>(what);
            case 11: return Numbers<long>(what);
            case 12: return Numbers<double>(what);
            default: throw new KalmException($"{path}: {what}: found a list of the value type {type}, expected 0 to 12");
        }
    }

    private int Parts(string what, int leastBytes)
    {
        var count = Amount(what, leastBytes);
        if (count > MostParts - parts)
            throw new KalmException($"{path}: {what}: found a list of {count}, expected at most {MostParts} texts and lists in a header");
        parts += count;
        return count;
    }

    private T[] Numbers<T>(string what) where T : unmanaged
    {
        var size = Unsafe.SizeOf<T>();
        var count = Amount(what, size);
        var numbers = new T[count];
        Take(count * size, what).CopyTo(MemoryMarshal.AsBytes(numbers.AsSpan()));
        if (!BitConverter.IsLittleEndian)
            for (var index = 0; index < count; index++)
                MemoryMarshal.AsBytes(numbers.AsSpan(index, 1)).Reverse();
        return numbers;
    }

    private readonly bool Flag(byte value, string what) => value <= 1 ? value == 1
        : throw new KalmException($"{path}: {what}: found the truth value {value}, expected 0 or 1");

    private ReadOnlySpan<byte> Take(int count, string what)
    {
        if (count > bytes.Length - Position)
            throw new KalmException(
                $"{path}: the file ends within {what}: found {bytes.Length - Position} bytes, expected {count}; is it cut short?");
        var taken = bytes.Slice(Position, count);
        Position += count;
        return taken;
    }
}
