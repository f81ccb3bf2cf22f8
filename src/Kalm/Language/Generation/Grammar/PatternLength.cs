namespace Kalm.Language.Generation.Grammar;

/// <summary>Brings the texts of an expression within a length.</summary>
internal static class PatternLength
{
    /// <summary>The texts of an expression that have so many characters; <see cref="PatternNode.None"/> when no text has.</summary>
    /// <param name="node">The expression, without anchors.</param>
    /// <param name="least">At least so many.</param>
    /// <param name="most">At most so many; infinity for any number.</param>
    /// <param name="place">Where it stands, for messages.</param>
    /// <exception cref="KalmException">More than one of its parts may be longer or shorter, so that one's length depends on
    /// another's.</exception>
    public static PatternNode Within(PatternNode node, double least, double most, string place)
    {
        var lengths = node.Lengths;
        if (node == PatternNode.None || lengths.Least > most || lengths.Most < least)
            return PatternNode.None;
        if (lengths.Least >= least && lengths.Most <= most)
            return node;
        switch (node)
        {
            case PatternChoice choice:
                return PatternNode.Choice(choice.Ways.Select(way => Within(way, least, most, place)));
            case PatternSequence sequence when sequence.Parts.Count(part => !part.IsOfOneLength) == 1:
                var others = sequence.Parts.Where(part => part.IsOfOneLength).Sum(part => part.Lengths.Least);
                return PatternNode.Sequence([.. sequence.Parts.Select(
                    part => part.IsOfOneLength ? part : Within(part, least - others, most - others, place))]);
            case PatternRepeat { Part.IsOfOneLength: true } repeat:
                var each = repeat.Part.Lengths.Least;
                var (fewest, times) = (Math.Max(repeat.Least, Math.Ceiling(least / each)), Math.Min(repeat.Most, Math.Floor(most / each)));
                return fewest > times ? PatternNode.None : PatternNode.Repeat(repeat.Part, (int)fewest, (int)times);
            default:
                throw new KalmException($"{place}: found minLength or maxLength beside parts that may be longer or shorter, one beside or "
                    + "within another; expected the counts in the pattern in place of them");
        }
    }
}
