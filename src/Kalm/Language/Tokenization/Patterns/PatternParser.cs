using System.Globalization;
using System.Text;

namespace Kalm.Language.Tokenization.Patterns;

/// <summary>Parses the regular expressions that tokenizer.json files hold (Oniguruma's Ruby syntax): literals, classes, general
/// categories, groups, <c>(?i:…)</c>, look-ahead, atomic groups and all three kinds of repetition. Everything else is refused by
/// name.</summary>
internal sealed class PatternParser
{
    private const int DeepestNesting = 50;
    private const int MostRepetitions = 1000;

    private readonly string _pattern;
    private int _position;
    private int _depth;

    private PatternParser(string pattern) => _pattern = pattern;

    /// <summary>The parts of <paramref name="pattern"/>.</summary>
    /// <exception cref="KalmException">The pattern is malformed or uses what is not supported.</exception>
    public static PatternNode Parse(string pattern)
    {
        var parser = new PatternParser(pattern);
        var node = parser.ParseChoice(ignoresCase: false);
        return parser._position == pattern.Length ? node : throw parser.Fault("')' closes nothing");
    }

    private bool AtEnd => _position == _pattern.Length;

    private PatternNode ParseChoice(bool ignoresCase)
    {
        if (++_depth > DeepestNesting)
            throw Fault($"groups nest deeper than {DeepestNesting}");
        var choices = new List<PatternNode>();
        do
            choices.Add(ParseSequence(ignoresCase));
        while (TryTake("|"));
        _depth--;
        return choices.Count == 1 ? choices[0] : new ChoiceNode(choices);
    }

    private SequenceNode ParseSequence(bool ignoresCase)
    {
        var parts = new List<PatternNode>();
        while (!AtEnd && _pattern[_position] is not ('|' or ')'))
            parts.Add(ParseRepetition(ParseAtom(ignoresCase)));
        return new(parts);
    }

    private PatternNode ParseAtom(bool ignoresCase)
    {
        if (TryTake("("))
            return ParseGroup(ignoresCase);
        if (TryTake("["))
            return new SetNode(ParseClass(ignoresCase));
        var set = new CharacterSet.Builder();
        if (TryTake("."))
        {
            set.Add('\n', '\n');
            return new SetNode(set.Build(negated: true, ignoresCase: false));
        }
        if (_pattern[_position] is '^' or '$' or '*' or '+' or '?' or '{')
            throw Fault($"'{_pattern[_position]}' here is not supported");
        if (TakeCharacter(set) is { } character)
            set.Add(character, character);
        return new SetNode(set.Build(negated: false, ignoresCase));
    }

    private PatternNode ParseGroup(bool ignoresCase)
    {
        PatternNode node;
        if (TryTake("?="))
            node = new LookAheadNode(ParseChoice(ignoresCase), Negative: false);
        else if (TryTake("?!"))
            node = new LookAheadNode(ParseChoice(ignoresCase), Negative: true);
        else if (TryTake("?>"))
            node = new AtomicNode(ParseChoice(ignoresCase));
        else if (TryTake("?i:"))
            node = ParseChoice(ignoresCase: true);
        else if (TryTake("?-i:"))
            node = ParseChoice(ignoresCase: false);
        // (?i) reaches to the end of the group that it stands in.
        else if (TryTake("?i)"))
            return ParseChoice(ignoresCase: true);
        else if (TryTake("?:") || !TryTake("?"))
            node = ParseChoice(ignoresCase);
        else
            throw Fault($"the group '(?{(AtEnd ? "" : _pattern[_position])}' is not supported");
        return TryTake(")") ? node : throw Fault("a group is not closed");
    }

    private CharacterSet ParseClass(bool ignoresCase)
    {
        var set = new CharacterSet.Builder();
        var negated = TryTake("^");
        for (var first = true; first || !TryTake("]"); first = false)
        {
            if (AtEnd)
                throw Fault("a class is not closed");
            if (_pattern[_position] == '[' || Follows("&&") || (first && _pattern[_position] == ']'))
                throw Fault($"'{_pattern[_position]}' within a class is not supported; expected it after a backslash");
            if (TakeCharacter(set) is not { } character)
                continue;
            var last = character;
            if (Follows("-") && !Follows("-]"))
            {
                _position++;
                if (AtEnd || TakeCharacter(set) is not { } other || other < character)
                    throw Fault("a range has no end, or ends before it begins");
                last = other;
            }
            set.Add(character, last);
        }
        return set.Build(negated, ignoresCase);
    }

