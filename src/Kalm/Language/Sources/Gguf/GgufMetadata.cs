using System.Globalization;
using Kalm.Files;

namespace Kalm.Language.Sources.Gguf;

/// <summary>The keys of a GGUF file with their values. A value of another kind than asked for is a fault that names file and
/// key.</summary>
/// <param name="path">The file, for messages.</param>
/// <param name="values">The values: numbers and truth values as they are, texts, and arrays of these or of arrays.</param>
public sealed class GgufMetadata(string path, IReadOnlyDictionary<string, object> values)
{
    /// <summary>The file that the keys are from.</summary>
    public string Path { get; } = path;

    /// <summary>All keys, in no order.</summary>
    public IEnumerable<string> Keys => values.Keys;

    /// <summary>Whether the file has the key.</summary>
    public bool Has(string key) => values.ContainsKey(key);

    /// <summary>A text; null when the key is absent.</summary>
    public string? Text(string key) => Find(key) switch
    {
        null => null,
        string text => text,
        _ => throw Fault(key, "a text"),
    };

    /// <summary>A whole number of any width; null when the key is absent.</summary>
    public long? Whole(string key) => Find(key) is { } value ? ToWhole(value) ?? throw Fault(key, "a whole number") : null;

    /// <summary>A whole number from 0 on that fits 31 bits; null when the key is absent.</summary>
    public int? Count(string key) => Whole(key) switch
    {
        null => null,
        >= 0 and <= int.MaxValue and var value => (int)value,
        _ => throw Fault(key, $"a whole number from 0 to {int.MaxValue}"),
    };

    /// <summary>A number; null when the key is absent.</summary>
    public double? Number(string key) => Find(key) switch
    {
        null => null,
        // A single stands for the decimal number that it was written from: 1e-05 rather than 9.999999747378752e-06.
        float single when float.IsFinite(single) =>
            double.Parse(single.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
        double number when double.IsFinite(number) => number,
        float or double => throw Fault(key, "a finite number"),
        var value => ToWhole(value) ?? throw Fault(key, "a number"),
    };

    /// <summary>A truth value; null when the key is absent.</summary>
    public bool? Flag(string key) => Find(key) switch
    {
        null => null,
        bool flag => flag,
        _ => throw Fault(key, "true or false"),
    };

    /// <summary>A list of texts; null when the key is absent.</summary>
    public IReadOnlyList<string>? Texts(string key) => Find(key) switch
    {
        null => null,
        string[] texts => texts,
        Array { Length: 0 } => [],
        _ => throw Fault(key, "a list of texts"),
    };

    /// <summary>A list of truth values; null when the key is absent.</summary>
    public IReadOnlyList<bool>? Flags(string key) => Find(key) switch
    {
        null => null,
        bool[] flags => flags,
        _ => Wholes(key)!.Select(value => value != 0).ToArray(),
    };

    /// <summary>A list of whole numbers of any width; null when the key is absent.</summary>
    public IReadOnlyList<long>? Wholes(string key) => Find(key) switch
    {
        null => null,
        long[] numbers => numbers,
        int[] numbers => Array.ConvertAll(numbers, value => (long)value),
        uint[] numbers => Array.ConvertAll(numbers, value => (long)value),
        byte[] numbers => Array.ConvertAll(numbers, value => (long)value),
        sbyte[] numbers => Array.ConvertAll(numbers, value => (long)value),
        short[] numbers => Array.ConvertAll(numbers, value => (long)value),
        ushort[] numbers => Array.ConvertAll(numbers, value => (long)value),
        ulong[] numbers when numbers.All(value => value <= long.MaxValue) => Array.ConvertAll(numbers, value => (long)value),
        _ => throw Fault(key, "a list of whole numbers"),
    };

    /// <summary>A list of numbers; null when the key is absent.</summary>
    public IReadOnlyList<float>? Numbers(string key) => Find(key) switch
    {
        null => null,
        float[] numbers => numbers,
        double[] numbers => Array.ConvertAll(numbers, value => (float)value),
        _ => throw Fault(key, "a list of numbers"),
    };

    /// <summary>Whether the value is a list.</summary>
    public bool IsList(string key) => Find(key) is Array;

    /// <summary>A value as a message shows it.</summary>
    public string Show(string key) => Find(key) switch
    {
        null => "nothing",
        string text => FileFault.Quote(text),
        Array list => $"a list of {list.Length}",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        var value => value.ToString()!.ToLowerInvariant(),
    };

    /// <summary>The error that names file, key and value.</summary>
    public KalmException Fault(string key,
        string expected) => new($"{Path}: {FileFault.Plain(key)}: found {Show(key)}, expected {expected}");

    /// <summary>The key's value as a whole number that fits 31 bits.</summary>
    internal int RequiredCount(string key) => Count(key) ?? throw Fault(key, "a whole number");

    private object? Find(string key) => values.GetValueOrDefault(key);

    private static long? ToWhole(object value) => value switch
    {
        byte number => number,
        sbyte number => number,
        short number => number,
        ushort number => number,
        int number => number,
        uint number => number,
        long number => number,
        ulong and <= long.MaxValue => (long)(ulong)value,
        _ => null,
    };
}
