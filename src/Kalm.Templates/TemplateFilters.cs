using System.Globalization;

namespace Kalm.Templates;

/// <summary>What stands behind a bar.</summary>
/// <param name="allowance">What filters may cost.</param>
/// <param name="operations">Compares and joins.</param>
/// <param name="tests">For the filters that select.</param>
internal sealed class TemplateFilters(TemplateAllowance allowance, TemplateOperations operations, TemplateTests tests)
{
    /// <summary>Applies one.</summary>
    public object Apply(string name, object value, TemplateArguments arguments)
    {
        var place = arguments.Place;
        switch (name)
        {
            case "default" or "d":
                arguments.Check(0, "default_value", "boolean");
                return value is Undefined || (arguments.Flag(1, "boolean") && !TemplateOperations.IsTrue(value))
                    ? arguments.Find(0, "default_value") ?? MarkedText.Empty : value;
            case "trim":
                return operations.Strip(
                    place, Text(place, value), arguments.Check(0, "chars").Text(0, "chars")?.Value, left: true, right: true);
            case "replace":
                arguments.Check(2, "old", "new", "count");
                return TemplateTexts.Replace(
                    allowance, place, Text(place, value), Text(place, arguments.Find(0, "old")!).Value,
                    Text(place, arguments.Find(1, "new")!), arguments.Whole(2, "count") ?? -1);
            case "indent":
                return Indent(Text(place, value), arguments.Check(0, "width", "first", "blank"));
            case "join":
                return Join(value, arguments.Check(0, "d", "attribute"));
            case "tojson":
                arguments.Check(0, "indent");
                return new PythonText(allowance, place).Json(value,
                    arguments.Whole(0, "indent") is { } indent ? (int)Math.Clamp(indent, 0, TemplateAllowance.TextCharacters) : null);
            case "int":
                return ToWhole(value, arguments.Check(0, "default").Find(0, "default") ?? 0L);
            case "float":
                return ToNumber(value) ?? arguments.Check(0, "default").Find(0, "default") ?? 0.0;
            case "map":
                return Map(value, arguments);
            case "select" or "reject":
                return Select(value, arguments, item => item, name == "select", arguments.Positional, arguments.Named);
            case "selectattr" or "rejectattr":
                if (arguments.Positional is not [MarkedText attribute, ..])
                    throw new TemplateException(place, $"{name}: found no name of an attribute; expected one");
                return Select(value, arguments, item => Attribute(place, item, attribute.Value),
                    name == "selectattr", [.. arguments.Positional.Skip(1)], arguments.Named);
            case "dictsort":
                return Sorted(value, arguments.Check(0, "case_sensitive", "by", "reverse"));
        }
        arguments.Check(0);
        switch (name)
        {
            case "length" or "count":
                return operations.Length(place, value);
            case "upper":
                return TemplateTexts.Upper(Text(place, value));
            case "lower":
                return TemplateTexts.Lower(Text(place, value));
            case "capitalize":
                return TemplateTexts.Capitalize(Text(place, value));
            case "title":
                return TemplateTexts.Title(Text(place, value), isFilter: true);
            case "string" or "safe":
                return Text(place, value);
            case "list":
                return new TemplateList(operations.RequireItems(place, value));
            case "first":
                return operations.RequireItems(place, value) is [var first, ..] ? first : new Undefined("first");
            case "last":
                operations.Length(place, value);
                return operations.RequireItems(place, value) is [.., var last] ? last : new Undefined("last");
            case "reverse":
                var items = operations.RequireItems(place, value);
                return value is MarkedText ? operations.Join(place, [.. items.Reverse().Cast<MarkedText>()])
                    : new TemplateList([.. items.Reverse()], isStream: true);
            case "items":
                return value is TemplateMap or Undefined
                    ? new TemplateList(value is TemplateMap map
                        ? [.. map.Entries.Select(entry => TemplateList.Tuple(entry.Key, entry.Value))] : [], isStream: true)
                    : throw new TemplateException(place, $"items: found {TemplateOperations.Describe(value)}; expected a mapping");
            default:
                return value is long or bool ? (object)Math.Abs(Math.Max(TemplateOperations.Whole(value), -long.MaxValue))
                    : value is double number ? Math.Abs(number) : throw new TemplateException(
                        place, $"abs: found {TemplateOperations.Describe(value)}; expected a number");
        }
    }

    /// <summary>An attribute that may have dots.</summary>
    private static object Attribute(TemplatePlace place, object value, string path)
    {
        foreach (var name in path.Split('.'))
            value = value switch
            {
                TemplateMap map => map.Find(new MarkedText(name)) ?? new Undefined(name),
                TemplateNamespace space => space.Values.GetValueOrDefault(name) ?? new Undefined(name),
                Undefined missing => throw new TemplateException(place, $"'{missing.Name}' is undefined"),
                _ => new Undefined(name),
            };
        return value;
    }

    private MarkedText Text(TemplatePlace place, object value)
    {
        var text = new PythonText(allowance, place).Of(value);
        allowance.Text(place, text.Value.Length);
        return text;
    }

