namespace Kalm.Language.Generation.Grammar;

/// <summary>A part of a regular expression.</summary>
internal abstract record PatternNode
{
    /// <summary>What the empty text alone matches.</summary>
    public static PatternNode Empty { get; } = new PatternSequence([]);

    /// <summary>What nothing matches.</summary>
    public static PatternNode None { get; } = new PatternChoice([]);

    /// <summary>How many characters (code points) the texts that match have, at least and at most; infinity for any number.</summary>
    public abstract (double Least, double Most) Lengths { get; }

    /// <summary>Whether all texts that match have as many characters.</summary>
    public bool IsOfOneLength => Lengths.Least == Lengths.Most;

    /// <summary>One character of a set.</summary>
    public static PatternNode Of(CharacterSet set) => set.IsEmpty ? None : new PatternSet(set);

    /// <summary>Parts one after another.</summary>
    public static PatternNode Sequence(IReadOnlyList<PatternNode> parts) =>
        parts.Contains(None) ? None : parts.Count == 1 ? parts[0] : new PatternSequence(parts);

    /// <summary>One of several ways.</summary>
    public static PatternNode Choice(IEnumerable<PatternNode> ways)
    {
        var possible = ways.Where(way => way != None).ToList();
        return possible.Count switch { 0 => None, 1 => possible[0], _ => new PatternChoice(possible) };
    }

    /// <summary>A part several times.</summary>
    public static PatternNode Repeat(PatternNode part, int least, int most) =>
        most == 0 ? Empty : part == None ? (least == 0 ? Empty : None) : new PatternRepeat(part, least, most);
}

/// <summary>One character of a set that is not empty.</summary>
internal sealed record PatternSet(CharacterSet Set) : PatternNode
{
    /// <inheritdoc/>
    public override (double Least, double Most) Lengths => (1, 1);
}

/// <summary>Parts one after another.</summary>
internal sealed record PatternSequence(IReadOnlyList<PatternNode> Parts) : PatternNode
{
    /// <inheritdoc/>
    public override (double Least, double Most) Lengths { get; } =
        (Parts.Sum(part => part.Lengths.Least), Parts.Sum(part => part.Lengths.Most));
}

/// <summary>One of several ways.</summary>
internal sealed record PatternChoice(IReadOnlyList<PatternNode> Ways) : PatternNode
{
    /// <inheritdoc/>
    public override (double Least, double Most) Lengths { get; } =
        (Ways.Select(way => way.Lengths.Least).DefaultIfEmpty().Min(), Ways.Select(way => way.Lengths.Most).DefaultIfEmpty().Max());
}

/// <summary>A part several times, at most once or more; <see cref="RepeatNode.Unbounded"/> for any number.</summary>
internal sealed record PatternRepeat(PatternNode Part, int Least, int Most) : PatternNode
{
    /// <inheritdoc/>
    public override (double Least, double Most) Lengths { get; } = (Least * Part.Lengths.Least,
        Part.Lengths.Most == 0 ? 0 : Most == RepeatNode.Unbounded ? double.PositiveInfinity : Most * Part.Lengths.Most);
}

/// <summary>The start or the end of the text.</summary>
/// <param name="IsStart">Which of them.</param>
/// <param name="Place">Where it stands in the expression, from 1.</param>
internal sealed record PatternAnchor(bool IsStart, int Place) : PatternNode
{
    /// <inheritdoc/>
    public override (double Least, double Most) Lengths => (0, 0);
}
