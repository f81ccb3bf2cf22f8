using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using Kalm.Files;

namespace Kalm.Language.Sources.Pickled;

/// <summary>Reads a pickle of protocols 2 to 5 that holds weights, and runs nothing: names become <see cref="PickleGlobal"/>s, calls of
/// them the values of <see cref="PickleGlobals"/>, everything else that is not needed is dropped.
/// Opcodes: https://docs.python.org/3/library/pickletools.html.</summary>
internal ref struct PickleReader
{
    /// <summary>The longest pickle that is read, in bytes: far beyond any description of weights.</summary>
    public const int LongestPickle = 1 << 28;

    // Fifty for each of the most tensors that are read.
    private const int MostOpcodes = 1 << 23;
    private const int MostStacked = 1 << 17;
    private const int LongestText = 1 << 16;
    private const int LongestName = 255;

    // What building may take beyond the file's own size, in bytes.
    private const long SpareBytes = 40L << 20;
    private const int ObjectCost = 32;
    private const int EntryCost = 112;
    private const int DictionaryCost = 200;
    private const int NameCost = 128;

    // More than it takes: a long chain of them is slow to collect.
    private const int TupleCost = 160;
    private const int TensorCost = 160;

    private readonly ReadOnlySpan<byte> pickle;
    private readonly string path;
    private readonly List<object?> stack = [];
    private readonly List<int> marks = [];
    private readonly Dictionary<long, object?> memo = [];
    private long left;
    private int at;

    private PickleReader(ReadOnlySpan<byte> pickle, string path, long fileLength)
    {
        this.pickle = pickle;
        (this.path, left) = (path, fileLength + SpareBytes);
    }

    /// <summary>The value that the pickle describes.</summary>
    /// <param name="pickle">All of its bytes.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="fileLength">How long the whole file is: building takes no more memory than that and a few megabytes.</param>
    /// <exception cref="KalmException">The pickle is not sound, or names something that weights do not need.</exception>
    public static object? Read(ReadOnlySpan<byte> pickle, string path, long fileLength) =>
        new PickleReader(pickle, path, fileLength).ReadAll();

    private object? ReadAll()
    {
        for (var count = 0; count < MostOpcodes; count++)
        {
            var opcode = (char)Take(1)[0];
            if (opcode == '.')
                return Pop();
            if (!ReadScalar(opcode) && !ReadContainer(opcode))
                Refuse(opcode);
            if (stack.Count + marks.Count > MostStacked)
                throw Fault($"stacks more than {MostStacked} values");
        }
        throw Fault($"has more than {MostOpcodes} opcodes");
    }

    private bool ReadScalar(char opcode)
    {
        switch (opcode)
        {
            case '\x80' when Take(1)[0] is var protocol and (< 2 or > 5):
                throw Fault($"is of protocol {protocol}, expected 2 to 5");
            case '\x80':
                break;
            case '\x95':
                Take(8);
                break;
            case 'N':
                Push(null);
                break;
            case '\x88' or '\x89':
                Push(PickleOpaque.Truth);
                break;
            case 'J':
                PushNumber(BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                break;
            case 'K':
                PushNumber(Take(1)[0]);
                break;
            case 'M':
                PushNumber(BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                break;
            case '\x8a':
                PushLong(Take(Take(1)[0]));
                break;
            case '\x8b':
                PushLong(Take(BinaryPrimitives.ReadInt32LittleEndian(Take(4))));
                break;
            case 'G':
                Take(8);
                Push(PickleOpaque.Number);
                break;
            // Python 2 wrote its texts as U and T.
            case '\x8c' or 'U':
                PushText(Take(Take(1)[0]));
                break;
            case 'X' or 'T':
                PushText(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            case '\x8d':
                PushText(Take(BinaryPrimitives.ReadUInt64LittleEndian(Take(8))));
                break;
            case 'C':
                Take(Take(1)[0]);
                Push(PickleOpaque.Bytes);
                break;
            case 'B':
                Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                Push(PickleOpaque.Bytes);
                break;
            case '\x8e' or '\x96':
                Take(BinaryPrimitives.ReadUInt64LittleEndian(Take(8)));
                Push(PickleOpaque.Bytes);
                break;
            case 'c':
                PushGlobal(Line(), Line());
                break;
            case '\x93' when (Pop(), Pop()) is (string name, string module) && name.Length + module.Length <= 2 * LongestName:
                PushGlobal(module, name);
                break;
            default:
                return false;
        }
        return true;
    }

    private bool ReadContainer(char opcode)
    {
        switch (opcode)
        {
            case '(':
                marks.Add(stack.Count);
                break;
            case '0' when marks.Count > 0 && marks[^1] == stack.Count:
            case '1':
                PopMark();
                break;
            case '0':
                Pop();
                break;
            case '2':
                Push(Top());
                break;
            case '}':
                Spend(DictionaryCost);
                Push(new PickleDictionary());
                break;
            case ']':
                Push(PickleOpaque.List);
                break;
            case '\x8f':
                Push(PickleOpaque.Set);
                break;
            case '\x91':
                PopMark();
                Push(PickleOpaque.Set);
                break;
            case 'a':
                Pop();
                RequireList();
                break;
            case 'e' or '\x90':
                PopMark();
                RequireList();
                break;
            case 's':
                var (value, key) = (Pop(), Pop());
                Set(key, value);
                break;
            case 'u':
                var items = PopMark();
                if (items.Length % 2 != 0)
                    throw Fault("sets a key without a value");
                for (var i = 0; i < items.Length; i += 2)
                    Set(items[i], items[i + 1]);
                break;
            case ')':
                Push(Array.Empty<object?>());
                break;
            case '\x85':
                PushTuple([Pop()]);
                break;
            case '\x86':
                var second = Pop();
                PushTuple([Pop(), second]);
                break;
            case '\x87':
                var (third, middle) = (Pop(), Pop());
                PushTuple([Pop(), middle, third]);
                break;
            case 't':
                PushTuple(PopMark());
                break;
            case 'q':
                Memorize(Take(1)[0]);
                break;
            case 'r':
                Memorize(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                break;
            case '\x94':
                Memorize(memo.Count);
                break;
            case 'h':
                Recall(Take(1)[0]);
                break;
            case 'j':
                Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                break;
            case 'R' or '\x81':
                var arguments = Pop();
                var made = PickleGlobals.Call(path, Pop(), arguments);
                Spend(made is PickleTensor tensor ? TensorCost + (2 * sizeof(long) * tensor.Shape.Length) : DictionaryCost);
                Push(made);
                break;
            // What an object has beside its items: the versions of a state's modules, attributes of a tensor.
            case 'b':
                Pop();
                _ = Top();
                break;
            case 'Q':
                Spend(2 * ObjectCost);
                Push(Storage(Pop()));
                break;
            default:
                return false;
        }
        return true;
    }

    private void Refuse(char opcode) => throw (opcode switch
    {
        'i' => new KalmException($"{path}: its pickle calls {FileFault.Quote($"{Line()}.{Line()}")}, expected tensors and plain values "
            + "alone: " + PickleGlobals.NeverRun),
        '\x93' => Fault("names something that is no name"),
        _ => Fault($"holds the opcode 0x{(int)opcode:X2} at byte {at - 1}, which torch.save does not write; expected protocols 2 to 5"),
    });

    private readonly PickleStorage Storage(object? id) =>
        id is object?[] and ["storage", PickleGlobal type, string key, _, long count, ..] && PickleGlobals.IsStorage(type.Name)
            ? new PickleStorage(type.Name, key, count)
            : throw Fault("refers to something that is no storage of torch's; expected the numbers of tensors");

    private void PushNumber(long number)
    {
        Spend(ObjectCost);
        Push(number);
    }

    private void PushLong(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > sizeof(long))
        {
            Push(PickleOpaque.Number);
            return;
        }
        var number = 0L;
        for (var i = 0; i < bytes.Length; i++)
            number |= (i == bytes.Length - 1 ? (long)(sbyte)bytes[i] : bytes[i]) << (8 * i);
        PushNumber(number);
    }

    private void PushText(ReadOnlySpan<byte> text)
    {
        if (text.Length > LongestText)
        {
            Push(PickleOpaque.LongText);
            return;
        }
        if (!Utf8.IsValid(text))
            throw Fault("holds a text that is not valid UTF-8");
        Spend(ObjectCost + (2 * text.Length));
        Push(Encoding.UTF8.GetString(text));
    }

    private void PushTuple(object?[] items)
    {
        Spend(TupleCost + (sizeof(long) * items.Length));
        Push(items);
    }

    private void PushGlobal(string module, string name)
    {
        Spend(NameCost + (6 * (module.Length + name.Length)));
        Push(PickleGlobals.Find(path, module, name));
    }

    private void Set(object? key, object? value)
    {
        if (Top() is not PickleDictionary dictionary)
            throw Fault("sets a key of something that is no dictionary");
        Spend(EntryCost);
        dictionary.Set(key, value);
    }

    private readonly void RequireList()
    {
        if (Top() is not PickleOpaque)
            throw Fault("appends to something that is no list");
    }

    private void Memorize(long place)
    {
        Spend(EntryCost);
        memo[place] = Top();
    }

    private readonly void Recall(long place) =>
        Push(memo.TryGetValue(place, out var value) ? value : throw Fault($"recalls the value {place}, which it has not memorized"));

    private readonly void Push(object? value) => stack.Add(value);

    private readonly object? Pop()
    {
        var value = Top();
        stack.RemoveAt(stack.Count - 1);
        return value;
    }

    private readonly object? Top() =>
        stack.Count > (marks.Count > 0 ? marks[^1] : 0) ? stack[^1] : throw Fault("takes a value where it has none");

    private object?[] PopMark()
    {
        if (marks.Count == 0)
            throw Fault("takes values from a mark where it has none");
        var begin = marks[^1];
        marks.RemoveAt(marks.Count - 1);
        Spend(sizeof(long) * (stack.Count - begin));
        var values = CollectionsMarshal.AsSpan(stack)[begin..].ToArray();
        stack.RemoveRange(begin, values.Length);
        return values;
    }

    private string Line()
    {
        var rest = pickle[at..];
        var length = rest[..Math.Min(rest.Length, LongestName + 1)].IndexOf((byte)'\n');
        if (length < 0)
            throw Fault($"names something without an end, or in more than {LongestName} bytes");
        at += length + 1;
        return Encoding.Latin1.GetString(rest[..length]);
    }

    private ReadOnlySpan<byte> Take(ulong count) => count <= (ulong)(pickle.Length - at) ? Take((int)count) : throw CutShort();

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > pickle.Length - at)
            throw CutShort();
        at += count;
        return pickle.Slice(at - count, count);
    }

    private void Spend(long bytes)
    {
        if ((left -= bytes) < 0)
            throw Fault("describes values that take more memory than the file's size lets expect");
    }

    private readonly KalmException CutShort() => Fault($"ends at byte {pickle.Length} in the midst of a value; is the file cut short?");

    private readonly KalmException Fault(string fault) => new($"{path}: its pickle {fault}; is it one that torch.save wrote?");
}
