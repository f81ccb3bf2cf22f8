namespace Kalm.Templates;

/// <summary>Finds the values of expressions.</summary>
internal sealed class TemplateEvaluator
{
    private readonly TemplateAllowance allowance;
    private readonly TemplateMethods methods;
    private readonly TemplateFunctions functions;
    private readonly TemplateFilters filters;
    private readonly TemplateTests tests;
    private readonly Func<Macro, TemplateArguments, MarkedText> callMacro;

    /// <summary>Prepares for one rendering.</summary>
    /// <param name="allowance">What it may cost.</param>
    /// <param name="now">The time.</param>
    /// <param name="callMacro">Writes what a macro says.</param>
    public TemplateEvaluator(TemplateAllowance allowance, DateTimeOffset now, Func<Macro, TemplateArguments, MarkedText> callMacro)
    {
        (this.allowance, this.callMacro) = (allowance, callMacro);
        Operations = new TemplateOperations(allowance);
        methods = new TemplateMethods(allowance, Operations);
        functions = new TemplateFunctions(allowance, now);
        tests = new TemplateTests(Operations);
        filters = new TemplateFilters(allowance, Operations, tests);
    }

    /// <summary>What is done with values.</summary>
    public TemplateOperations Operations { get; }

    /// <summary>The value of an expression.</summary>
    public object Value(Expression expression, TemplateScope scope)
    {
        allowance.Step(expression.Place);
        allowance.Enter(expression.Place);
        var value = expression switch
        {
            Literal literal => literal.Value,
            NameExpression name => scope.Find(name.Name)
                ?? (TemplateVocabulary.Functions.Contains(name.Name) ? new GlobalFunction(name.Name) : new Undefined(name.Name)),
            ListExpression list => new TemplateList([.. list.Items.Select(item => Value(item, scope))], isTuple: list.IsTuple),
            MapExpression map => Map(map, scope),
            AttributeExpression attribute => Attribute(attribute, Value(attribute.Target, scope)),
            ItemExpression item => Item(item, Value(item.Target, scope), Value(item.Index, scope)),
            SliceExpression slice => Slice(slice, scope),
            CallExpression call => Call(call, scope),
            FilterExpression filter =>
                filters.Apply(filter.Name, Value(filter.Target, scope), Arguments(filter.Place, filter.Name, filter.Arguments, scope)),
            TestExpression test =>
                tests.Holds(test.Name, Value(test.Target, scope), Arguments(test.Place, test.Name, test.Arguments, scope)),
            UnaryExpression unary => Unary(unary, Value(unary.Operand, scope)),
            BinaryExpression binary => Binary(binary, scope),
            CompareExpression compare => Compare(compare, scope),
            ConditionalExpression conditional => TemplateOperations.IsTrue(Value(conditional.Condition, scope))
                ? Value(conditional.Then, scope)
                : conditional.Else is { } otherwise ? Value(otherwise, scope) : new Undefined("the value of an if without else"),
            _ => throw new InvalidOperationException(expression.GetType().Name),
        };
        allowance.Leave();
        return value;
    }

    /// <summary>Whether an expression is true.</summary>
    public bool IsTrue(Expression expression, TemplateScope scope) => TemplateOperations.IsTrue(Value(expression, scope));

    private TemplateMap Map(MapExpression map, TemplateScope scope) => new(map.Entries.Select(entry =>
    {
        var key = Value(entry.Key, scope);
        if (!TemplateMap.IsKey(key))
            throw new TemplateException(entry.Key.Place, $"found {TemplateOperations.Describe(key)} as a key; expected a text or a number");
        allowance.Text(entry.Key.Place, key is MarkedText text ? text.Value.Length : 0);
        return (key, Value(entry.Value, scope));
    }));

    private static object Attribute(AttributeExpression attribute, object target) => target switch
    {
        Undefined missing => throw new TemplateException(attribute.Place, $"'{missing.Name}' is undefined"),
        TemplateNamespace space => space.Values.GetValueOrDefault(attribute.Name) ?? new Undefined(attribute.Name),
        LoopState loop => loop.Find(attribute.Name)
            ?? throw TemplateVocabulary.Refusal(attribute.Place, "attribute", $"loop.{attribute.Name}", LoopState.Names),
        _ when TemplateMethods.Has(target, attribute.Name) => new BoundMethod(target, attribute.Name),
        TemplateMap map => map.Find(new MarkedText(attribute.Name)) ?? new Undefined(attribute.Name),
        _ => new Undefined(attribute.Name),
    };

    private object Item(ItemExpression item, object target, object index)
    {
        switch (target)
        {
            case Undefined missing:
                throw new TemplateException(item.Place, $"'{missing.Name}' is undefined");
            case TemplateMap map:
                return Operations.Find(item.Place, map, index)
                    ?? (index is MarkedText name && TemplateMethods.Has(map, name.Value)
                        ? new BoundMethod(map, name.Value) : new Undefined(index is MarkedText key ? key.Value : "a key"));
            case TemplateNamespace space when index is MarkedText attribute:
                return space.Values.GetValueOrDefault(attribute.Value) ?? new Undefined(attribute.Value);
            case MarkedText or TemplateList { IsStream: false } when index is long or bool:
                var length = Operations.Length(item.Place, target);
                var at = TemplateOperations.Whole(index) is var whole && whole < 0 ? whole + length : whole;
                if (at < 0 || at >= length)
                    return new Undefined($"item {whole}");
                if (target is not MarkedText text)
                    return ((TemplateList)target).Items[(int)at];
                allowance.Text(item.Place, text.Value.Length);
                return text.Slice((int)at, (int)at + 1);
            default:
                return index is MarkedText named && TemplateMethods.Has(target, named.Value)
                    ? new BoundMethod(target, named.Value) : new Undefined("an item");
        }
    }

