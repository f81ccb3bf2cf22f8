using System.Buffers.Binary;

namespace Kalm.Graph.Readers.Columnar;

/// <summary>Looks a Parquet file's footer through before the library does, which never comes back from one whose numbers or texts run
/// over its end. The footer is a structure of Thrift's compact protocol; every field must be of the kind that Parquet gives it, as the
/// library does not look.</summary>
internal ref struct ParquetFooter
{
    private const int Deepest = 64;
    private const int TailBytes = 8;
    private const int MostOfNumber = 10;

    // Fields by number: n is a number, b a yes or no, s a text, a word one of these structures, * any structure, brackets a list.
    // Others are of later versions, and may be anything that ends.
    private static readonly Dictionary<string, Dictionary<int, string>> Structures = new()
    {
        ["File"] = Fields("1n 2[Element] 3n 4[Group] 5[Pair] 6s 7[*] 8* 9s"),
        ["Element"] = Fields("1n 2n 3n 4s 5n 6n 7n 8n 9n 10*"),
        ["Group"] = Fields("1[Chunk] 2n 3n 4[Sorting] 5n 6n 7n"),
        ["Chunk"] = Fields("1s 2n 3Column 4n 5n 6n 7n 8* 9s"),
        ["Column"] = Fields("1n 2[n] 3[s] 4n 5n 6n 7n 8[Pair] 9n 10n 11n 12Statistics 13[Pages] 14n 15n 16Sizes 17*"),
        ["Statistics"] = Fields("1s 2s 3n 4n 5s 6s 7b 8b"),
        ["Pair"] = Fields("1s 2s"),
        ["Sorting"] = Fields("1n 2b 3b"),
        ["Pages"] = Fields("1n 2n 3n"),
        ["Sizes"] = Fields("1n 2[n] 3[n]"),
    };

    private readonly ReadOnlySpan<byte> bytes;
    private int at;

    private ParquetFooter(ReadOnlySpan<byte> bytes) => this.bytes = bytes;

    private enum Kind
    {
        End,
        Yes,
        No,
        Byte,
        Short,
        Int,
        Long,
        Double,
        Text,
        List,
        Set,
        Map,
        Structure,
        Uuid,
    }

    /// <summary>Fails unless the footer is whole; the stream's place is not kept.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    /// <exception cref="EndOfStreamException">There is less than a footer.</exception>
    public static void Check(Stream stream)
    {
        var tail = new byte[TailBytes];
        stream.Position = Math.Max(0, stream.Length - TailBytes);
        stream.ReadExactly(tail);
        if (!tail.AsSpan(4).SequenceEqual("PAR1"u8))
            throw new InvalidDataException("no PAR1 at its end");
        var length = BinaryPrimitives.ReadInt32LittleEndian(tail);
        if (length < 0 || length > stream.Length - TailBytes)
            throw new InvalidDataException($"a footer of {(uint)length:N0} bytes in {stream.Length:N0}");
        var footer = new byte[length];
        stream.Position = stream.Length - TailBytes - length;
        stream.ReadExactly(footer);
        stream.Position = 0;
        new ParquetFooter(footer).Walk("File", 0);
    }

    private void Walk(string structure, int depth)
    {
        if (depth > Deepest)
            throw new InvalidDataException($"a footer with structures more than {Deepest} deep");
        var fields = Structures.GetValueOrDefault(structure);
        for (var field = 0; ;)
        {
            var head = Byte();
            var kind = (Kind)(head & 15);
            if (kind == Kind.End)
                return;
            field = head >> 4 is > 0 and var step ? field + step : Signed(Number());
            var shape = fields?.GetValueOrDefault(field);
            if (shape is not null && !Fits(kind, shape))
                throw new InvalidDataException($"a footer with field {field} of {structure} of another kind");
            // A yes or no is the kind itself.
            if (kind is not (Kind.Yes or Kind.No))
                Skip(kind, shape, depth);
        }
    }

    private void Skip(Kind kind, string? shape, int depth)
    {
        switch (kind)
        {
            case Kind.Yes or Kind.No or Kind.Byte:
                Byte();
                break;
            case Kind.Short or Kind.Int or Kind.Long:
                Number();
                break;
            case Kind.Double:
                Pass(sizeof(double));
                break;
            case Kind.Uuid:
                Pass(16);
                break;
            case Kind.Text:
                Pass(Number());
                break;
            case Kind.Structure:
                Walk(shape ?? "*", depth + 1);
                break;
            case Kind.List or Kind.Set:
                SkipList(shape, depth);
                break;
            case Kind.Map:
                SkipMap(depth);
                break;
            default:
                throw new InvalidDataException($"a footer with a field of the unknown kind {(int)kind}");
        }
    }

    private void SkipList(string? shape, int depth)
    {
        var head = Byte();
        var (kind, item) = ((Kind)(head & 15), shape?[1..^1]);
        var count = head >> 4 is < 15 and var few ? (ulong)few : Number();
        // Every item takes a byte at least.
        if (count > (ulong)(bytes.Length - at))
            throw new InvalidDataException($"a footer with a list of {count:N0}, over its end");
        if (count > 0 && item is not null && !Fits(kind, item))
            throw new InvalidDataException("a footer with a list of another kind");
        for (var index = 0UL; index < count; index++)
            Skip(kind, item, depth + 1);
    }

    private void SkipMap(int depth)
    {
        var count = Number();
        if (count > (ulong)(bytes.Length - at))
            throw new InvalidDataException($"a footer with a map of {count:N0}, over its end");
        if (count == 0)
            return;
        var kinds = Byte();
        for (var index = 0UL; index < count; index++)
        {
            Skip((Kind)(kinds >> 4), null, depth + 1);
            Skip((Kind)(kinds & 15), null, depth + 1);
        }
    }

    private byte Byte() => at < bytes.Length ? bytes[at++] : throw new InvalidDataException("a footer that runs over its end");

    private void Pass(ulong count)
    {
        if (count > (ulong)(bytes.Length - at))
            throw new InvalidDataException("a footer that runs over its end");
        at += (int)count;
    }

    private ulong Number()
    {
        var number = 0UL;
        for (var index = 0; index < MostOfNumber; index++)
        {
            var next = Byte();
            number |= (ulong)(next & 0x7F) << (7 * index);
            if (next < 0x80)
                return number;
        }
        throw new InvalidDataException("a footer with a number without an end");
    }

    // Small numbers of either sign are small: 0, -1, 1, -2 and so on.
    private static int Signed(ulong number) => (int)((long)(number >> 1) ^ -(long)(number & 1));

    private static bool Fits(Kind kind, string shape) => shape switch
    {
        "n" => kind is Kind.Short or Kind.Int or Kind.Long,
        "b" => kind is Kind.Yes or Kind.No,
        "s" => kind is Kind.Text,
        ['[', ..] => kind is Kind.List,
        _ => kind is Kind.Structure,
    };

    private static Dictionary<int, string> Fields(string text) => text.Split(' ').ToDictionary(
        field => int.Parse(string.Concat(field.TakeWhile(char.IsDigit)), null), field => field.TrimStart([.. "0123456789"]));
}
