using System.Text;

namespace Kalm.Language.Generation.Grammar;

/// <summary>Makes a grammar of a regular expression: JSON strings that hold a match, each character spelled in one way.</summary>
internal sealed class PatternGrammar
{
    // Counts that may be right at the same time are readings of the same bytes.
    private const int MostPlaces = 2000;
    private static readonly PatternNode Anything = PatternNode.Repeat(PatternNode.Of(CharacterSet.All), 0, RepeatNode.Unbounded);
    private readonly Dictionary<CharacterSet, GrammarNode> sets = [];

    /// <summary>The grammar of an expression.</summary>
    /// <param name="pattern">The expression.</param>
    /// <param name="least">A text has at least so many characters.</param>
    /// <param name="most">And at most so many; <see cref="RepeatNode.Unbounded"/> for any number.</param>
    /// <param name="place">Where it stands, for messages.</param>
    /// <exception cref="KalmException">It is not supported, too large, nothing matches it, or its lengths cannot be brought within
    /// those asked for.</exception>
    public static GrammarNode Of(string pattern, int least, int most, string place)
    {
        var found = PatternNode.Choice(Ways(PatternParser.Parse(pattern, place)).Select(way => Searched(way, place)));
        var whole = PatternLength.Within(found, least, most == RepeatNode.Unbounded ? double.PositiveInfinity : most, place);
        if (whole == PatternNode.None)
            throw new KalmException($"{place}: found '{pattern}', which matches nothing of the length; expected a text that it matches");
        if (Places(whole, isFixed: true) is var places && places > MostPlaces)
            throw new KalmException($"{place}: found counts of {places} places that one character could stand at; expected at most "
                + $"{MostPlaces}, so smaller counts, or * and +");
        return new SequenceNode(LiteralNode.Of("\""), Whole(new PatternGrammar().Compile(whole)), LiteralNode.Of("\""));
    }

    /// <summary>Whether a grammar that was made here takes a text.</summary>
    public static bool Takes(GrammarNode grammar, string text)
    {
        var spelled = $"\"{string.Concat(text.EnumerateRunes().Select(rune => CharacterSet.Spell(rune.Value)))}\"";
        return Encoding.UTF8.GetBytes(spelled).Aggregate(GrammarState.Before(grammar), (state, value) => state.After(value)).IsWhole;
    }

    private static IEnumerable<PatternNode> Ways(PatternNode node) =>
        node is PatternChoice choice ? choice.Ways.SelectMany(Ways) : [node];

    // An expression is sought in the text: where it is not anchored, anything may stand.
    private static PatternNode Searched(PatternNode way, string place)
    {
        var parts = way is PatternSequence sequence ? sequence.Parts.ToList() : [way];
        var (isStart, isEnd) = (false, false);
        for (; parts is [PatternAnchor { IsStart: true }, ..]; isStart = true)
            parts.RemoveAt(0);
        for (; parts is [.., PatternAnchor { IsStart: false }]; isEnd = true)
            parts.RemoveAt(parts.Count - 1);
        if (parts.Select(Anchor).FirstOrDefault(anchor => anchor is not null) is { } inner)
            throw new KalmException($"{place}: found '{(inner.IsStart ? '^' : '$')}' at character {inner.Place}, which is neither end of "
                + "an alternative; expected it there");
        // What may be repeated beside anything need not be more than so often.
        if (!isStart && parts is [PatternRepeat first, ..])
            parts[0] = PatternNode.Repeat(first.Part, first.Least, first.Least);
        if (!isEnd && parts is [.., PatternRepeat last])
            parts[^1] = PatternNode.Repeat(last.Part, last.Least, last.Least);
        if (!isStart)
            parts.Insert(0, Anything);
        if (!isEnd && (parts.Count == 0 || parts[^1] != Anything))
            parts.Add(Anything);
        return PatternNode.Sequence(parts);
    }

    private static PatternAnchor? Anchor(PatternNode node) => node switch
    {
        PatternAnchor anchor => anchor,
        PatternRepeat repeat => Anchor(repeat.Part),
        PatternSequence sequence => sequence.Parts.Select(Anchor).FirstOrDefault(anchor => anchor is not null),
        PatternChoice choice => choice.Ways.Select(Anchor).FirstOrDefault(anchor => anchor is not null),
        _ => null,
    };

    // How many readings of one text there may be. Behind parts of one length there is one count of repetitions of one length.
    private static double Places(PatternNode node, bool isFixed)
    {
        switch (node)
        {
            case PatternChoice choice:
                return choice.Ways.Sum(way => Places(way, isFixed));
            case PatternRepeat repeat:
                var isOne = isFixed && repeat.Part.IsOfOneLength;
                return Places(repeat.Part, isOne)
                    * (isOne ? 1 : repeat.Most == RepeatNode.Unbounded ? Math.Max(1, repeat.Least) : repeat.Most);
            case PatternSequence sequence:
                var places = 0.0;
                foreach (var part in sequence.Parts)
                {
                    places += Places(part, isFixed);
                    isFixed &= part.IsOfOneLength;
                }
                return places;
            default:
                return 1;
        }
    }

    private static GrammarNode Whole(Compiled compiled) => compiled switch
    {
        { Filled: null } => LiteralNode.Of(""),
        { IsNullable: true } => new ChoiceNode(compiled.Filled, LiteralNode.Of("")),
        _ => compiled.Filled,
    };

    private Compiled Compile(PatternNode node) => node switch
    {
        PatternSet set => new(false, sets.TryGetValue(set.Set, out var known) ? known : sets[set.Set] = set.Set.ToGrammar()),
        PatternChoice choice => OneOf([.. choice.Ways.Select(Compile)]),
        PatternRepeat repeat => Repeated(Compile(repeat.Part), repeat),
        PatternSequence sequence => Sequence(sequence.Parts),
        _ => throw new InvalidOperationException($"{node.GetType().Name} is no part of a text"),
    };

    private static Compiled OneOf(List<Compiled> ways)
    {
        var filled = ways.Select(way => way.Filled).OfType<GrammarNode>().ToArray();
        return new(ways.Exists(way => way.IsNullable), filled.Length > 1 ? new ChoiceNode(filled) : filled.FirstOrDefault());
    }

    private static Compiled Repeated(Compiled part, PatternRepeat repeat) => new(
        part.IsNullable || repeat.Least == 0,
        part.Filled is null || repeat.Most == 1 ? part.Filled
            : new RepeatNode(part.Filled, part.IsNullable ? 1 : Math.Max(1, repeat.Least), repeat.Most));

    // From the end: what stands behind a part is shared by all ways to get there.
    private Compiled Sequence(IReadOnlyList<PatternNode> parts)
    {
        var behind = new Compiled(true, null);
        for (var index = parts.Count - 1; index >= 0; index--)
        {
            var part = Compile(parts[index]);
            var here = part.Filled is null || behind.Filled is null ? part.Filled : new SequenceNode(part.Filled, Whole(behind));
            behind = new(part.IsNullable && behind.IsNullable, here is null ? behind.Filled
                : part.IsNullable && behind.Filled is not null ? new ChoiceNode(here, behind.Filled) : here);
        }
        return behind;
    }

    // Texts of a byte or more, and whether none is one as well: a grammar in which there is one way at most to write nothing.
    private readonly record struct Compiled(bool IsNullable, GrammarNode? Filled);
}
