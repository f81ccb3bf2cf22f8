using System.Globalization;
using System.Text;
using Kalm.Files;

namespace Kalm.Language.Tokenization.Patterns;

/// <summary>Parses what stands for one character: an escape, or a class such as <c>[^\s\p{L}&amp;&amp;[a-z]]</c>.</summary>
internal sealed class ClassParser(PatternCursor cursor)
{
    private const int DeepestNesting = 50;
    private int depth;

    /// <summary>Reads the class whose <c>[</c> has been read.</summary>
    public CharacterSet ParseClass(bool ignoresCase)
    {
        if (++depth > DeepestNesting)
            throw cursor.Fault($"classes nest deeper than {DeepestNesting}");
        var negated = cursor.TryTake("^");
        var operands = new List<CharacterSet.Builder> { new() };
        // A bracket that would close the class at once stands for itself.
        for (var first = true; first || !cursor.TryTake("]"); first = false)
        {
            if (cursor.AtEnd)
                throw cursor.Fault("a class is not closed");
            if (cursor.TryTake("&&"))
                operands.Add(new());
            else
                AddItem(operands[^1], ignoresCase);
        }
        depth--;
        CharacterSet? narrower = null;
        foreach (var operand in operands.Skip(1))
            narrower = operand.Build(ignoresCase: ignoresCase, narrower: narrower);
        return operands[0].Build(negated, ignoresCase, narrower);
    }

    /// <summary>Reads one character, which may be escaped; null when it names a set, which is then added.</summary>
    public int? TakeCharacter(CharacterSet.Builder set)
    {
        if (!cursor.TryTake("\\"))
            return cursor.TakeRune();
        if (cursor.AtEnd)
            throw cursor.Fault("the pattern ends in a backslash");
        var escaped = (char)Math.Min(cursor.TakeRune(), 0xFFFF);
        if (NamedSet(escaped) is { } named)
        {
            set.Add(named);
            return null;
        }
        return escaped switch
        {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'f' => '\f',
            'v' => '\v',
            'a' => '\a',
            'e' => 0x1B,
            'x' => cursor.TryTake("{") ? Number(cursor.TakeUntil("}").Trim()) : HexNumber(),
            'u' => Number(cursor.Take(4)),
            '0' => OctalNumber(),
            not (>= 'A' and <= 'Z' or >= 'a' and <= 'z' or >= '1' and <= '9' or >= '\u0080') => escaped,
            _ => throw cursor.Fault($"'\\{escaped}' is not supported"),
        };
    }

    private void AddItem(CharacterSet.Builder set, bool ignoresCase)
    {
        if (cursor.TryTake("[:"))
        {
            var negated = cursor.TryTake("^");
            var name = cursor.TakeUntil(":]");
            var named = NamedSets.FindPosix(name) ?? throw cursor.Fault($"the class '[:{FileFault.Plain(name)}:]' is not supported");
            set.Add(negated ? NamedSets.Others(named) : named);
            return;
        }
        if (cursor.TryTake("["))
        {
            set.Add(ParseClass(ignoresCase));
            return;
        }
        if (TakeCharacter(set) is not { } character)
            return;
        var last = character;
        if (cursor.Follows("-") && !cursor.Follows("-]") && !cursor.Follows("-&&"))
        {
            var start = cursor.Position;
            cursor.TryTake("-");
            if (cursor.Follows("[") || TakeCharacter(new()) is not { } other)
            {
                // Before a set the hyphen stands for itself.
                cursor.Return(start);
            }
            else
            {
                last = other >= character ? other : throw cursor.Fault("a range ends before it begins");
            }
        }
        set.Add(character, last);
    }

    private CharacterSet? NamedSet(char escaped) => escaped switch
    {
        's' => NamedSets.Blanks,
        'S' => NamedSets.Others(NamedSets.Blanks),
        'd' => NamedSets.Digits,
        'D' => NamedSets.Others(NamedSets.Digits),
        'w' => NamedSets.Word,
        'W' => NamedSets.Others(NamedSets.Word),
        'h' => NamedSets.HexDigits,
        'H' => NamedSets.Others(NamedSets.HexDigits),
        'p' or 'P' => Property(escaped == 'P'),
        _ => null,
    };

    private CharacterSet Property(bool others)
    {
        if (!cursor.TryTake("{"))
            throw cursor.Fault("a property is not in braces");
        var name = cursor.TakeUntil("}");
        var negated = name.StartsWith('^');
        var set = NamedSets.Find(negated ? name[1..] : name)
            ?? throw cursor.Fault(
                $"the property '{FileFault.Plain(name)}' is not supported; expected a general category such as L or a script such as Han");
        return others != negated ? NamedSets.Others(set) : set;
    }

    private int HexNumber()
    {
        var digits = "";
        while (digits.Length < 2 && !cursor.AtEnd && char.IsAsciiHexDigit(cursor.Next))
            digits += cursor.Take(1);
        return Number(digits);
    }

    private int OctalNumber()
    {
        var value = 0;
        for (var count = 0; count < 2 && !cursor.AtEnd && cursor.Next is >= '0' and <= '7'; count++)
            value = (value * 8) + (cursor.Take(1)[0] - '0');
        return value;
    }

    private int Number(string digits) =>
        int.TryParse(digits, NumberStyles.AllowHexSpecifier, null, out var value) && Rune.IsValid(value) ? value
            : throw cursor.Fault($"'{FileFault.Plain(digits)}' is no code point");
}
