using System.Buffers.Binary;
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
    private const int LongestText = 1 << 16;
    private const int LongestName = 255;

    private readonly ReadOnlySpan<byte> pickle;
    private readonly string path;
    private readonly PickleStack stack;
    private int at;

    private PickleReader(ReadOnlySpan<byte> pickle, string path, long fileLength)
    {
        this.pickle = pickle;
        this.path = path;
        stack = new PickleStack(path, fileLength);
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
                return stack.Pop();
            if (!ReadScalar(opcode) && !ReadContainer(opcode))
                Refuse(opcode);
            stack.CheckHeight();
        }
        throw stack.Fault($"has more than {MostOpcodes} opcodes");
    }

    private bool ReadScalar(char opcode)
    {
        switch (opcode)
        {
            case '\x80' when Take(1)[0] is var protocol and (< 2 or > 5):
                throw stack.Fault($"is of protocol {protocol}, expected 2 to 5");
            case '\x80':
                break;
            case '\x95':
                Take(8);
                break;
            case 'N':
                stack.Push(null);
                break;
            case '\x88' or '\x89':
                stack.Push(PickleOpaque.Truth);
                break;
            case 'J':
                stack.PushNumber(BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                break;
            case 'K':
                stack.PushNumber(Take(1)[0]);
                break;
            case 'M':
                stack.PushNumber(BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                break;
            case '\x8a':
                PushLong(Take(Take(1)[0]));
                break;
            case '\x8b':
                PushLong(Take(BinaryPrimitives.ReadInt32LittleEndian(Take(4))));
                break;
            case 'G':
                Take(8);
                stack.Push(PickleOpaque.Number);
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
                stack.Push(PickleOpaque.Bytes);
                break;
            case 'B':
                Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                stack.Push(PickleOpaque.Bytes);
                break;
            case '\x8e' or '\x96':
                Take(BinaryPrimitives.ReadUInt64LittleEndian(Take(8)));
                stack.Push(PickleOpaque.Bytes);
                break;
            case 'c':
                stack.PushGlobal(Line(), Line());
                break;
            case '\x93' when (stack.Pop(), stack.Pop()) is (string name, string module) && name.Length + module.Length <= 2 * LongestName:
                stack.PushGlobal(module, name);
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
                stack.Mark();
                break;
            case '0' when stack.EndsInMark:
            case '1':
                stack.PopMark();
                break;
            case '0':
                stack.Pop();
                break;
            case '2':
                stack.Push(stack.Top());
                break;
            case '}':
                stack.PushDictionary();
                break;
            case ']':
                stack.Push(PickleOpaque.List);
                break;
            case '\x8f':
                stack.Push(PickleOpaque.Set);
                break;
            case '\x91':
                stack.PopMark();
                stack.Push(PickleOpaque.Set);
                break;
            case 'a':
                stack.Pop();
                stack.RequireList();
                break;
            case 'e' or '\x90':
                stack.PopMark();
                stack.RequireList();
                break;
            case 's':
                var (value, key) = (stack.Pop(), stack.Pop());
                stack.Set(key, value);
                break;
            case 'u':
                var items = stack.PopMark();
                if (items.Length % 2 != 0)
                    throw stack.Fault("sets a key without a value");
                for (var i = 0; i < items.Length; i += 2)
                    stack.Set(items[i], items[i + 1]);
                break;
            case ')':
                stack.Push(Array.Empty<object?>());
                break;
            case '\x85':
                stack.PushTuple([stack.Pop()]);
                break;
            case '\x86':
                var second = stack.Pop();
                stack.PushTuple([stack.Pop(), second]);
                break;
            case '\x87':
                var (third, middle) = (stack.Pop(), stack.Pop());
                stack.PushTuple([stack.Pop(), middle, third]);
                break;
            case 't':
                stack.PushTuple(stack.PopMark());
                break;
            case 'q':
                stack.Memorize(Take(1)[0]);
                break;
            case 'r':
                stack.Memorize(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                break;
            case '\x94':
                stack.Memorize();
                break;
            case 'h':
                stack.Recall(Take(1)[0]);
                break;
            case 'j':
                stack.Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
                break;
            case 'R' or '\x81':
                var arguments = stack.Pop();
                stack.PushMade(PickleGlobals.Call(path, stack.Pop(), arguments));
                break;
            // What an object has beside its items: the versions of a state's modules, attributes of a tensor.
            case 'b':
                stack.Pop();
                _ = stack.Top();
                break;
            case 'Q':
                stack.PushStorage(stack.Pop());
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
        '\x93' => stack.Fault("names something that is no name"),
        _ => stack.Fault(
            $"holds the opcode 0x{(int)opcode:X2} at byte {at - 1}, which torch.save does not write; expected protocols 2 to 5"),
    });

    private readonly void PushLong(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > sizeof(long))
        {
            stack.Push(PickleOpaque.Number);
            return;
        }
        var number = 0L;
        for (var i = 0; i < bytes.Length; i++)
            number |= (i == bytes.Length - 1 ? (long)(sbyte)bytes[i] : bytes[i]) << (8 * i);
        stack.PushNumber(number);
    }

    private readonly void PushText(ReadOnlySpan<byte> text)
    {
        if (text.Length > LongestText)
        {
            stack.Push(PickleOpaque.LongText);
            return;
        }
        if (!Utf8.IsValid(text))
            throw stack.Fault("holds a text that is not valid UTF-8");
        stack.PushText(Encoding.UTF8.GetString(text));
    }

    private string Line()
    {
        var rest = pickle[at..];
        var length = rest[..Math.Min(rest.Length, LongestName + 1)].IndexOf((byte)'\n');
        if (length < 0)
            throw stack.Fault($"names something without an end, or in more than {LongestName} bytes");
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

    private readonly KalmException CutShort() =>
        stack.Fault($"ends at byte {pickle.Length} in the midst of a value; is the file cut short?");

}
