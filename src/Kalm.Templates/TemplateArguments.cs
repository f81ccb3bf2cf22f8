namespace Kalm.Templates;

/// <summary>What a function, filter, test or method is called with.</summary>
/// <param name="place">Where.</param>
/// <param name="callee">What is called.</param>
/// <param name="positional">Values without names.</param>
/// <param name="named">Values with names.</param>
internal sealed class TemplateArguments(
    TemplatePlace place, string callee, IReadOnlyList<object> positional, IReadOnlyDictionary<string, object> named)
{
    /// <summary>Where it is called.</summary>
    public TemplatePlace Place => place;

    /// <summary>Values without names.</summary>
    public IReadOnlyList<object> Positional => positional;

    /// <summary>Values with names.</summary>
    public IReadOnlyDictionary<string, object> Named => named;

    /// <summary>The number of arguments.</summary>
    public int Count => positional.Count + named.Count;

    /// <summary>Refuses arguments that are not known.</summary>
    /// <param name="least">So many are needed.</param>
    /// <param name="names">The names of all, in order.</param>
    public TemplateArguments Check(int least, params string[] names)
    {
        var taken = names.Where((name, index) => index < positional.Count || named.ContainsKey(name)).Count();
        if (positional.Count > names.Length || taken < least
            || named.Keys.Any(name => Array.IndexOf(names, name) is var at && at < positional.Count))
            throw new TemplateException(
                place, $"{callee}: found {Count} arguments{(named.Count > 0 ? $" ({string.Join(", ", named.Keys)})" : "")}; expected "
                    + $"{(names.Length == 0 ? "none" : $"{least}..{names.Length} of {string.Join(", ", names)}")}");
        return this;
    }

    /// <summary>An argument, or null.</summary>
    public object? Find(int index, string name) => index < positional.Count ? positional[index] : named.GetValueOrDefault(name);

    /// <summary>An argument that is a text, or null; none counts as absent.</summary>
    public MarkedText? Text(int index, string name) => Find(index, name) switch
    {
        null or None => null,
        MarkedText text => text,
        var other => throw Expected(name, "a text", other),
    };

    /// <summary>An argument that must be a text.</summary>
    public MarkedText RequireText(int index, string name) =>
        Text(index, name) ?? throw Expected(name, "a text", Find(index, name) ?? None.Value);

    /// <summary>An argument that is a whole number, or null; none counts as absent.</summary>
    public long? Whole(int index, string name) => Find(index, name) switch
    {
        null or None => null,
        long or bool => TemplateOperations.Whole(Find(index, name)!),
        var other => throw Expected(name, "a whole number", other),
    };

    /// <summary>Whether an argument counts as true; absent it does not.</summary>
    public bool Flag(int index, string name) => Find(index, name) is { } value && TemplateOperations.IsTrue(value);

    /// <summary>The arguments behind the first.</summary>
    public TemplateArguments Rest(string name) => new(place, name, [.. positional.Skip(1)], named);

    private TemplateException Expected(string name, string what, object found) =>
        new(place, $"{callee}: found {TemplateOperations.Describe(found)} for {name}; expected {what}");
}
