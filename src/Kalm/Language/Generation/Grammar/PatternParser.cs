using System.Globalization;

namespace Kalm.Language.Generation.Grammar;

/// <summary>Reads regular expressions as ECMA-262 has them under its flag <c>u</c>, and what it takes without where it means the
/// same.</summary>
internal sealed class PatternParser
{
    private const int Longest = 2000;
    private const int Deepest = 100;
    private const int End = -1;
    private readonly int[] text;
    private readonly string place;
    private int at;
    private int depth;

    private PatternParser(string pattern, string place)
    {
        this.place = place;
        if (pattern.Length > Longest)
            throw new KalmException($"{place}: found {pattern.Length} characters; expected at most {Longest}");
        var characters = new List<int>();
        for (var index = 0; index < pattern.Length; index += characters[^1] > 0xFFFF ? 2 : 1)
            characters.Add(char.IsSurrogatePair(pattern, index) ? char.ConvertToUtf32(pattern, index) : pattern[index]);
        text = [.. characters];
    }

    private int Next => at < text.Length ? text[at] : End;

    /// <summary>The parts of an expression.</summary>
    /// <param name="pattern">The expression.</param>
    /// <param name="place">Where it stands, for messages.</param>
    /// <exception cref="KalmException">It is none, or has look-around, back-references, word boundaries or <c>\p</c>.</exception>
    public static PatternNode Parse(string pattern, string place)
    {
        var parser = new PatternParser(pattern, place);
        var whole = parser.Alternatives();
        return parser.Next == End ? whole : throw parser.Found(")", "a group that is opened before");
    }

    private PatternNode Alternatives()
    {
        if (++depth > Deepest)
            throw Found("a group", $"groups within groups, at most {Deepest} deep");
        var ways = new List<PatternNode>();
        do
        {
            var parts = new List<PatternNode>();
            while (Next is not (End or '|' or ')'))
                parts.Add(Quantified());
            ways.Add(PatternNode.Sequence(parts));
        }
        while (Skip("|"));
        depth--;
        return PatternNode.Choice(ways);
    }

    private PatternNode Quantified()
    {
        var part = Atom();
        if (Counts() is not var (least, most))
            return part;
        if (part is PatternAnchor)
            throw Found("an anchor that is repeated", "another part");
        Skip("?");
        return PatternNode.Repeat(part, least, most);
    }

    private (int Least, int Most)? Counts()
    {
        if (Skip("*"))
            return (0, RepeatNode.Unbounded);
        if (Skip("+"))
            return (1, RepeatNode.Unbounded);
        if (Skip("?"))
            return (0, 1);
        var before = at;
        if (Skip("{") && Count() is { } least)
        {
            var most = Skip(",") ? (Next == '}' ? RepeatNode.Unbounded : Count()) : least;
            if (most is { } bound && Skip("}"))
                return least <= bound ? (least, bound) : throw Found($"{{{least},{bound}}}", "a most that is no less than the least");
        }
        at = before;
        return null;
    }

    private int? Count()
    {
        var before = at;
        while (Next is >= '0' and <= '9')
            at++;
        if (at == before)
            return null;
        var digits = Text(before, at);
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count < RepeatNode.Unbounded
            ? count : throw Found($"a count of {digits}", $"less than {RepeatNode.Unbounded}");
    }

    private PatternNode Atom()
    {
        var place = at + 1;
        if (Skip("^"))
            return new PatternAnchor(IsStart: true, place);
        if (Skip("$"))
            return new PatternAnchor(IsStart: false, place);
        if (Skip("."))
            return PatternNode.Of(PatternClasses.AnyInLine);
        if (Skip("("))
            return Group();
        if (Skip("["))
            return PatternNode.Of(Class());
        if (Next is '*' or '+' or '?')
            throw Found(Text(at, at + 1), "a part to repeat before it");
        var (set, character) = Next == '\\' ? Escape(isInClass: false) : (null, text[at++]);
        return PatternNode.Of(set ?? CharacterSet.Of((character, character)));
    }

