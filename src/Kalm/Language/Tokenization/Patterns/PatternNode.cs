namespace Kalm.Language.Tokenization.Patterns;

/// <summary>A part of a regular expression.</summary>
internal abstract record PatternNode
{
    /// <summary>Whether the part can match without reading a character.</summary>
    public abstract bool CanBeEmpty { get; }
}

/// <summary>One character of a set.</summary>
internal sealed record SetNode(CharacterSet Set) : PatternNode
{
    public override bool CanBeEmpty => false;
}

/// <summary>Parts that follow each other.</summary>
internal sealed record SequenceNode(IReadOnlyList<PatternNode> Parts) : PatternNode
{
    public override bool CanBeEmpty => Parts.All(part => part.CanBeEmpty);
}

/// <summary>The first of several parts that lets the whole match.</summary>
internal sealed record ChoiceNode(IReadOnlyList<PatternNode> Choices) : PatternNode
{
    public override bool CanBeEmpty => Choices.Any(choice => choice.CanBeEmpty);
}

/// <summary>How many repetitions are tried first, and whether any may be given back.</summary>
internal enum Repetition { Greedy, Lazy, Possessive }

/// <summary>A part <paramref name="Least"/> to <paramref name="Most"/> times.</summary>
internal sealed record RepeatNode(PatternNode Part, int Least, int Most, Repetition Kind) : PatternNode
{
    /// <summary><see cref="Most"/> where there is no upper bound.</summary>
    public const int Unbounded = int.MaxValue;

    public override bool CanBeEmpty => Least == 0 || Part.CanBeEmpty;
}

/// <summary>A part that has to follow, or must not, and reads nothing.</summary>
internal sealed record LookAheadNode(PatternNode Part, bool Negative) : PatternNode
{
    public override bool CanBeEmpty => true;
}

/// <summary>A part whose first match is final: <c>(?&gt;…)</c>.</summary>
internal sealed record AtomicNode(PatternNode Part) : PatternNode
{
    public override bool CanBeEmpty => Part.CanBeEmpty;
}
