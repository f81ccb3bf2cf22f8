using System.Text.Json;
using Kalm.Graph.Readers.Records;

namespace Kalm.Graph.Readers.JsonGraphs;

/// <summary>Values of JSON as texts.</summary>
internal static class JsonText
{
    // Members that hold what is said of a node or an edge, and name nothing themselves.
    private static readonly string[] Wrappers = ["properties", "attributes", "data", "metadata"];

    /// <summary>Whether a key only wraps properties.</summary>
    public static bool IsWrapper(string key) => Wrappers.Contains(key, StringComparer.OrdinalIgnoreCase);

    /// <summary>The text of a string, a number as it is written, true or false; empty for null; null for lists and objects.</summary>
    /// <exception cref="InvalidOperationException">A string is no Unicode, such as half of a surrogate pair.</exception>
    public static string? Of(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Null or JsonValueKind.Undefined => "",
        _ => null,
    };

    /// <summary>What a value is called in messages.</summary>
    public static string NameOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.Null => "null",
        _ => $"'{value.GetRawText()}'",
    };

    /// <summary>Makes properties of a value: members of objects by names with dots, each item of a list by itself, and lists of anything
    /// but texts and numbers as JSON.</summary>
    /// <param name="key">What the value is called.</param>
    /// <param name="value">The value.</param>
    /// <param name="into">Takes the properties.</param>
    public static void Flatten(string key, JsonElement value, List<Property> into)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in value.EnumerateObject())
                Flatten(IsWrapper(key) ? member.Name : $"{key}.{member.Name}", member.Value, into);
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            if (value.EnumerateArray().Any(item => item.ValueKind is JsonValueKind.Array or JsonValueKind.Object))
                into.Add(new Property(key, value.GetRawText()));
            else
                foreach (var item in value.EnumerateArray())
                    into.Add(new Property(key, Of(item)!));
        }
        else
        {
            into.Add(new Property(key, Of(value)!));
        }
    }
}
