using System.Globalization;
using Kalm.Files;

namespace Kalm.Language.Tokenization.Patterns;

/// <summary>Parses the regular expressions that tokenizer.json files hold, in the syntax that Hugging Face tokenizers read them in:
/// Oniguruma's Ruby syntax (its doc/RE). <c>^</c> and <c>$</c> are about lines, <c>(?m:…)</c> lets the dot match a line feed,
/// <c>{2}+</c> is a repetition of a repetition. References, conditions, recursion and what else no tokenizer needs is refused by
/// name.</summary>
internal sealed class PatternParser
{
    private const int DeepestNesting = 50;
    private const int MostRepetitions = 1000;
    private const int LongestPattern = 100_000;

    private static readonly string[] Ligatures = ["ss", "SS", "sS", "Ss", "ff", "FF", "fi", "FI", "fl", "FL", "st", "ST", "ſs", "ſt"];

    private readonly PatternCursor cursor;
    private readonly ClassParser classes;
    private int depth;

    private PatternParser(string pattern)
    {
        cursor = new(pattern);
        classes = new(cursor);
    }

    private readonly record struct Flags(bool IgnoresCase, bool DotsMatchLineFeeds);

    /// <summary>The parts of <paramref name="pattern"/>.</summary>
    /// <exception cref="KalmException">The pattern is malformed or uses what is not supported.</exception>
    public static PatternNode Parse(string pattern)
    {
        var parser = new PatternParser(pattern);
        if (pattern.Length > LongestPattern)
            throw parser.cursor.Fault($"{pattern.Length} characters; supported: up to {LongestPattern}");
        var node = parser.ParseChoice(default);
        return parser.cursor.AtEnd ? node : throw parser.cursor.Fault("')' closes nothing");
    }

    private PatternNode ParseChoice(Flags flags)
    {
        if (++depth > DeepestNesting)
            throw cursor.Fault($"groups nest deeper than {DeepestNesting}");
        var choices = new List<PatternNode>();
        do
            choices.Add(ParseSequence(flags));
        while (cursor.TryTake("|"));
        depth--;
        return choices.Count == 1 ? choices[0] : new ChoiceNode(choices);
    }

    private SequenceNode ParseSequence(Flags flags)
    {
        var parts = new List<PatternNode>();
        while (!cursor.AtEnd && cursor.Next is not ('|' or ')'))
        {
            if (cursor.TryTake("(?#"))
                cursor.TakeUntil(")");
            else if (flags.IgnoresCase && SpellsOneLetter())
                throw cursor.Fault("letters that are one letter in another case, as ss is ß, are not supported where case is ignored");
            else
                parts.Add(ParseRepetitions(ParseAtom(flags)));
        }
        return new(parts);
    }

    // Oniguruma folds case by whole words of Unicode's table, where one letter may become two.
    private bool SpellsOneLetter() =>
        Ligatures.Any(cursor.Follows) || cursor.Next is 'ß' or '\u0130' or '\u0149' or '\u01F0' or (>= '\uFB00' and <= '\uFB17');

    private PatternNode ParseAtom(Flags flags)
    {
        if (cursor.TryTake("("))
            return ParseGroup(flags);
        if (cursor.TryTake("["))
            return new SetNode(classes.ParseClass(flags.IgnoresCase));
        if (FindAnchor() is { } anchor)
            return new AnchorNode(anchor);
        var set = new CharacterSet.Builder();
        if (cursor.TryTake("."))
        {
            if (!flags.DotsMatchLineFeeds)
                set.Add('\n', '\n');
            return new SetNode(set.Build(negated: true));
        }
        if (cursor.TryTake(@"\w"))
            return new SetNode(NamedSets.WordAlone);
        if (cursor.TryTake(@"\W"))
            return new SetNode(NamedSets.Others(NamedSets.WordAlone));
        if (cursor.TryTake(@"\R"))
            return LineBreak();
        if (cursor.TryTake(@"\N"))
            return Others('\n');
        if (cursor.TryTake(@"\O"))
            return new SetNode(NamedSets.Any);
        if (cursor.Next is '*' or '+' or '?')
            throw cursor.Fault($"'{cursor.Next}' repeats nothing");
        if (classes.TakeCharacter(set) is { } character)
            set.Add(character, character);
        return new SetNode(set.Build(negated: false, flags.IgnoresCase));
    }

    private Anchor? FindAnchor() =>
        cursor.TryTake("^") ? Anchor.LineStart
        : cursor.TryTake("$") ? Anchor.LineEnd
        : cursor.TryTake(@"\A") ? Anchor.TextStart
        : cursor.TryTake(@"\z") ? Anchor.TextEnd
        : cursor.TryTake(@"\Z") ? Anchor.LastLineEnd
        : cursor.TryTake(@"\b") ? Anchor.WordBoundary
        : cursor.TryTake(@"\B") ? Anchor.NoWordBoundary
        : null;

    // A carriage return with its line feed is one break, and stays one.
    private static AtomicNode LineBreak()
    {
        var single = new CharacterSet.Builder();
        single.Add('\n', '\r');
        single.Add(0x85, 0x85);
        single.Add(0x2028, 0x2029);
        return new(new ChoiceNode([new SequenceNode([One('\r'), One('\n')]), new SetNode(single.Build())]));
    }

