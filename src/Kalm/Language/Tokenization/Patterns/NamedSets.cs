namespace Kalm.Language.Tokenization.Patterns;

/// <summary>The sets of characters that have names: <c>\s</c>, <c>\w</c>, <c>\p{L}</c>, <c>\p{Han}</c>, <c>[:alpha:]</c>. Blanks are
/// Unicode's White_Space; the word characters are those of Unicode Technical Standard 18 but for the joiners.</summary>
internal static class NamedSets
{
    /// <summary>Unicode's White_Space.</summary>
    public static readonly CharacterSet Blanks = Make("Zs Zl Zp", (9, 0x0D), (0x85, 0x85));

    /// <summary>Letters, marks, digits, connectors.</summary>
    public static readonly CharacterSet Word = Make(
        "L M Nd Nl Pc", (0x24B6, 0x24E9), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189));

    /// <summary>The word characters outside a class in brackets, where Oniguruma goes by a table of its own up to U+00FF.</summary>
    public static readonly CharacterSet WordAlone = Make("L M Nd Nl Pc",
        (0xB2, 0xB3), (0xB9, 0xB9), (0xBC, 0xBE), (0x24B6, 0x24E9), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189));

    /// <summary>Decimal digits.</summary>
    public static readonly CharacterSet Digits = Make("Nd");

    /// <summary>Hexadecimal digits: what <c>\h</c> means in Ruby.</summary>
    public static readonly CharacterSet HexDigits = Make("", ('0', '9'), ('A', 'F'), ('a', 'f'));

    /// <summary>Everything.</summary>
    public static readonly CharacterSet Any = Make("", (0, 0x10FFFF));

    private const string CategoryNames = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Zs Zl Zp Cc Cf Cs Co Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Cn";

    private static readonly Dictionary<string, string> LongNames = new()
    {
        ["letter"] = "L", ["casedletter"] = "Lu Ll Lt", ["lc"] = "Lu Ll Lt", ["uppercaseletter"] = "Lu", ["lowercaseletter"] = "Ll",
        ["titlecaseletter"] = "Lt", ["modifierletter"] = "Lm", ["otherletter"] = "Lo", ["mark"] = "M", ["combiningmark"] = "M",
        ["nonspacingmark"] = "Mn", ["spacingmark"] = "Mc", ["enclosingmark"] = "Me", ["number"] = "N", ["decimalnumber"] = "Nd",
        ["letternumber"] = "Nl", ["othernumber"] = "No", ["punctuation"] = "P", ["punct"] = "P", ["connectorpunctuation"] = "Pc",
        ["dashpunctuation"] = "Pd", ["openpunctuation"] = "Ps", ["closepunctuation"] = "Pe", ["initialpunctuation"] = "Pi",
        ["finalpunctuation"] = "Pf", ["otherpunctuation"] = "Po", ["symbol"] = "S", ["mathsymbol"] = "Sm", ["currencysymbol"] = "Sc",
        ["modifiersymbol"] = "Sk", ["othersymbol"] = "So", ["separator"] = "Z", ["spaceseparator"] = "Zs", ["lineseparator"] = "Zl",
        ["paragraphseparator"] = "Zp", ["other"] = "C", ["control"] = "Cc", ["format"] = "Cf", ["surrogate"] = "Cs",
        ["privateuse"] = "Co", ["unassigned"] = "Cn",
    };

    private static readonly (string Name, CharacterSet Set)[] Sets =
    [
        ("space", Blanks), ("whitespace", Blanks), ("word", Word), ("digit", Digits), ("xdigit", HexDigits), ("any", Any),
        ("ascii", Make("", (0, 0x7F))), ("cntrl", Make("Cc")), ("blank", Make("Zs", (9, 9))),
        ("punct", Make("P S")),
        ("assigned", Make("L M N P S Z Cc Cf Cs Co")),
    ];

    /// <summary>The set of a property's name in <c>\p{…}</c>; null when there is none.</summary>
    public static CharacterSet? Find(string name)
    {
        if (MaskOf(name) is > 0 and var exact)
            return Of(exact);
        var plain = UnicodeProperties.Plain(name);
        if (LongNames.TryGetValue(plain, out var categories))
            return Make(categories);
        var mask = plain.Length is 1 or 2 ? MaskOf(char.ToUpperInvariant(plain[0]) + plain[1..]) : 0;
        if (mask > 0)
            return Of(mask);
        return FindPosix(plain) ?? (UnicodeProperties.Find(plain) is { } ranges ? Make("", ranges) : null);
    }

    /// <summary>The set of a name in <c>[:…:]</c>; null when there is none.</summary>
    public static CharacterSet? FindPosix(string name)
    {
        foreach (var (known, set) in Sets)
            if (known == name)
                return set;
        return name switch
        {
            "alpha" => Make("", UnicodeProperties.Find("Alphabetic")!),
            "alnum" => Make("Nd", UnicodeProperties.Find("Alphabetic")!),
            "upper" => Make("", UnicodeProperties.Find("Uppercase")!),
            "lower" => Make("", UnicodeProperties.Find("Lowercase")!),
            _ => null,
        };
    }

    /// <summary>What a set does not hold.</summary>
    public static CharacterSet Others(CharacterSet set)
    {
        var builder = new CharacterSet.Builder();
        builder.Add(set);
        return builder.Build(negated: true);
    }

    private static CharacterSet Of(uint mask)
    {
        var builder = new CharacterSet.Builder();
        builder.AddCategories(mask);
        return builder.Build();
    }

    private static CharacterSet Make(string categories, params (int First, int Last)[] ranges)
    {
        var builder = new CharacterSet.Builder();
        foreach (var name in categories.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            builder.AddCategories(MaskOf(name));
        foreach (var (first, last) in ranges)
            builder.Add(first, last);
        return builder.Build();
    }

    private static uint MaskOf(string name)
    {
        var mask = 0u;
        var names = CategoryNames.Split(' ');
        for (var category = 0; category < names.Length; category++)
            if (names[category] == name || (name.Length == 1 && names[category][0] == name[0]))
                mask |= 1u << category;
        return mask;
    }
}
