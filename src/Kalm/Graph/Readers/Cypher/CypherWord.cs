namespace Kalm.Graph.Readers.Cypher;

/// <summary>What stands in a Cypher script.</summary>
internal enum CypherKind
{
    /// <summary>A keyword, or a name without backticks.</summary>
    Name,

    /// <summary>A name in backticks.</summary>
    QuotedName,

    /// <summary>A text in quotes.</summary>
    Text,

    /// <summary>A number without a sign.</summary>
    Number,

    /// <summary>Any other character.</summary>
    Symbol,

    /// <summary>The end of the statement.</summary>
    End,
}

/// <summary>A piece of a Cypher script.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Value">Its characters, without quotes and with escapes resolved.</param>
/// <param name="Line">The line it begins on.</param>
internal readonly record struct CypherWord(CypherKind Kind, string Value, int Line)
{
    /// <summary>Whether it is a keyword, in any case.</summary>
    public bool Is(string keyword) => Kind == CypherKind.Name && Value.Equals(keyword, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether it is a character.</summary>
    public bool Is(char symbol) => Kind == CypherKind.Symbol && Value[0] == symbol;

    /// <summary>What messages call it.</summary>
    public override string ToString() => Kind == CypherKind.End ? "the end of the statement" : $"'{Value}'";
}
