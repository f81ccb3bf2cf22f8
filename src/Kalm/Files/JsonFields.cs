using System.Text.Json;

namespace Kalm.Files;

/// <summary>The fields of a JSON object in a configuration file. A field that is absent and one that is null read the same, and
/// every fault names the file, the key, what was found and what was expected.</summary>
internal sealed class JsonFields
{
    // Real ones have a few kilobytes; the limit keeps a hostile one from filling the memory.
    private const int MostBytes = 1 << 20;
    private const int LongestExcerpt = 60;

    private readonly Dictionary<string, JsonElement> _fields;
    private readonly string _prefix;

    private JsonFields(string path, string prefix, JsonElement element)
    {
        Path = path;
        _prefix = prefix;
        _fields = element.EnumerateObject().ToDictionary(field => field.Name, field => field.Value);
    }

    /// <summary>The file, for messages.</summary>
    public string Path { get; }

    /// <summary>The keys present, whatever their value.</summary>
    public IEnumerable<string> Keys => _fields.Keys;

    /// <summary>Reads the file, whose whole content must be one JSON object without repeated keys.</summary>
    public static JsonFields Load(string path)
    {
        return Parse(path, ReadBounded(path, MostBytes));
    }

    /// <summary>Reads a text whose whole content must be one JSON object without repeated keys.</summary>
    /// <param name="path">Where it comes from, for messages.</param>
    /// <param name="content">The text in UTF-8.</param>
    public static JsonFields Parse(string path, byte[] content)
    {
        try
        {
            using var document = JsonDocument.Parse(content, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 32 });
            RequireText(document.RootElement);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new KalmException($"{path}: found {Excerpt(document.RootElement)}, expected a JSON object");
            return new JsonFields(path, "", document.RootElement.Clone());
        }
        catch (JsonException error)
        {
            throw NotValid(path, error);
        }
        catch (InvalidOperationException error)
        {
            throw new KalmException($"{path}: holds a text that is not valid Unicode", error);
        }
    }

    /// <summary>The value of <paramref name="key"/>; null when it is absent or null.</summary>
    public JsonElement? Value(string key) =>
        _fields.TryGetValue(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>Whether the key is there, even with the value null.</summary>
    public bool Has(string key) => _fields.ContainsKey(key);

    /// <summary>A whole number.</summary>
    public int? Integer(string key) => Value(key) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
        : throw Fault(key, "a whole number");

    /// <summary>A whole number that must be there.</summary>
    public int RequiredInteger(string key) => Integer(key) ?? throw Fault(key, "a whole number");

    /// <summary>A whole number or a list of them; empty when it is absent or null.</summary>
    public int[] Integers(string key)
    {
        if (Value(key) is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Array)
            return [RequiredInteger(key)];
        return [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var number)
            ? number : throw Fault(key, "a whole number or a list of them"))];
    }

    /// <summary>A finite number.</summary>
    public double? Number(string key) => Value(key) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) ? number
        : throw Fault(key, "a number");

    /// <summary>A truth value.</summary>
    public bool? Flag(string key) => Value(key)?.ValueKind switch
    {
        null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Fault(key, "true or false"),
    };

    /// <summary>A text.</summary>
    public string? Text(string key) => Value(key) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : throw Fault(key, "a text");

    /// <summary>An object within this one; its faults bear both keys.</summary>
    public JsonFields? Object(string key) => Value(key) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new JsonFields(Path, $"{_prefix}{key}.", value)
        : throw Fault(key, "an object");

    /// <summary>Which of two spellings of one key is there; both may be when they agree.</summary>
    public string EitherKey(string newer, string older)
    {
        if (Value(newer) is { } value && Value(older) is { } other && !JsonElement.DeepEquals(value, other))
            throw Fault(older, $"the same as {_prefix}{newer}, {Excerpt(value)}");
        return Value(newer) is null ? older : newer;
    }

    /// <summary>The error for the value of <paramref name="key"/>.</summary>
    public KalmException Fault(string key, string expected) =>
        new($"{Path}: {_prefix}{FileFault.Plain(key)}: found {(_fields.TryGetValue(key, out var value) ? Excerpt(value) : "nothing")}, "
            + $"expected {expected}");

    /// <summary>The error for a file that is not JSON. The reader's own message may repeat any amount of the file.</summary>
    internal static KalmException NotValid(string what, JsonException error)
    {
        var place = error is { LineNumber: { } line, BytePositionInLine: { } at } ? $" in line {line + 1}, byte {at + 1}" : "";
        var reason = error.Message.Split(" LineNumber:")[0];
        return new KalmException($"{what}: not valid JSON{place}: {FileFault.Plain(reason)}", error);
    }

    private static string Excerpt(JsonElement value)
    {
        var text = value.GetRawText().ReplaceLineEndings(" ");
        return FileFault.Plain(text.Length > LongestExcerpt ? string.Concat(text.AsSpan(0, LongestExcerpt), "...") : text);
    }

    // Touches every text once, so that no later access can meet an escaped half of a surrogate pair.
    private static void RequireText(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.String)
            _ = element.GetString();
        else if (element.ValueKind == JsonValueKind.Array)
            foreach (var item in element.EnumerateArray())
                RequireText(item);
        else if (element.ValueKind == JsonValueKind.Object)
            foreach (var field in element.EnumerateObject())
            {
                _ = field.Name;
                RequireText(field.Value);
            }
    }

    /// <summary>The bytes of a file that may have at most so many.</summary>
    internal static byte[] ReadBounded(string path, int most)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (stream.Length > most)
                throw new KalmException($"{path}: found {stream.Length} bytes, expected at most {most}");
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            return LfsPointer.IsPointer(content) ? throw new KalmException($"{path}: {LfsPointer.Advice}") : content;
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(path, "read", error);
        }
    }
}
