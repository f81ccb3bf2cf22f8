namespace Kalm.Templates;

// A value is one of: Undefined, None, bool, long, double, MarkedText, TemplateList, TemplateMap, TemplateNamespace, LoopState, Macro,
// BoundMethod, GlobalFunction.

/// <summary>The value of what is not there.</summary>
/// <param name="Name">What was asked for.</param>
internal sealed record Undefined(string Name);

/// <summary>Nothing.</summary>
internal sealed class None
{
    private None() { }

    /// <summary>The one of its kind.</summary>
    public static None Value { get; } = new();
}

/// <summary>Values in order.</summary>
/// <param name="items">The values.</param>
/// <param name="isStream">Whether it is what Python calls a generator: it can be read once, has no length, and is always true.</param>
/// <param name="isTuple">Whether it is what Python calls a tuple, and writes with parentheses.</param>
internal sealed class TemplateList(IReadOnlyList<object> items, bool isStream = false, bool isTuple = false)
{
    private bool isRead;

    /// <summary>The values.</summary>
    public IReadOnlyList<object> Items => items;

    /// <summary>Whether it is written with parentheses.</summary>
    public bool IsTuple => isTuple;

    /// <summary>Whether it can be read once only.</summary>
    public bool IsStream => isStream;

    /// <summary>Values of which a tuple is made.</summary>
    public static TemplateList Tuple(params IReadOnlyList<object> items) => new(items, isTuple: true);

    /// <summary>The values, for who reads them all.</summary>
    public IReadOnlyList<object> Read()
    {
        if (isStream && isRead)
            return [];
        isRead = true;
        return items;
    }
}

/// <summary>Values by key, in the order in which they came. Never changed once it is made.</summary>
internal sealed class TemplateMap
{
    private readonly Dictionary<object, int> places = [];

    /// <summary>Makes a map; of equal keys the last value counts.</summary>
    public TemplateMap(IEnumerable<(object Key, object Value)> entries)
    {
        var all = new List<(object Key, object Value)>();
        foreach (var entry in entries)
        {
            var key = KeyOf(entry.Key);
            if (places.TryAdd(key, all.Count))
                all.Add(entry);
            else
                all[places[key]] = (all[places[key]].Key, entry.Value);
        }
        Entries = all;
    }

    /// <summary>Keys and values.</summary>
    public IReadOnlyList<(object Key, object Value)> Entries { get; }

    /// <summary>The value of a key, or null.</summary>
    public object? Find(object key) => places.TryGetValue(KeyOf(key), out var place) ? Entries[place].Value : null;

    /// <summary>Whether a value can be a key.</summary>
    public static bool IsKey(object value) => value is MarkedText or long or double or bool or None;

    // To Python 1, 1.0 and True are one key.
    private static object KeyOf(object key) => key switch
    {
        MarkedText text => text.Value,
        bool flag => flag ? 1.0 : 0.0,
        long number => (double)number,
        _ => key,
    };
}

/// <summary>What <c>namespace()</c> makes: the one thing that a template can change.</summary>
internal sealed class TemplateNamespace
{
    /// <summary>Its attributes.</summary>
    public Dictionary<string, object> Values { get; } = [];
}

/// <summary>What <c>loop</c> is inside of a loop.</summary>
/// <param name="Items">All that is looped over.</param>
/// <param name="Index">The present one, from 0.</param>
internal sealed record LoopState(IReadOnlyList<object> Items, int Index)
{
    /// <summary>The names of its attributes.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem", "depth", "depth0"];

    /// <summary>An attribute, or null.</summary>
    public object? Find(string name) => name switch
    {
        "index" => Index + 1L,
        "index0" => (long)Index,
        "revindex" => (long)Items.Count - Index,
        "revindex0" => Items.Count - Index - 1L,
        "first" => Index == 0,
        "last" => Index == Items.Count - 1,
        "length" => (long)Items.Count,
        "previtem" => Index > 0 ? Items[Index - 1] : new Undefined(name),
        "nextitem" => Index + 1 < Items.Count ? Items[Index + 1] : new Undefined(name),
        // It counts the levels of a recursive loop, which there is none of.
        "depth" => 1L,
        "depth0" => 0L,
        _ => null,
    };
}

/// <summary>What <c>macro</c> makes.</summary>
/// <param name="Definition">Its text.</param>
/// <param name="Scope">Where it was made.</param>
internal sealed record Macro(MacroStatement Definition, TemplateScope Scope);

/// <summary>A method of a value.</summary>
internal sealed record BoundMethod(object Target, string Name);

/// <summary>A function that every template knows.</summary>
internal sealed record GlobalFunction(string Name);

/// <summary>The names that are known at a place, and those around it.</summary>
/// <param name="outer">What is around it; null for the whole template.</param>
internal sealed class TemplateScope(TemplateScope? outer)
{
    private readonly Dictionary<string, object> values = [];

    /// <summary>Gives a name a value, here only.</summary>
    public void Set(string name, object value) => values[name] = value;

    /// <summary>The value of a name, or null.</summary>
    public object? Find(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
            if (scope.values.TryGetValue(name, out var value))
                return value;
        return null;
    }

    private TemplateScope? Outer => outer;
}
