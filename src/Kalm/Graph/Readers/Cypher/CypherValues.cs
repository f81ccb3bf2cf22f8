using Kalm.Graph.Readers.Records;

namespace Kalm.Graph.Readers.Cypher;

/// <summary>Values of Cypher: texts (numbers and truth values as they are written), lists of objects, maps, nodes, relationships and
/// null.</summary>
internal static class CypherValues
{
    /// <summary>A value as one text, by which values are compared.</summary>
    public static string Text(object? value) => value switch
    {
        string text => text,
        IReadOnlyList<object?> list => $"[{string.Join(", ", list.Select(Text))}]",
        IReadOnlyDictionary<string, object?> map => $"{{{string.Join(", ", map.Select(item => $"{item.Key}: {Text(item.Value)}"))}}}",
        _ => "",
    };

    /// <summary>Makes properties of a value: members of maps by names with dots, each item of a list by itself.</summary>
    public static void Flatten(string key, object? value, List<Property> into)
    {
        if (value is IReadOnlyDictionary<string, object?> map)
            foreach (var (member, own) in map)
                Flatten($"{key}.{member}", own, into);
        else if (value is IReadOnlyList<object?> list)
            foreach (var item in list)
                Flatten(key, item, into);
        else if (value is string text)
            into.Add(new Property(key, text));
    }
}
