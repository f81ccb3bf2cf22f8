namespace Kalm.Language.Sources.Pickled;

// What a pickle builds here: null, whole numbers (long), texts (string), tuples (object?[]) and these.

/// <summary>A value of which nothing but its kind matters to the weights.</summary>
/// <param name="Kind">What it is, for messages.</param>
internal sealed record PickleOpaque(string Kind)
{
    public static readonly PickleOpaque List = new("a list");
    public static readonly PickleOpaque Set = new("a set");
    public static readonly PickleOpaque Bytes = new("bytes");
    public static readonly PickleOpaque Number = new("a number");
    public static readonly PickleOpaque Truth = new("true or false");
    public static readonly PickleOpaque LongText = new("a long text");
    public static readonly PickleOpaque Other = new("a value");
}

/// <summary>A class or function by its name. Nothing of that name is ever looked up or run.</summary>
/// <param name="Name">Module and name, such as <c>torch.FloatStorage</c>.</param>
internal sealed record PickleGlobal(string Name);

/// <summary>A dictionary: what stands under texts, and how many other keys there are.</summary>
internal sealed class PickleDictionary
{
    private Dictionary<string, object?>? items;

    public IReadOnlyDictionary<string, object?> Items => items ?? [];

    public int OtherKeys { get; private set; }

    public void Set(object? key, object? value)
    {
        if (key is string text)
            (items ??= [])[text] = value;
        else
            OtherKeys++;
    }
}

/// <summary>The numbers of one or more tensors.</summary>
/// <param name="Class">What they are, such as <c>torch.FloatStorage</c>.</param>
/// <param name="Key">The name of the archive's entry that holds them.</param>
/// <param name="Count">How many there are.</param>
internal sealed record PickleStorage(string Class, string Key, long Count);

/// <summary>A tensor as the pickle describes it; nothing of it has been checked.</summary>
/// <param name="Storage">Where its numbers lie.</param>
/// <param name="Offset">Its first element, counted in elements from the begin of the storage.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="Strides">By how many elements the next one along each dimension lies further on.</param>
/// <param name="Type">The type of its elements where it is not the storage's, such as <c>torch.float32</c>.</param>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, long[] Shape, long[] Strides, string? Type);
