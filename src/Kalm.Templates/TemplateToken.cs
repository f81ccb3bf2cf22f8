namespace Kalm.Templates;

/// <summary>What a token of a template is.</summary>
internal enum TemplateTokenKind
{
    /// <summary>Text that is written as it stands.</summary>
    Text,

    /// <summary>The start of an expression to be written.</summary>
    OutputBegin,

    /// <summary>Its end.</summary>
    OutputEnd,

    /// <summary>The start of a tag.</summary>
    TagBegin,

    /// <summary>Its end.</summary>
    TagEnd,

    /// <summary>A name or a word of the language.</summary>
    Name,

    /// <summary>A text in quotes, read.</summary>
    String,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>Another number.</summary>
    Float,

    /// <summary>An operator or a bracket.</summary>
    Operator,

    /// <summary>The end of the template.</summary>
    End,
}

/// <summary>A token.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text.</param>
/// <param name="Place">Where it begins.</param>
internal readonly record struct TemplateToken(TemplateTokenKind Kind, string Text, TemplatePlace Place)
{
    /// <summary>Whether it is a certain operator.</summary>
    public bool IsOperator(string text) => Kind == TemplateTokenKind.Operator && Text == text;

    /// <summary>Whether it is a certain word.</summary>
    public bool IsName(string text) => Kind == TemplateTokenKind.Name && Text == text;

    /// <summary>What to call it in a message.</summary>
    public string Description => Kind switch
    {
        TemplateTokenKind.End => "the end of the template",
        TemplateTokenKind.OutputEnd => "the end of the expression",
        TemplateTokenKind.TagEnd => "the end of the tag",
        _ => $"'{Text}'",
    };
}
