using System.Globalization;

namespace Kalm.Templates;

/// <summary>Reads expressions, from what binds least to what binds most.</summary>
/// <param name="tokens">A whole template.</param>
internal class ExpressionParser(IReadOnlyList<TemplateToken> tokens) : TemplateTokenReader(tokens)
{
    /// <summary>Reads an expression.</summary>
    /// <param name="withCondition">Whether it may end with <c>if</c>.</param>
    protected Expression ReadExpression(bool withCondition = true) => Nested(() =>
    {
        var value = ReadOr();
        var links = 0;
        while (withCondition && Current.IsName("if"))
        {
            var place = Next().Place;
            Link(ref links, place);
            var condition = ReadOr();
            value = new ConditionalExpression(place, condition, value, SkipName("else") ? ReadExpression() : null);
        }
        return value;
    });

    /// <summary>Reads an expression that may be several, with commas between them, which make a list.</summary>
    protected Expression ReadTuple(bool withCondition = true)
    {
        var place = Current.Place;
        var first = ReadExpression(withCondition);
        if (!Current.IsOperator(","))
            return first;
        var items = new List<Expression> { first };
        while (Skip(",") && !IsEndOfTuple())
            items.Add(ReadExpression(withCondition));
        return new ListExpression(place, items, IsTuple: true);
    }

    private bool IsEndOfTuple() => Current.Kind is TemplateTokenKind.TagEnd or TemplateTokenKind.OutputEnd or TemplateTokenKind.End
        || Current.IsOperator(")") || Current.IsName("in");

    private Expression ReadOr() => ReadChain(ReadAnd, () => Current.IsName("or"));

    private Expression ReadAnd() => ReadChain(ReadNot, () => Current.IsName("and"));

    private Expression ReadNot()
    {
        if (!Current.IsName("not"))
            return ReadCompare();
        var place = Next().Place;
        return new UnaryExpression(place, "not", Nested(ReadNot));
    }

    private Expression ReadCompare()
    {
        var first = ReadSum();
        var others = new List<(string, Expression)>();
        while (true)
            if (Current.Kind == TemplateTokenKind.Operator && Current.Text is "==" or "!=" or "<" or "<=" or ">" or ">="
                || Current.IsName("in"))
                others.Add((Next().Text, ReadSum()));
            else if (Current.IsName("not") && Following.IsName("in"))
            {
                Next();
                Next();
                others.Add(("not in", ReadSum()));
            }
            else
                return others.Count == 0 ? first : new CompareExpression(first.Place, first, others);
    }

    private Expression ReadSum() => ReadChain(ReadJoin, () => Current.IsOperator("+") || Current.IsOperator("-"));

    private Expression ReadJoin() => ReadChain(ReadProduct, () => Current.IsOperator("~"));

    private Expression ReadProduct() =>
        ReadChain(() => ReadUnary(), () => Current.Kind == TemplateTokenKind.Operator && Current.Text is "*" or "/" or "//" or "%");

    private Expression ReadChain(Func<Expression> read, Func<bool> goesOn)
    {
        var left = read();
        for (var links = 0; goesOn();)
        {
            var token = Next();
            Link(ref links, token.Place);
            left = new BinaryExpression(token.Place, token.Text, left, read());
        }
        return left;
    }

    // A chain nests to the left as deep as it is long.
    private static void Link(ref int links, TemplatePlace place)
    {
        if (++links > TemplateAllowance.Depth)
            throw new TemplateException(
                place, $"found a chain of more than {TemplateAllowance.Depth} operators; expected a shorter expression");
    }

    private Expression ReadUnary(bool withFilters = true)
    {
        if (Current.IsOperator("-") || Current.IsOperator("+"))
        {
            var token = Next();
            return ReadFilters(new UnaryExpression(token.Place, token.Text, Nested(() => ReadUnary(withFilters: false))), withFilters);
        }
        return ReadFilters(ReadPostfix(ReadPrimary()), withFilters);
    }

    private Expression ReadPrimary()
    {
        var token = Next();
        switch (token.Kind)
        {
            case TemplateTokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new Literal(token.Place, true),
                    "false" or "False" => new Literal(token.Place, false),
                    "none" or "None" => new Literal(token.Place, None.Value),
                    _ => new NameExpression(token.Place, token.Text),
                };
            case TemplateTokenKind.String:
                var text = token.Text;
                while (Current.Kind == TemplateTokenKind.String)
                    text += Next().Text;
                return new Literal(token.Place, new MarkedText(text));
            case TemplateTokenKind.Integer:
                return long.TryParse(
                    token.Text.Replace("_", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture, out var whole)
                    ? new Literal(token.Place, whole)
                    : throw new TemplateException(token.Place, $"found the number {token.Text}; expected one below 2^63");
            case TemplateTokenKind.Float:
                return new Literal(
                    token.Place, double.Parse(token.Text.Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture));
            case TemplateTokenKind.Operator when token.Text == "(":
                if (Skip(")"))
                    return new ListExpression(token.Place, [], IsTuple: true);
                var inner = Nested(() => ReadTuple());
                Expect(")");
                return inner;
            case TemplateTokenKind.Operator when token.Text == "[":
                return new ListExpression(token.Place, ReadItems("]", () => ReadExpression()), IsTuple: false);
            case TemplateTokenKind.Operator when token.Text == "{":
                return new MapExpression(token.Place, ReadItems("}", () =>
                {
                    var key = ReadExpression();
                    Expect(":");
                    return (key, ReadExpression());
                }));
            default:
                throw new TemplateException(token.Place, $"found {token.Description}; expected an expression");
        }
    }

