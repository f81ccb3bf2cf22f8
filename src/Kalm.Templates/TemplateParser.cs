namespace Kalm.Templates;

/// <summary>Reads a template's tags.</summary>
internal sealed class TemplateParser : ExpressionParser
{
    private static readonly string[] Tags = ["break", "continue", "for", "generation", "if", "macro", "raw", "set"];
    private int loops;

    private TemplateParser(IReadOnlyList<TemplateToken> tokens) : base(tokens) { }

    /// <summary>Reads a template.</summary>
    /// <exception cref="TemplateException">It is not one, or asks for something that is not supported.</exception>
    public static IReadOnlyList<Statement> Read(string text) => new TemplateParser(TemplateLexer.Read(text)).ReadBody(null, []).Body;

    // Up to one of the tags that may end it, whose begin and name are taken; to the end of the template when there is none.
    private (IReadOnlyList<Statement> Body, string End) ReadBody(TemplateToken? tag, string[] ends) => Nested(() =>
    {
        var body = new List<Statement>();
        while (true)
        {
            var token = Next();
            switch (token.Kind)
            {
                case TemplateTokenKind.End when tag is { } open:
                    throw new TemplateException(open.Place, $"the tag '{open.Text}' does not end; expected '{ends[^1]}'");
                case TemplateTokenKind.End:
                    return (body, "");
                case TemplateTokenKind.Text:
                    body.Add(new TextStatement(token.Place, new MarkedText(token.Text)));
                    break;
                case TemplateTokenKind.OutputBegin:
                    body.Add(new OutputStatement(token.Place, ReadTuple()));
                    Expect(TemplateTokenKind.OutputEnd, "the end of the expression");
                    break;
                default:
                    var name = Expect(TemplateTokenKind.Name, "the name of a tag");
                    if (ends.Contains(name.Text))
                        return (body, name.Text);
                    ReadTag(name, body);
                    break;
            }
        }
    });

    private void ReadTag(TemplateToken name, List<Statement> body)
    {
        switch (name.Text)
        {
            case "if":
                body.Add(ReadIf(name));
                break;
            case "for":
                body.Add(ReadFor(name));
                break;
            case "set":
                body.Add(ReadSet(name));
                break;
            case "macro":
                body.Add(ReadMacro(name));
                break;
            case "generation":
                // It marks what the assistant wrote, which matters in training only.
                EndTag();
                body.AddRange(ReadBody(name, ["endgeneration"]).Body);
                EndTag();
                break;
            case "break" or "continue":
                if (loops == 0)
                    throw new TemplateException(name.Place, $"found '{name.Text}' outside of a loop");
                EndTag();
                body.Add(new JumpStatement(name.Place, name.Text == "break"));
                break;
            case "elif" or "else" or "endif" or "endfor" or "endset" or "endmacro" or "endgeneration" or "endraw":
                throw new TemplateException(name.Place, $"found '{name.Text}', which ends nothing");
            default:
                throw TemplateVocabulary.Refusal(name.Place, "tag", name.Text, Tags);
        }
    }

    private IfStatement ReadIf(TemplateToken tag)
    {
        var branches = new List<(Expression, IReadOnlyList<Statement>)>();
        while (true)
        {
            var condition = ReadTuple(withCondition: true);
            EndTag();
            var (body, end) = ReadBody(tag, ["elif", "else", "endif"]);
            branches.Add((condition, body));
            if (end == "elif")
                continue;
            EndTag();
            IReadOnlyList<Statement> otherwise = [];
            if (end == "else")
            {
                otherwise = ReadBody(tag, ["endif"]).Body;
                EndTag();
            }
            return new IfStatement(tag.Place, branches, otherwise);
        }
    }

    private ForStatement ReadFor(TemplateToken tag)
    {
        var target = ReadNames();
        if (!SkipName("in"))
            throw Expected("'in'");
        var items = ReadTuple(withCondition: false);
        var condition = SkipName("if") ? ReadExpression() : null;
        if (Current.IsName("recursive"))
            throw new TemplateException(Current.Place, "the loop over a tree by 'recursive' is not supported; expected a plain loop");
        EndTag();
        loops++;
        var (body, end) = ReadBody(tag, ["else", "endfor"]);
        loops--;
        EndTag();
        IReadOnlyList<Statement> otherwise = [];
        if (end == "else")
        {
            otherwise = ReadBody(tag, ["endfor"]).Body;
            EndTag();
        }
        return new ForStatement(tag.Place, target, items, condition, body, otherwise);
    }

    private Statement ReadSet(TemplateToken tag)
    {
        var target = ReadNames();
        if (target.Names.Count == 1 && Skip("."))
            target = target with { Attribute = Expect(TemplateTokenKind.Name, "the name of an attribute").Text };
        if (Skip("="))
        {
            var value = ReadTuple();
            EndTag();
            return new SetStatement(tag.Place, target, value);
        }
        if (Current.IsOperator("|"))
            throw new TemplateException(Current.Place, "a filter of a block is not supported; expected '='");
        if (target.Names.Count > 1)
            throw Expected("'='");
        EndTag();
        var body = ReadApart(tag, "endset");
        return new SetBlockStatement(tag.Place, target, body);
    }

    private MacroStatement ReadMacro(TemplateToken tag)
    {
        var name = Expect(TemplateTokenKind.Name, "the name of the macro").Text;
        Expect("(");
        var parameters = new List<(string, Expression?)>();
        while (!Skip(")"))
        {
            if (parameters.Count > 0)
                Expect(",");
            var parameter = Expect(TemplateTokenKind.Name, "the name of a parameter").Text;
            parameters.Add((parameter, Skip("=") ? ReadExpression() : null));
        }
        EndTag();
        return new MacroStatement(tag.Place, name, parameters, ReadApart(tag, "endmacro"));
    }

    // A body whose text is a value; no jump leads out of it.
    private IReadOnlyList<Statement> ReadApart(TemplateToken tag, string end)
    {
        var outer = loops;
        loops = 0;
        var body = ReadBody(tag, [end]).Body;
        loops = outer;
        EndTag();
        return body;
    }

    private TargetList ReadNames()
    {
        var isInParentheses = Skip("(");
        var names = new List<string>();
        do
            names.Add(Expect(TemplateTokenKind.Name, "a name").Text);
        while (Skip(","));
        if (isInParentheses)
            Expect(")");
        return new TargetList(names);
    }

    private void EndTag() => Expect(TemplateTokenKind.TagEnd, "the end of the tag");
}
