using System.Text;
using Kalm.Files;

namespace Kalm.Language.Tokenization.Patterns;

/// <summary>A regular expression over code points, or a literal text, that is looked for in a text. It matches as a backtracking matcher
/// does (the first alternative that works), with a stack of its own and a bound on its steps, so that neither a long text nor a bad
/// pattern brings the program down. Safe to use from several threads.</summary>
internal sealed class TextPattern
{
    // The patterns in use take about ten steps a character, and in the worst texts less than a hundred.
    private const long StepsPerCharacter = 1000;
    private const long FirstSteps = 100_000;

    private readonly string _source;
    private readonly string? _literal;
    private readonly Instruction[] _program = [];

    private TextPattern(string source, bool literal)
    {
        _source = source;
        if (literal)
            _literal = source;
        else
            _program = PatternCompiler.Compile(PatternParser.Parse(source));
    }

    /// <summary>A regular expression.</summary>
    /// <exception cref="KalmException">It is malformed or uses what is not supported.</exception>
    public static TextPattern Parse(string pattern) => new(pattern, literal: false);

    /// <summary>A text that stands for itself.</summary>
    public static TextPattern Literal(string text) => new(text, literal: true);

    /// <summary>The expression or text as the file has it.</summary>
    public override string ToString() => _source;

    /// <summary>The matches in <paramref name="text"/> from left to right; they do not overlap.</summary>
    /// <exception cref="KalmException">The pattern takes too many steps on this text.</exception>
    public List<(int Start, int End)> Matches(ReadOnlySpan<char> text) => _literal is null ? Search(text) : SearchLiteral(text, _literal);

    private static List<(int Start, int End)> SearchLiteral(ReadOnlySpan<char> text, string literal)
    {
        var matches = new List<(int, int)>();
        for (var position = 0; text[position..].IndexOf(literal, StringComparison.Ordinal) is >= 0 and var offset;)
        {
            matches.Add((position + offset, position + offset + literal.Length));
            position += offset + literal.Length;
        }
        return matches;
    }

    private List<(int Start, int End)> Search(ReadOnlySpan<char> text)
    {
        var matches = new List<(int, int)>();
        var matcher = new Matcher(this, text);
        var position = 0;
        var last = -1;
        while (position <= text.Length)
        {
            var end = matcher.MatchAt(position);
            // An empty match right after another one does not count.
            if (end > position || (end == position && end != last))
            {
                matches.Add((position, end));
                last = end;
            }
            position = end > position ? end : position + LengthAt(text, position);
        }
        return matches;
    }

    private static int LengthAt(ReadOnlySpan<char> text, int position) =>
        position + 1 < text.Length && char.IsSurrogatePair(text[position], text[position + 1]) ? 2 : 1;

    private readonly record struct Choice(int Instruction, int Position, int LeastPosition);

    private ref struct Matcher(TextPattern pattern, ReadOnlySpan<char> text)
    {
        private const int Failed = -1;
        private const int Anywhere = -1;

        private readonly Instruction[] _program = pattern._program;
        private readonly ReadOnlySpan<char> _text = text;
        private readonly Stack<Choice> _choices = new();
        private long _stepsLeft = FirstSteps + (StepsPerCharacter * text.Length);

        /// <summary>Where the match that begins at <paramref name="position"/> ends; negative when there is none.</summary>
        public int MatchAt(int position) => Run(0, position, Anywhere);

        private int Run(int start, int position, int wantedEnd)
        {
            var bottom = _choices.Count;
            var at = start;
            while (true)
            {
                TakeStep();
                ref readonly var instruction = ref _program[at];
                if (instruction.Action == PatternAction.Match)
                {
                    if (wantedEnd == Anywhere || position == wantedEnd)
                    {
                        while (_choices.Count > bottom)
                            _choices.Pop();
                        return position;
                    }
                }
                else if (Step(instruction, ref at, ref position))
                {
                    continue;
                }
                if (_choices.Count == bottom)
                    return Failed;
                TakeBack(out at, out position);
            }
        }

        private bool Step(in Instruction instruction, ref int at, ref int position)
        {
            switch (instruction.Action)
            {
                case PatternAction.Read:
                    at++;
                    return Read(instruction.Set!, ref position);
                case PatternAction.ReadMany:
                    return ReadMany(instruction, ref at, ref position);
                case PatternAction.Try:
                    if (instruction.Set is { } first && !Holds(first, position))
                    {
                        at = instruction.Y;
                        return true;
                    }
                    _choices.Push(new(instruction.Y, position, position));
                    at = instruction.X;
                    return true;
                case PatternAction.Jump:
                    at = instruction.X;
                    return true;
                case PatternAction.Stand:
                    at++;
                    return TextPlaces.Is((Anchor)instruction.X, _text, position);
                case PatternAction.ReadOnce:
                    position = Run(at + 1, position, Anywhere);
                    at = instruction.X;
                    return position != Failed;
                case PatternAction.ExpectBefore or PatternAction.ExcludeBefore:
                    var ends = EndsAt(at + 1, position, instruction.Least, instruction.Y);
                    at = instruction.X;
                    return ends == (instruction.Action == PatternAction.ExpectBefore);
                default:
                    var found = Run(at + 1, position, Anywhere) != Failed;
                    at = instruction.X;
                    return found == (instruction.Action == PatternAction.Expect);
            }
        }

        private bool EndsAt(int start, int position, int least, int most)
        {
            var begin = position;
            for (var length = 0; length <= most; length++)
            {
                if (length >= least && Run(start, begin, position) != Failed)
                    return true;
                if (begin == 0)
                    return false;
                begin -= LengthBefore(begin);
            }
            return false;
        }

        private bool ReadMany(in Instruction instruction, ref int at, ref int position)
        {
            var (least, most, set) = (instruction.X, instruction.Y, instruction.Set!);
            var count = 0;
            for (; count < least; count++)
                if (!Read(set, ref position))
                    return false;
            var leastPosition = position;
            while (count < most && Read(set, ref position))
                count++;
            // Counted together; no more than the text holds were read.
            _stepsLeft -= count;
            at++;
            if (position > leastPosition && instruction.Kind == Repetition.Greedy)
                _choices.Push(new(at, position, leastPosition));
            return true;
        }

        /// <summary>Returns to the last choice; a repetition gives back its last character.</summary>
        private readonly void TakeBack(out int at, out int position)
        {
            var choice = _choices.Pop();
            (at, position) = (choice.Instruction, choice.Position);
            if (position == choice.LeastPosition)
                return;
            position -= position - 2 >= choice.LeastPosition ? LengthBefore(position) : 1;
            if (position > choice.LeastPosition)
                _choices.Push(choice with { Position = position });
        }

        private readonly int LengthBefore(int position) =>
            position >= 2 && char.IsSurrogatePair(_text[position - 2], _text[position - 1]) ? 2 : 1;

        private readonly bool Holds(CharacterSet set, int position) => Read(set, ref position);

        private readonly bool Read(CharacterSet set, ref int position)
        {
            if (position >= _text.Length)
                return false;
            var unit = _text[position];
            if (char.IsSurrogate(unit))
            {
                Rune.DecodeFromUtf16(_text[position..], out var rune, out var length);
                if (!set.Contains(rune))
                    return false;
                position += length;
                return true;
            }
            if (!set.Contains(unit))
                return false;
            position++;
            return true;
        }

        private void TakeStep()
        {
            if (--_stepsLeft < 0)
                throw new KalmException(
                    $"the pattern '{FileFault.Plain(pattern._source)}' takes too many steps on a text of {_text.Length} characters");
        }
    }
}
