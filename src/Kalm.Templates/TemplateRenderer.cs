using System.Text;

namespace Kalm.Templates;

/// <summary>Writes a template once.</summary>
internal sealed class TemplateRenderer
{
    private readonly TemplateAllowance allowance = new();
    private readonly TemplateEvaluator evaluator;
    private TemplateOutput output;

    private TemplateRenderer(DateTimeOffset now)
    {
        output = new TemplateOutput(allowance);
        evaluator = new TemplateEvaluator(allowance, now, CallMacro);
    }

    private enum Flow
    {
        Onward,
        Break,
        Continue,
    }

    /// <summary>The text of a template.</summary>
    /// <param name="body">The template.</param>
    /// <param name="values">What it is given.</param>
    /// <param name="now">The time.</param>
    public static MarkedText Render(IReadOnlyList<Statement> body, IEnumerable<(string Name, object Value)> values, DateTimeOffset now)
    {
        var renderer = new TemplateRenderer(now);
        var scope = new TemplateScope(null);
        foreach (var (name, value) in values)
            scope.Set(name, value);
        renderer.Run(body, scope);
        return renderer.output.Text;
    }

    private Flow Run(IReadOnlyList<Statement> body, TemplateScope scope)
    {
        foreach (var statement in body)
        {
            allowance.Step(statement.Place);
            allowance.Enter(statement.Place);
            var flow = Run(statement, scope);
            allowance.Leave();
            if (flow != Flow.Onward)
                return flow;
        }
        return Flow.Onward;
    }

    private Flow Run(Statement statement, TemplateScope scope)
    {
        switch (statement)
        {
            case TextStatement text:
                output.Append(text.Place, text.Text);
                break;
            case OutputStatement written:
                output.Append(written.Place, new PythonText(allowance, written.Place).Of(evaluator.Value(written.Value, scope)));
                break;
            case SetStatement set:
                Set(set.Place, set.Target, evaluator.Value(set.Value, scope), scope);
                break;
            case SetBlockStatement block:
                Set(block.Place, block.Target, Capture(() => Run(block.Body, new TemplateScope(scope))), scope);
                break;
            case IfStatement condition:
                foreach (var (test, body) in condition.Branches)
                    if (evaluator.IsTrue(test, scope))
                        return Run(body, scope);
                return Run(condition.Else, scope);
            case ForStatement loop:
                return Loop(loop, scope);
            case MacroStatement macro:
                scope.Set(macro.Name, new Macro(macro, scope));
                break;
            case JumpStatement jump:
                return jump.IsBreak ? Flow.Break : Flow.Continue;
        }
        return Flow.Onward;
    }

    private Flow Loop(ForStatement loop, TemplateScope outer)
    {
        var items = evaluator.Operations.RequireItems(loop.Place, evaluator.Value(loop.Items, outer));
        if (loop.Condition is { } condition)
            items = [.. items.Where(item =>
            {
                var scope = new TemplateScope(outer);
                Set(loop.Place, loop.Target, item, scope);
                return evaluator.IsTrue(condition, scope);
            })];
        if (items.Count == 0)
            return Run(loop.Else, new TemplateScope(outer));
        for (var index = 0; index < items.Count; index++)
        {
            allowance.Step(loop.Place);
            var scope = new TemplateScope(outer);
            scope.Set("loop", new LoopState(items, index));
            Set(loop.Place, loop.Target, items[index], scope);
            var flow = Run(loop.Body, scope);
            if (flow == Flow.Break)
                break;
        }
        return Flow.Onward;
    }

    private void Set(TemplatePlace place, TargetList target, object value, TemplateScope scope)
    {
        if (target.Attribute is { } attribute)
        {
            if (scope.Find(target.Names[0]) is not TemplateNamespace space)
                throw new TemplateException(place, $"'{target.Names[0]}' is no namespace; expected one, to set '{attribute}' of it");
            space.Values[attribute] = value;
        }
        else if (target.Names is [var only])
            scope.Set(only, value);
        else
        {
            var items = evaluator.Operations.RequireItems(place, value);
            if (items.Count != target.Names.Count)
                throw new TemplateException(place, $"found {items.Count} values for {target.Names.Count} names");
            foreach (var (name, item) in target.Names.Zip(items))
                scope.Set(name, item);
        }
    }

    private MarkedText CallMacro(Macro macro, TemplateArguments arguments)
    {
        var definition = macro.Definition;
        arguments.Check(0, [.. definition.Parameters.Select(parameter => parameter.Name)]);
        allowance.Enter(arguments.Place);
        var scope = new TemplateScope(macro.Scope);
        foreach (var (index, (name, fallback)) in definition.Parameters.Index())
            scope.Set(name, arguments.Find(index, name) ?? (fallback is null ? new Undefined(name) : evaluator.Value(fallback, scope)));
        var text = Capture(() => Run(definition.Body, scope));
        allowance.Leave();
        return text;
    }

    private MarkedText Capture(Action write)
    {
        var outer = output;
        output = new TemplateOutput(allowance);
        write();
        var text = output.Text;
        output = outer;
        return text;
    }

    private sealed class TemplateOutput(TemplateAllowance allowance)
    {
        private readonly StringBuilder text = new();
        private StringBuilder? origin;

        public MarkedText Text => new(text.ToString(), origin?.ToString());

        public void Append(TemplatePlace place, MarkedText more)
        {
            if ((long)text.Length + more.Value.Length > TemplateAllowance.TextCharacters)
                allowance.Text(place, (long)text.Length + more.Value.Length);
            allowance.Text(place, more.Value.Length);
            if (more.Origin is not null)
                origin ??= new StringBuilder().Append(MarkedText.Template, text.Length);
            text.Append(more.Value);
            if (more.Origin is not null)
                origin!.Append(more.Origin);
            else
                origin?.Append(MarkedText.Template, more.Value.Length);
        }
    }
}