    private static SetNode One(int character)
    {
        var set = new CharacterSet.Builder();
        set.Add(character, character);
        return new(set.Build());
    }

    private static SetNode Others(int character) => new(NamedSets.Others(One(character).Set));

    private PatternNode ParseGroup(Flags flags)
    {
        PatternNode node;
        if (cursor.TryTake("?="))
            node = new LookAheadNode(ParseChoice(flags), Negative: false);
        else if (cursor.TryTake("?!"))
            node = new LookAheadNode(ParseChoice(flags), Negative: true);
        else if (cursor.TryTake("?<="))
            node = new LookBehindNode(ParseChoice(flags), Negative: false);
        else if (cursor.TryTake("?<!"))
            node = new LookBehindNode(ParseChoice(flags), Negative: true);
        else if (cursor.TryTake("?>"))
            node = new AtomicNode(ParseChoice(flags));
        else if (cursor.TryTake("?:") || !cursor.Follows("?"))
            node = ParseChoice(flags);
        else if (cursor.TryTake("?<") || cursor.TryTake("?'"))
            node = ParseNamed(flags);
        else if (ParseFlags(ref flags))
            node = ParseChoice(flags);
        else
            // (?i) reaches to the end of the group that it stands in.
            return ParseChoice(flags);
        return cursor.TryTake(")") ? node : throw cursor.Fault("a group is not closed");
    }

    // No reference is supported, so a name has no use.
    private PatternNode ParseNamed(Flags flags)
    {
        while (!cursor.AtEnd && cursor.Next is not ('>' or '\''))
            cursor.TakeRune();
        if (!cursor.TryTake(">") && !cursor.TryTake("'"))
            throw cursor.Fault("the name of a group is not closed");
        return ParseChoice(flags);
    }

    /// <summary>Reads <c>?i-m:</c>, true, or <c>?i-m)</c>, false.</summary>
    private bool ParseFlags(ref Flags flags)
    {
        cursor.TryTake("?");
        var on = true;
        while (true)
        {
            if (cursor.TryTake("-"))
                on = false;
            else if (cursor.TryTake("i"))
                flags = flags with { IgnoresCase = on };
            else if (cursor.TryTake("m"))
                flags = flags with { DotsMatchLineFeeds = on };
            else if (cursor.TryTake(":"))
                return true;
            else if (cursor.TryTake(")"))
                return false;
            else
                throw cursor.Fault($"the group '(?{(cursor.AtEnd ? "" : FileFault.Plain(cursor.Next.ToString()))}' is not supported");
        }
    }

    private PatternNode ParseRepetitions(PatternNode atom)
    {
        var count = 0;
        while (ParseRepetition(ref atom))
            if (++count > DeepestNesting)
                throw cursor.Fault($"more than {DeepestNesting} repetitions of each other");
        return atom;
    }

    private bool ParseRepetition(ref PatternNode atom)
    {
        var (least, most) = (1, 1);
        var braces = false;
        if (cursor.TryTake("*"))
            (least, most) = (0, RepeatNode.Unbounded);
        else if (cursor.TryTake("+"))
            most = RepeatNode.Unbounded;
        else if (cursor.TryTake("?"))
            least = 0;
        else if (TryTakeBounds(out least, out most))
            braces = true;
        else
            return false;

        if (atom.CanBeEmpty && most > 1)
            throw cursor.Fault("the repetition of what can be empty is not supported");
        // After braces a '+' is a repetition of its own, and {2}? means (?:…{2})?.
        var kind = braces && least == most ? Repetition.Greedy
            : cursor.TryTake("?") ? Repetition.Lazy
            : !braces && cursor.TryTake("+") ? Repetition.Possessive : Repetition.Greedy;
        atom = new RepeatNode(atom, least, most, kind);
        return true;
    }

    // A brace that holds no counts stands for itself.
    private bool TryTakeBounds(out int least, out int most)
    {
        (least, most) = (0, 0);
        var start = cursor.Position;
        if (!cursor.TryTake("{"))
            return false;
        var text = "";
        while (!cursor.AtEnd && (char.IsAsciiDigit(cursor.Next) || cursor.Next == ','))
            text += cursor.Take(1);
        var bounds = text.Split(',');
        if (!cursor.TryTake("}") || bounds.Length > 2 || bounds.All(bound => bound.Length == 0))
        {
            cursor.Return(start);
            return false;
        }
        least = bounds[0].Length == 0 ? 0 : Count(bounds[0]);
        most = bounds.Length == 1 ? least : bounds[1].Length == 0 ? RepeatNode.Unbounded : Count(bounds[1]);
        if (least > most)
            throw cursor.Fault("the bounds of a repetition are not in order");
        return true;
    }

    private int Count(string text) => int.TryParse(text, NumberStyles.None, null, out var count) && count <= MostRepetitions ? count
        : throw cursor.Fault($"'{FileFault.Plain(text)}' is no count; expected a number up to {MostRepetitions}");
}
