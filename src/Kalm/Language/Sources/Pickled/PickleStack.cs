using System.Runtime.InteropServices;

namespace Kalm.Language.Sources.Pickled;

/// <summary>The values that a pickle has built so far: a stack with marks in it, and those that it memorized. Their number and the memory
/// that they take are bounded.</summary>
/// <param name="path">The file, for messages.</param>
/// <param name="fileLength">How long the whole file is, in bytes.</param>
internal sealed class PickleStack(string path, long fileLength)
{
    private const int MostStacked = 1 << 17;

    // What building may take beyond the file's own size, in bytes.
    private const long SpareBytes = 40L << 20;
    private const int ObjectCost = 32;
    private const int EntryCost = 112;
    private const int DictionaryCost = 200;
    private const int NameCost = 128;

    // More than it takes: a long chain of them is slow to collect.
    private const int TupleCost = 160;
    private const int TensorCost = 160;

    private readonly List<object?> values = [];
    private readonly List<int> marks = [];
    private readonly Dictionary<long, object?> memo = [];
    private long left = fileLength + SpareBytes;

    /// <summary>Whether nothing was put behind the last mark.</summary>
    public bool EndsInMark => marks.Count > 0 && marks[^1] == values.Count;

    public void CheckHeight()
    {
        if (values.Count + marks.Count > MostStacked)
            throw Fault($"stacks more than {MostStacked} values");
    }

    public void Mark() => marks.Add(values.Count);

    public void PushNumber(long number)
    {
        Spend(ObjectCost);
        Push(number);
    }

    public void PushText(string text)
    {
        Spend(ObjectCost + (2 * text.Length));
        Push(text);
    }

    public void PushDictionary()
    {
        Spend(DictionaryCost);
        Push(new PickleDictionary());
    }

    /// <summary>Puts there what a call has made.</summary>
    public void PushMade(object? made)
    {
        Spend(made is PickleTensor tensor ? TensorCost + (2 * sizeof(long) * tensor.Shape.Length) : DictionaryCost);
        Push(made);
    }

    /// <summary>Puts there the storage that an id from outside the pickle names.</summary>
    public void PushStorage(object? id)
    {
        Spend(2 * ObjectCost);
        Push(id is object?[] and ["storage", PickleGlobal type, string key, _, long count, ..] && PickleGlobals.IsStorage(type.Name)
            ? new PickleStorage(type.Name, key, count)
            : throw Fault("refers to something that is no storage of torch's; expected the numbers of tensors"));
    }

    public void PushTuple(object?[] items)
    {
        Spend(TupleCost + (sizeof(long) * items.Length));
        Push(items);
    }

    public void PushGlobal(string module, string name)
    {
        Spend(NameCost + (6 * (module.Length + name.Length)));
        Push(PickleGlobals.Find(path, module, name));
    }

    public void Set(object? key, object? value)
    {
        if (Top() is not PickleDictionary dictionary)
            throw Fault("sets a key of something that is no dictionary");
        Spend(EntryCost);
        dictionary.Set(key, value);
    }

    public void RequireList()
    {
        if (Top() is not PickleOpaque)
            throw Fault("appends to something that is no list");
    }

    public void Memorize(long place)
    {
        Spend(EntryCost);
        memo[place] = Top();
    }

    /// <summary>Memorizes the topmost value under the next number.</summary>
    public void Memorize() => Memorize(memo.Count);

    public void Recall(long place) =>
        Push(memo.TryGetValue(place, out var value) ? value : throw Fault($"recalls the value {place}, which it has not memorized"));

    public void Push(object? value) => values.Add(value);

    public object? Pop()
    {
        var value = Top();
        values.RemoveAt(values.Count - 1);
        return value;
    }

    public object? Top() =>
        values.Count > (marks.Count > 0 ? marks[^1] : 0) ? values[^1] : throw Fault("takes a value where it has none");

    public object?[] PopMark()
    {
        if (marks.Count == 0)
            throw Fault("takes values from a mark where it has none");
        var begin = marks[^1];
        marks.RemoveAt(marks.Count - 1);
        Spend(sizeof(long) * (values.Count - begin));
        var taken = CollectionsMarshal.AsSpan(values)[begin..].ToArray();
        values.RemoveRange(begin, taken.Length);
        return taken;
    }

    private void Spend(long bytes)
    {
        if ((left -= bytes) < 0)
            throw Fault("describes values that take more memory than the file's size lets expect");
    }

    public KalmException Fault(string fault) => new($"{path}: its pickle {fault}; is it one that torch.save wrote?");
}
