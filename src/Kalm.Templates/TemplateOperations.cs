namespace Kalm.Templates;

/// <summary>What Python does with values.</summary>
/// <param name="allowance">What it may cost.</param>
internal sealed class TemplateOperations(TemplateAllowance allowance)
{
    /// <summary>What to call a value in a message.</summary>
    public static string Describe(object value) => value switch
    {
        Undefined missing => $"'{missing.Name}', which is undefined,",
        None => "none",
        bool => "a truth value",
        long or double => "a number",
        MarkedText => "a text",
        TemplateList { IsStream: true } => "the result of a filter that gives items one by one",
        TemplateList => "a list",
        TemplateMap => "a mapping",
        TemplateNamespace => "a namespace",
        LoopState => "loop",
        _ => "a function",
    };

    /// <summary>Whether a value counts as true.</summary>
    public static bool IsTrue(object value) => value switch
    {
        Undefined or None => false,
        bool flag => flag,
        long whole => whole != 0,
        double number => number != 0,
        MarkedText text => text.Value.Length > 0,
        TemplateList list => list.IsStream || list.Items.Count > 0,
        TemplateMap map => map.Entries.Count > 0,
        _ => true,
    };

    /// <summary>The items of a value that can be looped over; null for another.</summary>
    public IReadOnlyList<object>? Items(TemplatePlace place, object value)
    {
        IReadOnlyList<object>? items = value switch
        {
            Undefined => [],
            MarkedText text => text.Characters(),
            TemplateList list => list.Read(),
            TemplateMap map => [.. map.Entries.Select(entry => entry.Key)],
            _ => null,
        };
        if (items is not null)
            allowance.List(place, items.Count);
        return items;
    }

    /// <summary>The items of a value that must be one that can be looped over.</summary>
    public IReadOnlyList<object> RequireItems(TemplatePlace place, object value) =>
        Items(place, value) ?? throw new TemplateException(place, $"found {Describe(value)}; expected something to loop over");

    /// <summary>The number of items.</summary>
    public long Length(TemplatePlace place, object value)
    {
        switch (value)
        {
            case MarkedText text:
                allowance.Text(place, text.Value.Length);
                return text.Length;
            case TemplateList { IsStream: false } list:
                return list.Items.Count;
            case TemplateMap map:
                return map.Entries.Count;
            default:
                return value is Undefined ? 0 : throw new TemplateException(place, $"{Describe(value)} has no length");
        }
    }

    /// <summary>The value of a key, or null.</summary>
    public object? Find(TemplatePlace place, TemplateMap map, object key)
    {
        allowance.Text(place, key is MarkedText text ? text.Value.Length : 0);
        return TemplateMap.IsKey(key) ? map.Find(key) : null;
    }

    /// <summary>Whether two values are equal.</summary>
    public bool AreEqual(TemplatePlace place, object left, object right)
    {
        allowance.Step(place);
        if (Number(left) is { } first && Number(right) is { } second)
            return left is long or bool && right is long or bool ? Whole(left) == Whole(right) : first.Equals(second);
        if (left is MarkedText text && right is MarkedText other)
        {
            allowance.Text(place, Math.Min(text.Value.Length, other.Value.Length));
            return text.Value == other.Value;
        }
        allowance.Enter(place);
        var isEqual = (left, right) switch
        {
            (Undefined, Undefined) => true,
            (TemplateList { IsStream: false } list, TemplateList { IsStream: false } others) => list.Items.Count == others.Items.Count
                && list.Items.Zip(others.Items).All(pair => AreEqual(place, pair.First, pair.Second)),
            (TemplateMap map, TemplateMap others) => map.Entries.Count == others.Entries.Count
                && map.Entries.All(entry => others.Find(entry.Key) is { } found && AreEqual(place, entry.Value, found)),
            _ => ReferenceEquals(left, right),
        };
        allowance.Leave();
        return isEqual;
    }

    /// <summary>Whether a value is among others.</summary>
    public bool Contains(TemplatePlace place, object all, object value)
    {
        if (all is MarkedText text)
        {
            if (value is not MarkedText part)
                throw new TemplateException(place, $"found {Describe(value)}; expected a text, to look for it in a text");
            allowance.Search(place, text.Value.Length, part.Value.Length);
            return text.Value.Contains(part.Value, StringComparison.Ordinal);
        }
        if (all is TemplateMap map)
            return Find(place, map, value) is not null;
        return RequireItems(place, all).Any(item => AreEqual(place, item, value));
    }