    private object Slice(SliceExpression slice, TemplateScope scope)
    {
        var target = Value(slice.Target, scope);
        if (target is Undefined missing)
            throw new TemplateException(slice.Place, $"'{missing.Name}' is undefined");
        if (target is not (MarkedText or TemplateList { IsStream: false }))
            return new Undefined("a slice");
        var length = Operations.Length(slice.Place, target);
        var step = Bound(slice.Step) ?? 1;
        if (step == 0)
            throw new TemplateException(slice.Place, "found a step of 0; expected another");
        var (low, high) = step > 0 ? (0L, length) : (-1L, length - 1);
        var start = Within(Bound(slice.Start), step > 0 ? low : high);
        var stop = Within(Bound(slice.Stop), step > 0 ? high : low);
        if (step == 1 && target is MarkedText text)
            return text.Slice((int)start, (int)Math.Max(start, stop));
        var indices = new List<int>();
        step = Math.Clamp(step, -length - 1, length + 1);
        for (var at = start; step > 0 ? at < stop : at > stop; at += step)
            indices.Add((int)at);
        allowance.List(slice.Place, indices.Count);
        if (target is TemplateList list)
            return new TemplateList([.. indices.Select(index => list.Items[index])], isTuple: list.IsTuple);
        return ((MarkedText)target).Choose(indices);

        long? Bound(Expression? expression) => expression is null ? null : Value(expression, scope) switch
        {
            None => null,
            long whole => whole,
            bool flag => flag ? 1 : 0,
            var other =>
                throw new TemplateException(expression.Place, $"found {TemplateOperations.Describe(other)}; expected a whole number"),
        };

        long Within(long? bound, long fallback) => bound is not { } given
            ? fallback : Math.Clamp(given < 0 ? given + length : given, low, high);
    }

    private object Call(CallExpression call, TemplateScope scope)
    {
        var target = Value(call.Target, scope);
        var name = call.Target switch
        {
            NameExpression direct => direct.Name,
            AttributeExpression attribute => attribute.Name,
            _ => "the value",
        };
        switch (target)
        {
            case BoundMethod method:
                return methods.Call(method, Arguments(call.Place, method.Name, call.Arguments, scope));
            case GlobalFunction function:
                return functions.Call(function, Arguments(call.Place, function.Name, call.Arguments, scope));
            case Macro macro:
                return callMacro(macro, Arguments(call.Place, macro.Definition.Name, call.Arguments, scope));
            case Undefined when call.Target is NameExpression:
                throw TemplateVocabulary.Refusal(call.Place, "function", name, TemplateVocabulary.Functions);
            default:
                throw new TemplateException(call.Place,
                    $"'{name}' is {(target is Undefined ? "undefined" : TemplateOperations.Describe(target))}; expected a function");
        }
    }

    private TemplateArguments Arguments(TemplatePlace place, string callee, ArgumentList list, TemplateScope scope)
    {
        var named = new Dictionary<string, object>();
        object[] positional = [.. list.Positional.Select(argument => Value(argument, scope))];
        foreach (var (name, value) in list.Named)
            if (!named.TryAdd(name, Value(value, scope)))
                throw new TemplateException(place, $"{callee}: found {name} twice; expected it once");
        return new TemplateArguments(place, callee, positional, named);
    }

    private static object Unary(UnaryExpression unary, object operand) => (unary.Operator, operand) switch
    {
        ("not", _) => !TemplateOperations.IsTrue(operand),
        ("-", long or bool) => -Math.Max(TemplateOperations.Whole(operand), -long.MaxValue),
        ("+", long or bool) => TemplateOperations.Whole(operand),
        ("-", double number) => -number,
        ("+", double number) => number,
        _ => throw new TemplateException(unary.Place, $"'{unary.Operator}' cannot be used with {TemplateOperations.Describe(operand)}"),
    };

    private object Binary(BinaryExpression binary, TemplateScope scope)
    {
        var left = Value(binary.Left, scope);
        switch (binary.Operator)
        {
            case "and":
                return TemplateOperations.IsTrue(left) ? Value(binary.Right, scope) : left;
            case "or":
                return TemplateOperations.IsTrue(left) ? left : Value(binary.Right, scope);
            case "~":
                var right = Value(binary.Right, scope);
                return Operations.Join(
                    binary.Place, [new PythonText(allowance, binary.Place).Of(left), new PythonText(allowance, binary.Place).Of(right)]);
            default:
                return Operations.Calculate(binary.Place, binary.Operator, left, Value(binary.Right, scope));
        }
    }

    private bool Compare(CompareExpression compare, TemplateScope scope)
    {
        var left = Value(compare.First, scope);
        foreach (var (relation, operand) in compare.Others)
        {
            var right = Value(operand, scope);
            if (!Operations.Compare(compare.Place, relation, left, right))
                return false;
            left = right;
        }
        return true;
    }
}