    private MarkedText Join(object value, TemplateArguments arguments)
    {
        var attribute = arguments.Text(1, "attribute");
        var separator = arguments.Find(0, "d") is { } given ? Text(arguments.Place, given) : MarkedText.Empty;
        var parts = new List<MarkedText>();
        foreach (var item in operations.RequireItems(arguments.Place, value))
        {
            if (parts.Count > 0)
                parts.Add(separator);
            parts.Add(Text(arguments.Place, attribute is null ? item : Attribute(arguments.Place, item, attribute.Value)));
        }
        return operations.Join(arguments.Place, parts);
    }

    private MarkedText Indent(MarkedText text, TemplateArguments arguments)
    {
        var width = arguments.Find(0, "width") is MarkedText given ? given
            : new MarkedText(new string(' ', (int)Math.Clamp(arguments.Whole(0, "width") ?? 4, 0, 1000)));
        var lines = TemplateTexts.Lines(allowance, arguments.Place, new MarkedText(
            text.Value + "\n", text.Origin is null ? null : text.Origin + MarkedText.Template), keepEnds: false).Items;
        var parts = new List<MarkedText>();
        foreach (var (index, line) in lines.Cast<MarkedText>().Index())
        {
            if (index > 0)
                parts.Add(new MarkedText("\n"));
            if (index == 0 ? arguments.Flag(1, "first") : line.Value.Length > 0 || arguments.Flag(2, "blank"))
                parts.Add(width);
            parts.Add(line);
        }
        return operations.Join(arguments.Place, parts);
    }

    private TemplateList Map(object value, TemplateArguments arguments)
    {
        var items = operations.RequireItems(arguments.Place, value);
        if (arguments.Positional.Count == 0)
        {
            arguments.Check(1, "attribute", "default");
            var attribute = arguments.RequireText(0, "attribute").Value;
            var fallback = arguments.Find(1, "default");
            return new TemplateList(
                [.. items.Select(item => Attribute(arguments.Place, item, attribute) is var found
                    && found is Undefined && fallback is not null ? fallback : found)], isStream: true);
        }
        var name = arguments.RequireText(0, "filter").Value;
        if (!TemplateVocabulary.Filters.Contains(name))
            throw TemplateVocabulary.Refusal(arguments.Place, "filter", name, TemplateVocabulary.Filters);
        return new TemplateList(Each(items, arguments, item => Apply(name, item, arguments.Rest(name))), isStream: true);
    }

    private TemplateList Select(
        object value, TemplateArguments arguments, Func<object, object> of, bool isWanted,
        IReadOnlyList<object> test, IReadOnlyDictionary<string, object> named)
    {
        var items = operations.RequireItems(arguments.Place, value);
        if (test.Count == 0)
            return new TemplateList([.. items.Where(item => TemplateOperations.IsTrue(of(item)) == isWanted)], isStream: true);
        if (test[0] is not MarkedText { Value: var name } || !TemplateVocabulary.Tests.Contains(name))
            throw TemplateVocabulary.Refusal(arguments.Place, "test",
                test[0] is MarkedText other ? other.Value : TemplateOperations.Describe(test[0]), TemplateVocabulary.Tests);
        var own = new TemplateArguments(arguments.Place, name, [.. test.Skip(1)], named);
        return new TemplateList([.. items.Where(item => tests.Holds(name, of(item), own) == isWanted)], isStream: true);
    }

    // Filters of filters nest.
    private object[] Each(IReadOnlyList<object> items, TemplateArguments arguments, Func<object, object> apply)
    {
        allowance.Enter(arguments.Place);
        object[] made = [.. items.Select(item =>
        {
            allowance.Step(arguments.Place);
            return apply(item);
        })];
        allowance.Leave();
        return made;
    }

    private TemplateList Sorted(object value, TemplateArguments arguments)
    {
        if (value is not TemplateMap map)
            throw new TemplateException(arguments.Place, $"dictsort: found {TemplateOperations.Describe(value)}; expected a mapping");
        var byValue = arguments.Text(1, "by")?.Value == "value";
        var entries = map.Entries.ToList();
        allowance.List(arguments.Place, entries.Count * 8L);
        object KeyOf((object Key, object Value) entry) =>
            (byValue ? entry.Value : entry.Key) is MarkedText text && !arguments.Flag(0, "case_sensitive")
                ? TemplateTexts.Lower(text) : byValue ? entry.Value : entry.Key;
        var comparer = Comparer<object>.Create((left, right) =>
            operations.Compare(arguments.Place, "<", left, right) ? -1 : operations.Compare(arguments.Place, ">", left, right) ? 1 : 0);
        // Sorting is to fail as everything does, not with the sorter's own exception around it.
        try
        {
            entries = [.. arguments.Flag(2, "reverse") ? entries.OrderByDescending(KeyOf, comparer) : entries.OrderBy(KeyOf, comparer)];
        }
        catch (InvalidOperationException error) when (error.InnerException is TemplateException fault)
        {
            throw fault;
        }
        return new TemplateList([.. entries.Select(entry => TemplateList.Tuple(entry.Key, entry.Value))]);
    }

    private static object ToWhole(object value, object fallback)
    {
        if (value is MarkedText text && text.Value.Trim().Replace("_", "", StringComparison.Ordinal) is var digits
            && long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return whole;
        return value is long or bool ? TemplateOperations.Whole(value)
            : ToNumber(value) is double number && Math.Abs(number) < 9e18 ? (long)Math.Truncate(number) : fallback;
    }

    private static object? ToNumber(object value) => value is MarkedText text
        ? double.TryParse(text.Value.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null
        : TemplateOperations.Number(value);
}
