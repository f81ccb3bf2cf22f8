namespace Kalm.Templates;

/// <summary>The methods of texts and maps.</summary>
/// <param name="allowance">What they may cost.</param>
/// <param name="operations">Compares.</param>
internal sealed class TemplateMethods(TemplateAllowance allowance, TemplateOperations operations)
{
    /// <summary>Whether a value has a method.</summary>
    public static bool Has(object value, string name) => value switch
    {
        MarkedText => name is not ("get" or "items" or "keys" or "values") && TemplateVocabulary.Methods.Contains(name),
        TemplateMap => name is "get" or "items" or "keys" or "values",
        TemplateList { IsStream: false } => name is "count",
        _ => false,
    };

    /// <summary>Calls a method.</summary>
    public object Call(BoundMethod method, TemplateArguments arguments) => method.Target switch
    {
        MarkedText text => OfText(text, method.Name, arguments),
        TemplateMap map => OfMap(map, method.Name, arguments),
        _ => (long)operations.RequireItems(arguments.Place, method.Target)
            .Count(item => operations.AreEqual(arguments.Place, item, arguments.Check(1, "value").Find(0, "value")!)),
    };

    private object OfText(MarkedText text, string name, TemplateArguments arguments)
    {
        allowance.Text(arguments.Place, text.Value.Length);
        switch (name)
        {
            case "strip" or "lstrip" or "rstrip":
                return operations.Strip(
                    arguments.Place, text, arguments.Check(0, "chars").Text(0, "chars")?.Value, name != "rstrip", name != "lstrip");
            case "split" or "rsplit":
                arguments.Check(0, "sep", "maxsplit");
                return TemplateTexts.Split(allowance, arguments.Place, text,
                    arguments.Text(0, "sep")?.Value, arguments.Whole(1, "maxsplit") ?? -1, name == "rsplit");
            case "splitlines":
                return TemplateTexts.Lines(allowance, arguments.Place, text, arguments.Check(0, "keepends").Flag(0, "keepends"));
            case "startswith":
                return Affixes(arguments).Any(affix => text.Value.StartsWith(affix, StringComparison.Ordinal));
            case "endswith":
                return Affixes(arguments).Any(affix => text.Value.EndsWith(affix, StringComparison.Ordinal));
            case "removeprefix":
                return arguments.Check(1, "prefix").RequireText(0, "prefix").Value is var prefix
                    && text.Value.StartsWith(prefix, StringComparison.Ordinal)
                    ? text.Part(prefix.Length, text.Value.Length) : text;
            case "removesuffix":
                return arguments.Check(1, "suffix").RequireText(0, "suffix").Value is var suffix
                    && text.Value.EndsWith(suffix, StringComparison.Ordinal)
                    ? text.Part(0, text.Value.Length - suffix.Length) : text;
            case "replace":
                arguments.Check(2, "old", "new", "count");
                return TemplateTexts.Replace(allowance, arguments.Place, text, arguments.RequireText(0, "old").Value,
                    arguments.RequireText(1, "new"), arguments.Whole(2, "count") ?? -1);
            case "join":
                return Joined(text, operations.RequireItems(arguments.Place, arguments.Check(1, "items").Find(0, "items")!), arguments);
            case "count":
                var part = arguments.Check(1, "part").RequireText(0, "part").Value;
                allowance.Search(arguments.Place, text.Value.Length, part.Length);
                return part.Length == 0 ? text.Length + 1L : text.Places(part).LongCount();
            case "find":
                var sought = arguments.Check(1, "part").RequireText(0, "part").Value;
                allowance.Search(arguments.Place, text.Value.Length, sought.Length);
                var found = text.Value.IndexOf(sought, StringComparison.Ordinal);
                return found < 0 ? -1L : text.Part(0, found).Length;
        }
        arguments.Check(0);
        return name switch
        {
            "upper" => TemplateTexts.Upper(text),
            "lower" => TemplateTexts.Lower(text),
            "capitalize" => TemplateTexts.Capitalize(text),
            "title" => TemplateTexts.Title(text, isFilter: false),
            _ => text.Value.Length > 0 && text.Value.All(char.IsDigit),
        };
    }

    private object OfMap(TemplateMap map, string name, TemplateArguments arguments)
    {
        allowance.List(arguments.Place, map.Entries.Count);
        if (name == "get")
        {
            var key = arguments.Check(1, "key", "default").Find(0, "key")!;
            return operations.Find(arguments.Place, map, key) ?? arguments.Find(1, "default") ?? None.Value;
        }
        arguments.Check(0);
        return new TemplateList([.. map.Entries.Select(entry => name switch
        {
            "keys" => entry.Key,
            "values" => entry.Value,
            _ => TemplateList.Tuple(entry.Key, entry.Value),
        })]);
    }

    private MarkedText Joined(MarkedText separator, IReadOnlyList<object> items, TemplateArguments arguments)
    {
        var parts = new List<MarkedText>();
        foreach (var item in items)
        {
            if (item is not MarkedText text)
                throw new TemplateException(arguments.Place, $"join: found {TemplateOperations.Describe(item)}; expected texts");
            if (parts.Count > 0)
                parts.Add(separator);
            parts.Add(text);
        }
        return operations.Join(arguments.Place, parts);
    }

    private static IEnumerable<string> Affixes(TemplateArguments arguments) =>
        arguments.Check(1, "affix").Find(0, "affix") is TemplateList { IsStream: false } list
            ? list.Items.Select(item => item is MarkedText text ? text.Value
                : throw new TemplateException(arguments.Place, $"found {TemplateOperations.Describe(item)}; expected texts"))
            : [arguments.RequireText(0, "affix").Value];
}
