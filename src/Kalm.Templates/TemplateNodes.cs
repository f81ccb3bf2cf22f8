namespace Kalm.Templates;

/// <summary>Something with a value.</summary>
internal abstract record Expression(TemplatePlace Place);

/// <summary>A value that stands there.</summary>
internal sealed record Literal(TemplatePlace Place, object Value) : Expression(Place);

/// <summary>A name.</summary>
internal sealed record NameExpression(TemplatePlace Place, string Name) : Expression(Place);

/// <summary>Values in brackets, or only with commas between them.</summary>
internal sealed record ListExpression(TemplatePlace Place, IReadOnlyList<Expression> Items, bool IsTuple) : Expression(Place);

/// <summary>Keys and values in braces.</summary>
internal sealed record MapExpression(TemplatePlace Place, IReadOnlyList<(Expression Key, Expression Value)> Entries) : Expression(Place);

/// <summary>What is behind a dot.</summary>
internal sealed record AttributeExpression(TemplatePlace Place, Expression Target, string Name) : Expression(Place);

/// <summary>What is in brackets behind a value.</summary>
internal sealed record ItemExpression(TemplatePlace Place, Expression Target, Expression Index) : Expression(Place);

/// <summary>A slice.</summary>
internal sealed record SliceExpression(
    TemplatePlace Place, Expression Target, Expression? Start, Expression? Stop, Expression? Step) : Expression(Place);

/// <summary>What is between the parentheses of a call.</summary>
internal sealed record ArgumentList(IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named)
{
    /// <summary>Nothing.</summary>
    public static ArgumentList Empty { get; } = new([], []);
}

/// <summary>A call.</summary>
internal sealed record CallExpression(TemplatePlace Place, Expression Target, ArgumentList Arguments) : Expression(Place);

/// <summary>A filter behind a bar.</summary>
internal sealed record FilterExpression(TemplatePlace Place, Expression Target, string Name, ArgumentList Arguments) : Expression(Place);

/// <summary>A test behind <c>is</c>.</summary>
internal sealed record TestExpression(TemplatePlace Place, Expression Target, string Name, ArgumentList Arguments) : Expression(Place);

/// <summary><c>not</c>, a minus or a plus.</summary>
internal sealed record UnaryExpression(TemplatePlace Place, string Operator, Expression Operand) : Expression(Place);

/// <summary>Two values and what is between them.</summary>
internal sealed record BinaryExpression(TemplatePlace Place, string Operator, Expression Left, Expression Right) : Expression(Place);

/// <summary>Comparisons that all have to hold.</summary>
internal sealed record CompareExpression(
    TemplatePlace Place, Expression First, IReadOnlyList<(string Operator, Expression Operand)> Others) : Expression(Place);

/// <summary>One of two values.</summary>
internal sealed record ConditionalExpression(
    TemplatePlace Place, Expression Condition, Expression Then, Expression? Else) : Expression(Place);

/// <summary>A part of a template.</summary>
internal abstract record Statement(TemplatePlace Place);

/// <summary>Text.</summary>
internal sealed record TextStatement(TemplatePlace Place, MarkedText Text) : Statement(Place);

/// <summary>An expression to be written.</summary>
internal sealed record OutputStatement(TemplatePlace Place, Expression Value) : Statement(Place);

/// <summary>Names for a value; or an attribute of a namespace, which is then named by <paramref name="Attribute"/>.</summary>
internal sealed record TargetList(IReadOnlyList<string> Names, string? Attribute = null);

/// <summary><c>set</c>.</summary>
internal sealed record SetStatement(TemplatePlace Place, TargetList Target, Expression Value) : Statement(Place);

/// <summary><c>set</c> with a body, whose text is the value.</summary>
internal sealed record SetBlockStatement(TemplatePlace Place, TargetList Target, IReadOnlyList<Statement> Body) : Statement(Place);

/// <summary><c>if</c>.</summary>
internal sealed record IfStatement(
    TemplatePlace Place, IReadOnlyList<(Expression Condition, IReadOnlyList<Statement> Body)> Branches,
    IReadOnlyList<Statement> Else) : Statement(Place);

/// <summary><c>for</c>.</summary>
internal sealed record ForStatement(
    TemplatePlace Place, TargetList Target, Expression Items, Expression? Condition,
    IReadOnlyList<Statement> Body, IReadOnlyList<Statement> Else) : Statement(Place);

/// <summary><c>macro</c>.</summary>
internal sealed record MacroStatement(
    TemplatePlace Place, string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters,
    IReadOnlyList<Statement> Body) : Statement(Place);

/// <summary><c>break</c> or <c>continue</c>.</summary>
internal sealed record JumpStatement(TemplatePlace Place, bool IsBreak) : Statement(Place);
