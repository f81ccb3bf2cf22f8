using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Kalm.Files;

namespace Kalm;

/// <summary>How the project's own files (recipes, run.json, kalm.json) are spelled: snake case, strict, enums as words.</summary>
public static class Json
{
    /// <summary>The shared options.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        // Otherwise there is none before the first value is read or written.
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    private static readonly JsonSerializerOptions LenientOptions =
        new(Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip };

    /// <summary>Reads a value from a file.</summary>
    /// <exception cref="KalmException">The file is missing, is not JSON or does not fit; the message names file and place.</exception>
    public static T Read<T>(string path) => Read<T>(path, Options);

    /// <summary>Reads a value that another version of Kalm may have written: members that this one does not know are passed over.</summary>
    /// <inheritdoc cref="Read{T}(string)" path="/exception"/>
    public static T ReadOfAnyVersion<T>(string path) => Read<T>(path, LenientOptions);

    private static T Read<T>(string path, JsonSerializerOptions options) => Read(path, text =>
        JsonSerializer.Deserialize<T>(text, options) ?? throw new KalmException($"{path}: found null, expected a JSON object"));

    /// <summary>Reads a value from a file, in a way of its own.</summary>
    /// <param name="path">The file.</param>
    /// <param name="parse">Makes the value of the text; may throw a <see cref="JsonException"/>.</param>
    /// <inheritdoc cref="Read{T}(string)" path="/exception"/>
    internal static T Read<T>(string path, Func<string, T> parse)
    {
        try
        {
            return parse(File.ReadAllText(path));
        }
        catch (JsonException error)
        {
            throw new KalmException($"{path}({error.LineNumber + 1}): {error.Message.Split(" Path:")[0]} (at {error.Path})", error);
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(path, "read the file", error);
        }
    }

    /// <summary>Writes a value, whole or not at all.</summary>
    public static void Write<T>(string path, T value) => AtomicFile.WriteAllText(path, Text(value));

    /// <summary>What <see cref="Write"/> puts into the file.</summary>
    public static string Text<T>(T value) => JsonSerializer.Serialize(value, Options) + "\n";
}