    /// <summary>The result of a comparison.</summary>
    public bool Compare(TemplatePlace place, string relation, object left, object right)
    {
        switch (relation)
        {
            case "==":
                return AreEqual(place, left, right);
            case "!=":
                return !AreEqual(place, left, right);
            case "in":
                return Contains(place, right, left);
            case "not in":
                return !Contains(place, right, left);
        }
        int order;
        if (left is long or bool && right is long or bool)
            order = Whole(left).CompareTo(Whole(right));
        else if (Number(left) is { } first && Number(right) is { } second)
        {
            if (double.IsNaN(first) || double.IsNaN(second))
                return false;
            order = first.CompareTo(second);
        }
        else if (left is MarkedText text && right is MarkedText other)
        {
            allowance.Text(place, Math.Min(text.Value.Length, other.Value.Length));
            order = string.CompareOrdinal(text.Value, other.Value);
        }
        else
            throw new TemplateException(place, $"'{relation}' cannot compare {Describe(left)} with {Describe(right)}");
        return relation switch { "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 };
    }

    /// <summary>The result of arithmetic, or of putting texts or lists together.</summary>
    public object Calculate(TemplatePlace place, string operation, object left, object right)
    {
        switch (operation, left, right)
        {
            case ("+", MarkedText text, MarkedText other):
                return Join(place, [text, other]);
            case ("+", TemplateList { IsStream: false } list, TemplateList { IsStream: false } other):
                allowance.List(place, (long)list.Items.Count + other.Items.Count);
                return new TemplateList([.. list.Items, .. other.Items]);
            case ("*", MarkedText text, long or bool):
                allowance.Text(place, checked(text.Value.Length * Math.Clamp(Whole(right), 0, int.MaxValue)));
                return MarkedText.Concat(
                    [.. Enumerable.Repeat(text, (int)Math.Clamp(Whole(right), 0, text.Value.Length == 0 ? 0 : int.MaxValue))]);
            case ("*", long or bool, MarkedText):
                return Calculate(place, operation, right, left);
        }
        if (left is long or bool && right is long or bool && operation != "/")
            return Calculate(place, operation, Whole(left), Whole(right));
        if (Number(left) is not { } first || Number(right) is not { } second)
            throw new TemplateException(place, $"'{operation}' cannot be used with {Describe(left)} and {Describe(right)}");
        if (second == 0 && operation is ("/" or "//" or "%"))
            throw new TemplateException(place, "found a division by zero");
        return operation switch
        {
            "+" => first + second,
            "-" => first - second,
            "*" => first * second,
            "/" => first / second,
            "//" => Math.Floor(first / second),
            _ => first - second * Math.Floor(first / second),
        };
    }

    /// <summary>A text without the characters at its ends; blanks when they are null.</summary>
    public MarkedText Strip(TemplatePlace place, MarkedText text, string? characters, bool left, bool right)
    {
        allowance.Text(place, (long)text.Value.Length + (characters?.Length ?? 0));
        return text.Strip(characters, left, right);
    }

    /// <summary>Texts one after another.</summary>
    public MarkedText Join(TemplatePlace place, IReadOnlyList<MarkedText> texts)
    {
        allowance.Text(place, texts.Sum(text => (long)text.Value.Length));
        return MarkedText.Concat(texts);
    }

    /// <summary>A whole number or a truth value as a number.</summary>
    public static long Whole(object value) => value is bool flag ? flag ? 1 : 0 : (long)value;

    /// <summary>Any number; null for what is none.</summary>
    public static double? Number(object value) => value switch
    {
        bool flag => flag ? 1 : 0,
        long whole => whole,
        double number => number,
        _ => null,
    };

    private static long Calculate(TemplatePlace place, string operation, long left, long right)
    {
        try
        {
            return operation switch
            {
                "+" => checked(left + right),
                "-" => checked(left - right),
                "*" => checked(left * right),
                _ when right == 0 => throw new TemplateException(place, "found a division by zero"),
                _ when right == -1 => operation == "//" ? checked(-left) : 0L,
                // Towards minus infinity, as Python does.
                "//" => left / right - (left % right != 0 && (left < 0) != (right < 0) ? 1 : 0),
                _ => left % right is var rest && rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest,
            };
        }
        catch (OverflowException)
        {
            throw new TemplateException(place, $"'{operation}' gives a number beyond 2^63");
        }
    }
}
