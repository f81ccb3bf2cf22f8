using System.Globalization;
using System.Text;

namespace Kalm.Templates;

/// <summary>Values as text, as Python writes them.</summary>
/// <param name="allowance">What may be written.</param>
/// <param name="place">Where it is asked for.</param>
internal sealed class PythonText(TemplateAllowance allowance, TemplatePlace place)
{
    private readonly StringBuilder text = new();
    private bool isSaid;

    /// <summary>A value as it is written into the output.</summary>
    public MarkedText Of(object value)
    {
        if (value is MarkedText already)
            return already;
        if (value is Undefined)
            return MarkedText.Empty;
        AppendRepresentation(value);
        return Result();
    }

    /// <summary>A value as JSON, not escaped for HTML and not restricted to ASCII, as Hugging Face writes it.</summary>
    /// <param name="value">The value.</param>
    /// <param name="indent">Blanks for each level; null writes one line.</param>
    public MarkedText Json(object value, int? indent)
    {
        AppendJson(value, indent, 0);
        return Result();
    }

    /// <summary>A number with a point, as Python writes it.</summary>
    public static string Of(double number)
    {
        if (double.IsNaN(number))
            return "nan";
        if (double.IsInfinity(number))
            return number > 0 ? "inf" : "-inf";
        var shortest = number.ToString("E16", CultureInfo.InvariantCulture);
        for (var digits = 0; digits <= 16; digits++)
        {
            shortest = number.ToString("E" + digits, CultureInfo.InvariantCulture);
            if (double.Parse(shortest, CultureInfo.InvariantCulture).Equals(number))
                break;
        }
        var mark = shortest.IndexOf('E', StringComparison.Ordinal);
        var exponent = int.Parse(shortest.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (exponent is >= -4 and < 16)
        {
            var plain = number.ToString("F" + Math.Max(1, mark - (number < 0 ? 1 : 0) - 2 - exponent), CultureInfo.InvariantCulture);
            return plain;
        }
        return $"{shortest[..mark]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }

    private MarkedText Result()
    {
        var made = text.ToString();
        allowance.Text(place, made.Length);
        return isSaid ? MarkedText.OfSaid(made) : new MarkedText(made);
    }

    private void AppendRepresentation(object value)
    {
        Enter();
        switch (value)
        {
            case None:
                text.Append("None");
                break;
            case bool flag:
                text.Append(flag ? "True" : "False");
                break;
            case long whole:
                text.Append(whole);
                break;
            case double number:
                text.Append(Of(number));
                break;
            case MarkedText quoted:
                AppendQuoted(quoted);
                break;
            case TemplateList { IsStream: false } list:
                AppendAll(list.IsTuple ? '(' : '[', list.Items, AppendRepresentation,
                    list.IsTuple ? list.Items.Count == 1 ? ",)" : ")" : "]");
                break;
            case TemplateMap map:
                AppendAll('{', map.Entries, entry =>
                {
                    AppendRepresentation(entry.Key);
                    text.Append(": ");
                    AppendRepresentation(entry.Value);
                }, "}");
                break;
            default:
                throw new TemplateException(place, $"{TemplateOperations.Describe(value)} has no text");
        }
        allowance.Leave();
    }

    private void AppendAll<T>(char open, IReadOnlyList<T> items, Action<T> append, string close)
    {
        text.Append(open);
        foreach (var (index, item) in items.Index())
        {
            if (index > 0)
                text.Append(", ");
            append(item);
        }
        text.Append(close);
    }

    private void AppendQuoted(MarkedText quoted)
    {
        Take(quoted);
        var quote = quoted.Value.Contains('\'', StringComparison.Ordinal) && !quoted.Value.Contains('"', StringComparison.Ordinal)
            ? '"' : '\'';
        text.Append(quote);
        foreach (var unit in quoted.Value)
            text.Append(unit switch
            {
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ when unit == quote => $"\\{unit}",
                < ' ' or (>= '\u007F' and < '\u00A1') or '\u00AD' => $"\\x{(int)unit:x2}",
                _ => unit.ToString(),
            });
        text.Append(quote);
    }

    private void AppendJson(object value, int? indent, int level)
    {
        Enter();
        switch (value)
        {
            case None:
                text.Append("null");
                break;
            case bool flag:
                text.Append(flag ? "true" : "false");
                break;
            case long whole:
                text.Append(whole);
                break;
            case double number:
                text.Append(double.IsNaN(number) ? "NaN" : double.IsInfinity(number) ? number > 0 ? "Infinity" : "-Infinity" : Of(number));
                break;
            case MarkedText quoted:
                AppendJsonText(quoted);
                break;
            case TemplateList { IsStream: false } list:
                AppendJsonItems('[', list.Items, item => AppendJson(item, indent, level + 1), ']', indent, level);
                break;
            case TemplateMap map:
                AppendJsonItems('{', map.Entries, entry =>
                {
                    if (entry.Key is not MarkedText key)
                        throw new TemplateException(
                            place, $"found the key {TemplateOperations.Describe(entry.Key)}; expected texts, to write JSON");
                    AppendJsonText(key);
                    text.Append(": ");
                    AppendJson(entry.Value, indent, level + 1);
                }, '}', indent, level);
                break;
            default:
                throw new TemplateException(place, $"{TemplateOperations.Describe(value)} cannot be written as JSON");
        }
        allowance.Leave();
    }

    private void AppendJsonItems<T>(char open, IReadOnlyList<T> items, Action<T> append, char close, int? indent, int level)
    {
        text.Append(open);
        foreach (var (index, item) in items.Index())
        {
            if (index > 0)
                text.Append(indent is null ? ", " : ",");
            BreakLine(indent, level + 1);
            append(item);
        }
        if (items.Count > 0)
            BreakLine(indent, level);
        text.Append(close);
    }

    private void BreakLine(int? indent, int level)
    {
        if (indent is not { } width)
            return;
        allowance.Text(place, text.Length + (long)width * level);
        text.Append('\n').Append(' ', width * level);
    }

    private void AppendJsonText(MarkedText quoted)
    {
        Take(quoted);
        text.Append('"');
        foreach (var unit in quoted.Value)
            text.Append(unit switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                < ' ' => $"\\u{(int)unit:x4}",
                _ => unit.ToString(),
            });
        text.Append('"');
    }

    private void Take(MarkedText quoted)
    {
        isSaid |= quoted.Origin is not null;
        allowance.Text(place, (long)text.Length + quoted.Value.Length);
    }

    private void Enter()
    {
        allowance.Step(place);
        allowance.Enter(place);
    }
}
