namespace Kalm.Language.Sources.Gguf;

/// <summary>The keys of a file that begin with its architecture's name; here they are named without it.</summary>
internal sealed class GgufKeys(GgufMetadata metadata, string architecture)
{
    /// <summary>The file.</summary>
    public string Path => metadata.Path;

    /// <summary>A whole number; a list of the same number for every layer counts as that number. Null when the key is absent.</summary>
    public int? Count(string key)
    {
        if (!metadata.IsList(Full(key)))
            return metadata.Count(Full(key));
        var values = metadata.Wholes(Full(key))!;
        return values.Count > 0 && values.All(value => value == values[0]) && values[0] is >= 0 and <= int.MaxValue ? (int)values[0]
            : throw Fault(key, "a whole number, the same for every layer");
    }

    /// <summary>A whole number that has to be there.</summary>
    public int Required(string key) => Count(key) ?? throw Fault(key, "a whole number");

    /// <summary>A number; null when the key is absent.</summary>
    public double? Number(string key) => metadata.Number(Full(key));

    /// <summary>A text; null when the key is absent.</summary>
    public string? Text(string key) => metadata.Text(Full(key));

    /// <summary>A truth value; null when the key is absent.</summary>
    public bool? Flag(string key) => metadata.Flag(Full(key));

    /// <summary>A truth value for each layer; null when the key is absent or no list.</summary>
    public IReadOnlyList<bool>? Flags(string key) => metadata.IsList(Full(key)) ? metadata.Flags(Full(key)) : null;

    /// <summary>The keys that are not among those given, by their full names in order.</summary>
    public IEnumerable<string> Beside(HashSet<string> known) => metadata.Keys
        .Where(key => key.StartsWith(architecture + ".", StringComparison.Ordinal) && !known.Contains(key[(architecture.Length
            + 1)..])).Order(StringComparer.Ordinal);

    /// <summary>The error that names file, key and value.</summary>
    public KalmException Fault(string key, string expected) => metadata.Fault(Full(key), expected);

    private string Full(string key) => $"{architecture}.{key}";
}
