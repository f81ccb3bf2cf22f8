using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Kalm.Graph;

namespace Kalm.Alignment.Options;

/// <summary>Reads options, in sections or in the flat names of former versions.</summary>
internal static class OptionsJson
{
    private static readonly IReadOnlyDictionary<string, string> Known = KnownNames();

    /// <summary>Reads options.</summary>
    /// <param name="found">The object that holds them.</param>
    /// <param name="options">How strict to be about names that are not known.</param>
    /// <exception cref="JsonException">Something in it does not fit; the path says where.</exception>
    public static AlignmentOptions Read(JsonElement found, JsonSerializerOptions options)
    {
        if (found.ValueKind != JsonValueKind.Object)
            throw new JsonException($"found {found.ValueKind}; expected an object of options", "$", null, null);
        var sectioned = FlatNames.Sectioned(JsonObject.Create(found)!);
        Check(sectioned, typeof(AlignmentOptions), "", options);
        return sectioned.Deserialize<AlignmentOptions>(options)!;
    }

    private static void Check(JsonObject found, Type type, string path, JsonSerializerOptions options)
    {
        var properties = options.GetTypeInfo(type).Properties.ToDictionary(property => property.Name);
        foreach (var (name, value) in found)
        {
            if (!properties.TryGetValue(name, out var property))
            {
                if (options.UnmappedMemberHandling == JsonUnmappedMemberHandling.Disallow)
                    throw Fault(path + name, Unknown(path + name, path, properties.Keys));
            }
            else if (value is null && !property.PropertyType.IsValueType && !property.IsSetNullable)
            {
                throw Fault(path + name, $"{path}{name}: found null; expected a value");
            }
            else if (value is JsonObject section && IsSection(property.PropertyType, options))
            {
                Check(section, property.PropertyType, $"{path}{name}.", options);
            }
        }
    }

    private static JsonException Fault(string place, string message) => new(message, $"$.{place}", null, null);

    private static string Unknown(string found, string section, IEnumerable<string> expected)
    {
        var meant = Suggestion.Nearest(found, Known.Keys) ?? Suggestion.Nearest(found[section.Length..], Known.Keys);
        return $"unknown option '{found}'; " + (meant is not null
            ? $"did you mean '{Known[meant]}'?" : $"expected one of {string.Join(", ", expected)}");
    }

    /// <summary>What an option may be called by whom does not know its section, and its path: the path itself, the former name, and the
    /// last name where only one option has it.</summary>
    private static Dictionary<string, string> KnownNames()
    {
        Json.Options.MakeReadOnly(populateMissingResolver: true);
        var paths = PathsOf(typeof(AlignmentOptions), "").ToList();
        var names = paths.ToDictionary(path => path);
        foreach (var (name, path) in FlatNames.Paths)
            names.TryAdd(name, path);
        foreach (var last in paths.GroupBy(path => path[(path.LastIndexOf('.') + 1)..]).Where(group => group.Count() == 1))
            names.TryAdd(last.Key, last.Single());
        return names;
    }

    private static IEnumerable<string> PathsOf(Type type, string path)
    {
        foreach (var property in Json.Options.GetTypeInfo(type).Properties)
        {
            yield return path + property.Name;
            if (!IsSection(property.PropertyType, Json.Options))
                continue;
            foreach (var inner in PathsOf(property.PropertyType, $"{path}{property.Name}."))
                yield return inner;
        }
    }

    private static bool IsSection(Type type, JsonSerializerOptions options) => options.GetTypeInfo(type).Kind == JsonTypeInfoKind.Object;
}
