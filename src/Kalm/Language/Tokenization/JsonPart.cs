using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Kalm.Files;

namespace Kalm.Language.Tokenization;

/// <summary>A place in a JSON file: the value there, and the words for a message about it.</summary>
internal readonly record struct JsonPart(string File, string Place, JsonElement Value)
{
    // Published tokenizer files have up to 35 MB.
    private const long LongestFile = 512L << 20;

    private const int LongestMessage = 900;

    /// <summary>Parses a file; the root has to be an object.</summary>
    /// <exception cref="KalmException">The content is no JSON object in UTF-8, or an object in it names one property twice.</exception>
    public static JsonPart Parse(string file, byte[] content)
    {
        if (!Utf8.IsValid(content))
            throw new KalmException($"{file}: not valid UTF-8");
        try
        {
            // Not disposed of, since the part lives on it; a copy of it would take as much memory again.
            var document = JsonDocument.Parse(content, new() { AllowDuplicateProperties = false });
            return new JsonPart(file, "", document.RootElement).Expect(JsonValueKind.Object, "an object");
        }
        // A name with half a surrogate pair is an InvalidOperationException there.
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            var place = problem is JsonException { LineNumber: { } line, BytePositionInLine: { } column }
                ? $" (line {line + 1}, byte {column + 1})" : "";
            throw new KalmException($"{file}: not valid JSON{place}: {FileFault.Plain(problem.Message)}", problem);
        }
    }

    /// <summary>The bytes of a file; null when there is no such file.</summary>
    /// <exception cref="KalmException">The file cannot be read, or is too long for a tokenizer.</exception>
    public static byte[]? ReadFile(string file)
    {
        try
        {
            if (new FileInfo(file) is { Exists: true, Length: > LongestFile and var length })
                throw new KalmException($"{file}: {length} bytes; expected at most {LongestFile}");
            var content = System.IO.File.Exists(file) ? System.IO.File.ReadAllBytes(file) : null;
            return LfsPointer.IsPointer(content) ? throw new KalmException($"{file}: {LfsPointer.Advice}") : content;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new KalmException($"{file}: cannot be read: {problem.Message}", problem);
        }
    }

    /// <summary>The property <paramref name="name"/>; null when it is absent or JSON's null.</summary>
    public JsonPart? Find(string name) =>
        Expect(JsonValueKind.Object, "an object").Value.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? new(File, Place.Length == 0 ? name : $"{Place}.{name}", value) : null;

    /// <summary>The property <paramref name="name"/>, which has to be there.</summary>
    public JsonPart Require(string name) => Find(name) ?? throw Fault($"'{name}' is missing");

    /// <summary>The property <paramref name="name"/> as an object; null when it is absent or JSON's null.</summary>
    public JsonPart? FindObject(string name) => Find(name)?.Expect(JsonValueKind.Object, "an object");

    /// <summary>The property <paramref name="name"/> as true or false; null when it is absent or JSON's null.</summary>
    public bool? FindFlag(string name) => Find(name) is not { } part ? null : part.Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw part.Fault($"found {part.Shown}; expected true or false"),
    };

    /// <summary>The property <paramref name="name"/> as a text; null when it is absent or JSON's null.</summary>
    public string? FindText(string name) => Find(name)?.Text();

    /// <summary>The value as a text.</summary>
    public string Text() => TextOf(Expect(JsonValueKind.String, "a string").Value);

    /// <summary>A string of this place or within it; one that holds half a surrogate pair is a fault.</summary>
    public string TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Fault($"found {Show(value)}; expected a string");
        }
        catch (InvalidOperationException)
        {
            throw Fault($"{Show(value)} is not valid Unicode");
        }
    }

    /// <summary>A token id within this place.</summary>
    public int IdOf(JsonElement value, string token)
    {
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out var id) || id is < 0 or >= TokenizerReader.IdLimit)
            throw Fault(
                $"the id of '{FileFault.Plain(token)}' is {Show(value)}; expected a whole number from 0 to {TokenizerReader.IdLimit - 1}");
        return id;
    }

    /// <summary>The elements of an array.</summary>
    public IEnumerable<JsonPart> Items()
    {
        var index = 0;
        foreach (var item in Expect(JsonValueKind.Array, "an array").Value.EnumerateArray())
            yield return new(File, $"{Place}[{index++}]", item);
    }

    /// <summary>The same part, once its kind is known to be right.</summary>
    public JsonPart Expect(JsonValueKind kind, string expected) =>
        Value.ValueKind == kind ? this : throw Fault($"found {Shown}; expected {expected}");

    /// <summary>An error at this place; what it quotes of the file is cut short and made safe to print.</summary>
    public KalmException Fault(string message)
    {
        var text = new StringBuilder(File).Append(": ");
        foreach (var letter in (Place.Length == 0 ? "" : Place + ": ") + message)
            text.Append(char.IsControl(letter) && letter != '\n' ? '?' : letter);
        return new(text.Length > LongestMessage ? text.ToString(0, LongestMessage) + "..." : text.ToString());
    }

    /// <summary>The value, cut to a length that fits a message.</summary>
    public string Shown => Show(Value);

    private static string Show(JsonElement value)
    {
        var text = value.GetRawText().ReplaceLineEndings(" ");
        return FileFault.Plain(text.Length > 60 ? text[..57] + "..." : text);
    }
}
