namespace Kalm.Graph.Readers.Neo4j;

/// <summary>What a column of Neo4j's import holds.</summary>
internal enum Neo4jRole
{
    /// <summary>A property.</summary>
    Property,

    /// <summary>A node's id.</summary>
    Id,

    /// <summary>A node's labels.</summary>
    Label,

    /// <summary>The id of the node that a relationship begins at.</summary>
    Start,

    /// <summary>The id of the node that a relationship ends at.</summary>
    End,

    /// <summary>A relationship's type.</summary>
    Type,

    /// <summary>Nothing that is imported.</summary>
    Ignore,
}

/// <summary>A column of Neo4j's import, as its header writes it: name:type, name:ID(Group), :LABEL.</summary>
/// <param name="Role">What it holds.</param>
/// <param name="Name">The property's name.</param>
/// <param name="Group">The group that an id is of; empty for the one without a name.</param>
/// <param name="IsList">Whether a field holds several values.</param>
/// <param name="Label">The label that all nodes get, where an id's options say one.</param>
/// <param name="Written">The header's field.</param>
internal sealed record Neo4jColumn(Neo4jRole Role, string Name, string Group, bool IsList, string? Label, string Written)
{
    private static readonly string[] Types =
    [
        "int", "integer", "long", "float", "double", "boolean", "byte", "short", "char", "string", "point", "date", "localtime", "time",
        "localdatetime", "datetime", "duration",
    ];

    /// <summary>Reads a field of a header.</summary>
    public static Neo4jColumn Of(string field)
    {
        var (text, label) = (field.Trim(), (string?)null);
        if (text.EndsWith('}') && text.IndexOf('{', StringComparison.Ordinal) is >= 0 and var options)
        {
            label = OptionIn(text[(options + 1)..^1], "label");
            text = text[..options];
        }
        var colon = text.LastIndexOf(':');
        if (colon < 0)
            return new Neo4jColumn(Neo4jRole.Property, text, "", false, null, field);
        var (name, type, group) = (text[..colon], text[(colon + 1)..], "");
        if (type.EndsWith(')') && type.IndexOf('(', StringComparison.Ordinal) is > 0 and var open)
            (type, group) = (type[..open], type[(open + 1)..^1].Trim());
        Neo4jRole? role = type.ToUpperInvariant() switch
        {
            "ID" => Neo4jRole.Id,
            "LABEL" => Neo4jRole.Label,
            "START_ID" => Neo4jRole.Start,
            "END_ID" => Neo4jRole.End,
            "TYPE" => Neo4jRole.Type,
            "IGNORE" => Neo4jRole.Ignore,
            _ => null,
        };
        if (role is { } found)
            return new Neo4jColumn(found, name, group, false, label, field);
        var isList = type.EndsWith("[]", StringComparison.Ordinal);
        return Types.Contains((isList ? type[..^2] : type).ToLowerInvariant()) && name.Length > 0
            ? new Neo4jColumn(Neo4jRole.Property, name, "", isList, null, field)
            : new Neo4jColumn(Neo4jRole.Property, text, "", false, null, field);
    }

    private static string? OptionIn(string options, string name)
    {
        foreach (var option in options.Split(','))
            if (option.Split(':') is [var key, var value] && key.Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                return value.Trim(' ', '"', '\'');
        return null;
    }
}