    /// <summary>Reads one character, which may be escaped; null when it names a set, which is then added.</summary>
    private int? TakeCharacter(CharacterSet.Builder set)
    {
        if (!TryTake("\\"))
        {
            var rune = Rune.GetRuneAt(_pattern, _position);
            _position += rune.Utf16SequenceLength;
            return rune.Value;
        }
        if (AtEnd)
            throw Fault("the pattern ends in a backslash");
        var escaped = _pattern[_position++];
        switch (escaped)
        {
            case 's' or 'S':
                set.AddBlanks(escaped == 'S');
                return null;
            case 'd' or 'D':
                set.TryAddCategory("Nd", escaped == 'D');
                return null;
            case 'p' or 'P':
                AddProperty(set, escaped == 'P');
                return null;
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case 'f': return '\f';
            case 'v': return '\v';
            case 'x': return TryTake("{") ? TakeNumber(TakeUntil("}")) : TakeNumber(Take(2));
            case 'u': return TakeNumber(Take(4));
            case not (>= 'A' and <= 'Z' or >= 'a' and <= 'z' or >= '0' and <= '9' or >= '\u0080'): return escaped;
            default: throw Fault($"'\\{escaped}' is not supported");
        }
    }

    private void AddProperty(CharacterSet.Builder set, bool others)
    {
        if (!TryTake("{"))
            throw Fault("a property is not in braces");
        var name = TakeUntil("}");
        var negated = name.StartsWith('^');
        if (!set.TryAddCategory(negated ? name[1..] : name, others != negated))
            throw Fault($"the property '{name}' is not supported; expected a general category such as L or Nd");
    }

    private PatternNode ParseRepetition(PatternNode atom)
    {
        var (least, most) = (1, 1);
        if (TryTake("*"))
            (least, most) = (0, RepeatNode.Unbounded);
        else if (TryTake("+"))
            most = RepeatNode.Unbounded;
        else if (TryTake("?"))
            least = 0;
        else if (TryTake("{"))
            (least, most) = ParseBounds();
        else
            return atom;

        var braces = _pattern[_position - 1] == '}';
        // A '+' after braces makes them possessive in some dialects and repeats them in Ruby's; it is refused below.
        var kind = TryTake("?") ? Repetition.Lazy : !braces && TryTake("+") ? Repetition.Possessive : Repetition.Greedy;
        if (!AtEnd && _pattern[_position] is '*' or '+' or '?' or '{')
            throw Fault("a repetition of a repetition is not supported");
        if (atom.CanBeEmpty && most > 1)
            throw Fault("the repetition of what can be empty is not supported");
        return new RepeatNode(atom, least, most, kind);
    }

    private (int Least, int Most) ParseBounds()
    {
        var bounds = TakeUntil("}").Split(',');
        var least = bounds[0].Length == 0 && bounds.Length == 2 ? 0 : Count(bounds[0]);
        var most = bounds.Length == 1 ? least : bounds[1].Length == 0 ? RepeatNode.Unbounded : Count(bounds[1]);
        return bounds.Length <= 2 && least <= most && most > 0 ? (least, most) : throw Fault("the bounds of a repetition are not in order");

        int Count(string text) => int.TryParse(text, NumberStyles.None, null, out var count) && count <= MostRepetitions ? count
            : throw Fault($"'{text}' is no count; expected a number up to {MostRepetitions}");
    }

    private int TakeNumber(string digits) =>
        int.TryParse(digits, NumberStyles.AllowHexSpecifier, null, out var value) && Rune.IsValid(value) ? value
            : throw Fault($"'{digits}' is no code point");

    private string Take(int length)
    {
        if (_position + length > _pattern.Length)
            throw Fault("an escape is cut off");
        _position += length;
        return _pattern[(_position - length).._position];
    }

    private string TakeUntil(string end)
    {
        var length = _pattern.AsSpan(_position).IndexOf(end, StringComparison.Ordinal);
        if (length < 0)
            throw Fault($"'{end}' is missing");
        var text = Take(length);
        _position += end.Length;
        return text;
    }

    private bool Follows(string text) => _pattern.AsSpan(_position).StartsWith(text, StringComparison.Ordinal);

    private bool TryTake(string text)
    {
        if (!Follows(text))
            return false;
        _position += text.Length;
        return true;
    }

    private KalmException Fault(string message) => new($"{message} (character {_position} of the pattern)");
}
