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

    /// <summary>Reads a value whose members were found when it was compiled, which spares the start of a program that search.</summary>
    /// <param name="path">The file.</param>
    /// <param name="members">What <see cref="Compiled"/> options tell of the type.</param>
    /// <inheritdoc cref="Read{T}(string)" path="/exception"/>
    internal static T Read<T>(string path, JsonTypeInfo<T> members) => Read(path, text =>
        JsonSerializer.Deserialize(text, members) ?? throw new KalmException($"{path}: found null, expected a JSON object"));

    /// <summary>The shared options for types whose members were found when they were compiled.</summary>
    internal static JsonSerializerOptions Compiled => new(Options) { TypeInfoResolver = null };

    /// <summary>Reads a value that another version of Kalm may have written: members that this one does not know are passed over.</summary>
    /// <inheritdoc cref="Read{T}(string)" path="/exception"/>
    public static T ReadOfAnyVersion<T>(string path) => Read<T>(path, LenientOptions);

    /// <summary>The same of a part of a file.</summary>
    /// <exception cref="KalmException">It does not fit; the message names the file.</exception>
    internal static T? OfAnyVersion<T>(string path, JsonElement part)
    {
        try
        {
            return part.Deserialize<T>(LenientOptions);
        }
        catch (JsonException error)
        {
            throw new KalmException($"{path}: {error.Message.Split(" Path:")[0]} (at {error.Path})", error);
        }
    }

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

    /// <summary>The same text of a type whose members were found when it was compiled.</summary>
    internal static string Text<T>(T value, JsonTypeInfo<T> members) => JsonSerializer.Serialize(value, members) + "\n";
}
