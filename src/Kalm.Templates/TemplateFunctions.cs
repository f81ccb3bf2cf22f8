using System.Globalization;
using System.Text;

namespace Kalm.Templates;

/// <summary>The functions that every template knows.</summary>
/// <param name="allowance">What they may cost.</param>
/// <param name="now">The time, for <c>strftime_now</c>.</param>
internal sealed class TemplateFunctions(TemplateAllowance allowance, DateTimeOffset now)
{
    /// <summary>Calls one.</summary>
    public object Call(GlobalFunction function, TemplateArguments arguments)
    {
        switch (function.Name)
        {
            case "namespace":
                var made = new TemplateNamespace();
                foreach (var (name, value) in Entries(arguments))
                    made.Values[name] = value;
                return made;
            case "dict":
                return new TemplateMap(Entries(arguments).Select(entry => ((object)new MarkedText(entry.Name), entry.Value)));
            case "raise_exception":
                throw new TemplateException(arguments.Place, arguments.Check(1, "message").RequireText(0, "message").Value);
            case "strftime_now":
                return new MarkedText(Time(arguments.Check(1, "format").RequireText(0, "format").Value, arguments.Place));
            default:
                return Range(arguments);
        }
    }

    private static IEnumerable<(string Name, object Value)> Entries(TemplateArguments arguments)
    {
        if (arguments.Positional.Count > 1 || arguments.Positional is [not TemplateMap])
            throw new TemplateException(arguments.Place, "found values without names; expected names with values");
        var given = arguments.Positional is [TemplateMap map] ? map.Entries : [];
        return given.Select(entry => (entry.Key is MarkedText key
            ? key.Value : throw new TemplateException(arguments.Place, "found a key that is no text; expected texts"), entry.Value))
            .Concat(arguments.Named.Select(entry => (entry.Key, entry.Value)));
    }

    private TemplateList Range(TemplateArguments arguments)
    {
        arguments.Check(1, "start", "stop", "step");
        var (start, stop, step) = (arguments.Whole(0, "start") ?? 0, arguments.Whole(1, "stop"), arguments.Whole(2, "step") ?? 1);
        if (stop is null)
            (start, stop) = (0, start);
        if (step == 0)
            throw new TemplateException(arguments.Place, "range: found a step of 0; expected another");
        var count = step > 0 ? ((Int128)stop.Value - start + step - 1) / step : ((Int128)start - stop.Value - step - 1) / -(Int128)step;
        allowance.List(arguments.Place, (long)Int128.Clamp(count, 0, long.MaxValue - 1));
        return new TemplateList([.. Enumerable.Range(0, (int)Int128.Max(count, 0)).Select(index => (object)(start + index * step))]);
    }

    private string Time(string format, TemplatePlace place)
    {
        var text = new StringBuilder();
        for (var at = 0; at < format.Length; at++)
        {
            if (format[at] != '%')
            {
                text.Append(format[at]);
                continue;
            }
            var code = ++at < format.Length ? format[at] : '\0';
            if (code == '-' && at + 1 < format.Length)
                text.Append(Field(format[++at], place).TrimStart('0') is { Length: > 0 } digits ? digits : "0");
            else
                text.Append(Field(code, place));
            allowance.Text(place, text.Length);
        }
        return text.ToString();
    }

    private string Field(char code, TemplatePlace place) => code switch
    {
        '%' => "%",
        'j' => now.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        'f' => now.ToString("ffffff", CultureInfo.InvariantCulture),
        _ when Formats.TryGetValue(code, out var format) => now.ToString(format, CultureInfo.InvariantCulture),
        _ => throw TemplateVocabulary.Refusal(place, "time format", $"%{code}", Formats.Keys.Select(known => $"%{known}")),
    };

    private static readonly Dictionary<char, string> Formats = new()
    {
        ['a'] = "ddd", ['A'] = "dddd", ['b'] = "MMM", ['B'] = "MMMM", ['d'] = "dd", ['m'] = "MM",
        ['y'] = "yy", ['Y'] = "yyyy", ['H'] = "HH", ['I'] = "hh", ['M'] = "mm", ['S'] = "ss",
        ['p'] = "tt", ['F'] = "yyyy-MM-dd", ['T'] = "HH:mm:ss",
    };
}