    private PatternNode Group()
    {
        if (Skip("?"))
        {
            if (Next is '=' or '!' || (Next == '<' && at + 1 < text.Length && text[at + 1] is '=' or '!'))
                throw Found("look-around", "an expression without");
            if (Skip("<"))
                while (!Skip(">"))
                    if (Next == End || !(Next is '_' or '$' || (Next < 0x10000 && char.IsLetterOrDigit((char)Next))))
                        throw Found("the name of a group that does not end", "letters and '>'");
                    else
                        at++;
            else if (!Skip(":"))
                throw Found($"(?{Text(at, at + 1)}", "(...), (?:...) or (?<name>...)");
        }
        var inner = Alternatives();
        return Skip(")") ? inner : throw Found("a group without an end", "')'");
    }

    private CharacterSet Class()
    {
        var isNegated = Skip("^");
        var sets = new List<CharacterSet>();
        while (!Skip("]"))
        {
            var (set, from) = Member();
            var to = from;
            if (set is null && Next == '-' && at + 1 < text.Length && text[at + 1] != ']')
            {
                at++;
                (set, to) = Member();
                if (set is not null || to < from)
                    throw Found("a range without two ends in order", "one such as a-z");
            }
            sets.Add(set ?? CharacterSet.Of((from, to)));
        }
        var all = CharacterSet.Union(sets);
        return isNegated ? all.Negated() : all;
    }

    private (CharacterSet? Set, int Character) Member() => Next switch
    {
        End => throw Found("a class without an end", "']'"),
        '\\' => Escape(isInClass: true),
        _ => (null, text[at++]),
    };

    // The set that an escape names, or else the character.
    private (CharacterSet? Set, int Character) Escape(bool isInClass)
    {
        at++;
        if (Next == End)
            throw Found("'\\' at the end", "a character behind it");
        var name = text[at++];
        return name is 'd' or 'D' or 'w' or 'W' or 's' or 'S' ? (PatternClasses.Of((char)name), name) : (null, name switch
        {
            'n' => '\n', 't' => '\t', 'r' => '\r', 'f' => '\f', 'v' => '\v',
            'b' when isInClass => '\b',
            '0' when Next is not (>= '0' and <= '9') => 0,
            'x' => Hex(2),
            'u' => Unicode(),
            'c' when Next is >= 'a' and <= 'z' or >= 'A' and <= 'Z' => text[at++] & 31,
            'b' or 'B' => throw Found($"the word boundary \\{(char)name}", "an expression without"),
            'p' or 'P' => throw Found($"\\{(char)name}", "ranges of characters in brackets"),
            'k' or (>= '0' and <= '9') => throw Found($"the back-reference \\{(char)name}", "an expression without"),
            < 0x80 when char.IsAsciiLetter((char)name) => throw Found($"\\{(char)name}", "one of \\d \\w \\s \\n \\t \\x41 \\u0041"),
            _ => name,
        });
    }

    private int Unicode()
    {
        if (Skip("{"))
        {
            var before = at;
            while (Next is not (End or '}'))
                at++;
            return int.TryParse(Text(before, at), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var point)
                && point is >= 0 and <= 0x10FFFF && Skip("}") ? point : throw Found("\\u{...}", "hexadecimal digits up to 10FFFF");
        }
        var (first, behind) = (Hex(4), at);
        if (first is >= 0xD800 and <= 0xDBFF && Skip("\\u") && Next != '{' && Hex(4) is >= 0xDC00 and <= 0xDFFF and var second)
            return char.ConvertToUtf32((char)first, (char)second);
        at = behind;
        return first;
    }

    private int Hex(int count)
    {
        var digits = Text(at, at + count);
        at = Math.Min(text.Length, at + count);
        return digits.Length == count && int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? value : throw Found($"'{digits}' in an escape", $"{count} hexadecimal digits");
    }

    private bool Skip(string word)
    {
        for (var index = 0; index < word.Length; index++)
            if (at + index >= text.Length || text[at + index] != word[index])
                return false;
        at += word.Length;
        return true;
    }

    private string Text(int from, int to) => string.Concat(text[from..Math.Min(to, text.Length)]
        .Select(point => point is >= 0xD800 and <= 0xDFFF ? "\uFFFD" : char.ConvertFromUtf32(point)));

    private KalmException Found(string found, string expected) =>
        new($"{place}: found {found} at character {Math.Min(at + 1, text.Length)}; expected {expected}");
}
