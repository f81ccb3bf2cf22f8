namespace Kalm.Language.Tokenization.Patterns;

/// <summary>A part of a regular expression.</summary>
internal abstract record PatternNode
{
    /// <summary>How many characters a match has at least.</summary>
    public abstract int Least { get; }

    /// <summary>How many characters a match has at most; <see cref="RepeatNode.Unbounded"/> where there is no bound.</summary>
    public abstract int Most { get; }

    /// <summary>Whether the part can match without reading a character.</summary>
    public bool CanBeEmpty => Least == 0;

    /// <summary>The characters with which a match can begin; null where that is open, as for what may be empty.</summary>
    public abstract CharacterSet? First { get; }

    /// <summary>The sum of two lengths, one of which may be without bound.</summary>
    protected static int Sum(int one, int other) => (int)Math.Min((long)one + other, RepeatNode.Unbounded);

    /// <summary>The union of sets; null when one of them is open.</summary>
    protected static CharacterSet? Union(IEnumerable<CharacterSet?> sets)
    {
        var union = new CharacterSet.Builder();
        foreach (var set in sets)
        {
            if (set is null)
                return null;
            union.Add(set);
        }
        return union.Build();
    }
}

/// <summary>One character of a set.</summary>
internal sealed record SetNode(CharacterSet Set) : PatternNode
{
    public override int Least => 1;
    public override int Most => 1;
    public override CharacterSet? First => Set;
}

/// <summary>Parts that follow each other.</summary>
internal sealed record SequenceNode : PatternNode
{
    public SequenceNode(IReadOnlyList<PatternNode> parts)
    {
        Parts = parts;
        Least = parts.Aggregate(0, (sum, part) => Sum(sum, part.Least));
        Most = parts.Aggregate(0, (sum, part) => Sum(sum, part.Most));
        First = FirstOf(parts);
    }

    public IReadOnlyList<PatternNode> Parts { get; }
    public override int Least { get; }
    public override int Most { get; }
    public override CharacterSet? First { get; }

    private static CharacterSet? FirstOf(IReadOnlyList<PatternNode> parts)
    {
        var begins = new List<CharacterSet?>();
        foreach (var part in parts)
        {
            // What comes after a part that may be empty can begin the match too.
            begins.Add(part is RepeatNode { Least: 0 } repeat ? repeat.Part.First : part.First);
            if (!part.CanBeEmpty)
                return Union(begins);
        }
        return null;
    }
}

/// <summary>The first of several parts that lets the whole match.</summary>
internal sealed record ChoiceNode : PatternNode
{
    public ChoiceNode(IReadOnlyList<PatternNode> choices)
    {
        Choices = choices;
        Least = choices.Min(choice => choice.Least);
        Most = choices.Max(choice => choice.Most);
        First = Union(choices.Select(choice => choice.First));
    }

    public IReadOnlyList<PatternNode> Choices { get; }
    public override int Least { get; }
    public override int Most { get; }
    public override CharacterSet? First { get; }
}

/// <summary>How many repetitions are tried first, and whether any may be given back.</summary>
internal enum Repetition { Greedy, Lazy, Possessive }

/// <summary>A part <paramref name="Fewest"/> to <paramref name="Highest"/> times.</summary>
internal sealed record RepeatNode(PatternNode Part, int Fewest, int Highest, Repetition Kind) : PatternNode
{
    /// <summary><see cref="Highest"/> where there is no upper bound.</summary>
    public const int Unbounded = int.MaxValue;

    public override int Least => Product(Part.Least, Fewest);
    public override int Most => Product(Part.Most, Highest);
    public override CharacterSet? First => Least > 0 ? Part.First : null;

    private static int Product(int length, int count) =>
        length == 0 || count == 0 ? 0 : (int)Math.Min((long)length * count, Unbounded);
}

/// <summary>A condition on the place that reads nothing.</summary>
internal abstract record PlaceNode : PatternNode
{
    public override int Least => 0;
    public override int Most => 0;
    public override CharacterSet? First => null;
}

/// <summary>A part that has to follow, or must not.</summary>
internal sealed record LookAheadNode(PatternNode Part, bool Negative) : PlaceNode;

/// <summary>A part that has to end here, or must not.</summary>
internal sealed record LookBehindNode(PatternNode Part, bool Negative) : PlaceNode;

/// <summary>A place between characters.</summary>
internal sealed record AnchorNode(Anchor Anchor) : PlaceNode;

/// <summary>A part whose first match is final: <c>(?&gt;…)</c>.</summary>
internal sealed record AtomicNode(PatternNode Part) : PatternNode
{
    public override int Least => Part.Least;
    public override int Most => Part.Most;
    public override CharacterSet? First => Part.First;
}

/// <summary>The places that have a name.</summary>
internal enum Anchor : byte
{
    /// <summary><c>^</c>: the beginning of a line.</summary>
    LineStart,

    /// <summary><c>$</c>: the end of a line.</summary>
    LineEnd,

    /// <summary><c>\A</c>: the beginning of the text.</summary>
    TextStart,

    /// <summary><c>\z</c>: the end of the text.</summary>
    TextEnd,

    /// <summary><c>\Z</c>: the end of the text, or before a line feed that ends it.</summary>
    LastLineEnd,

    /// <summary><c>\b</c>: between a word character and another.</summary>
    WordBoundary,

    /// <summary><c>\B</c>: no such place.</summary>
    NoWordBoundary,
}