    private List<T> ReadItems<T>(string end, Func<T> read)
    {
        var items = new List<T>();
        while (!Skip(end))
        {
            if (items.Count > 0)
            {
                Expect(",");
                if (Skip(end))
                    break;
            }
            items.Add(read());
        }
        return items;
    }

    private Expression ReadPostfix(Expression target)
    {
        for (var links = 0; ;)
        {
            var place = Current.Place;
            Link(ref links, place);
            if (Skip("."))
                target = Current.Kind == TemplateTokenKind.Integer
                    ? new ItemExpression(place, target, ReadPrimary())
                    : new AttributeExpression(place, target, Expect(TemplateTokenKind.Name, "a name").Text);
            else if (Skip("["))
                target = ReadIndex(target, place);
            else if (Current.IsOperator("("))
                target = ReadCall(target, place);
            else
                return target;
        }
    }

    private CallExpression ReadCall(Expression target, TemplatePlace place)
    {
        if (target is AttributeExpression method && !TemplateVocabulary.Methods.Contains(method.Name))
            throw TemplateVocabulary.Refusal(method.Place, "method", method.Name, TemplateVocabulary.Methods);
        return new CallExpression(place, target, ReadArguments());
    }

    private Expression ReadIndex(Expression target, TemplatePlace place)
    {
        Expression? start = null, stop = null, step = null;
        if (!Current.IsOperator(":"))
        {
            start = ReadExpression();
            if (Skip("]"))
                return new ItemExpression(place, target, start);
        }
        Expect(":");
        if (!Current.IsOperator(":") && !Current.IsOperator("]"))
            stop = ReadExpression();
        if (Skip(":") && !Current.IsOperator("]"))
            step = ReadExpression();
        Expect("]");
        return new SliceExpression(place, target, start, stop, step);
    }

    private ArgumentList ReadArguments()
    {
        Expect("(");
        var named = new List<(string, Expression)>();
        var positional = ReadItems(")", () =>
        {
            if (Current.IsOperator("*") || Current.IsOperator("**"))
                throw new TemplateException(
                    Current.Place, $"the unpacking of arguments by '{Current.Text}' is not supported; expected arguments one by one");
            if (Current.Kind == TemplateTokenKind.Name && Following.IsOperator("="))
            {
                var name = Next().Text;
                Expect("=");
                named.Add((name, ReadExpression()));
                return null;
            }
            return named.Count == 0 ? ReadExpression() : throw Expected("an argument with a name, as those before it");
        });
        return new ArgumentList([.. positional.OfType<Expression>()], named);
    }

    private Expression ReadFilters(Expression target, bool withFilters)
    {
        for (var links = 0; withFilters;)
        {
            Link(ref links, Current.Place);
            if (Skip("|"))
            {
                var token = Expect(TemplateTokenKind.Name, "a filter");
                if (!TemplateVocabulary.Filters.Contains(token.Text))
                    throw TemplateVocabulary.Refusal(token.Place, "filter", token.Text, TemplateVocabulary.Filters);
                target = new FilterExpression(
                    token.Place, target, token.Text, Current.IsOperator("(") ? ReadArguments() : ArgumentList.Empty);
            }
            else if (Current.IsName("is"))
                target = ReadTest(target);
            else if (Current.IsOperator("("))
                target = ReadCall(target, Current.Place);
            else
                return target;
        }
        return target;
    }

    private Expression ReadTest(Expression target)
    {
        Next();
        var isNegated = SkipName("not");
        var token = Current.IsOperator("==") ? Next() : Expect(TemplateTokenKind.Name, "a test");
        if (!TemplateVocabulary.Tests.Contains(token.Text))
            throw TemplateVocabulary.Refusal(token.Place, "test", token.Text, TemplateVocabulary.Tests);
        var arguments = ArgumentList.Empty;
        if (Current.IsOperator("("))
            arguments = ReadArguments();
        else if (Current.Kind is TemplateTokenKind.String or TemplateTokenKind.Integer or TemplateTokenKind.Float
            || Current.IsOperator("[") || Current.IsOperator("{")
            || (Current.Kind == TemplateTokenKind.Name && Current.Text is not ("else" or "or" or "and" or "is" or "if" or "not" or "in")))
            arguments = new ArgumentList([ReadPostfix(ReadPrimary())], []);
        Expression test = new TestExpression(token.Place, target, token.Text, arguments);
        return isNegated ? new UnaryExpression(token.Place, "not", test) : test;
    }
}
