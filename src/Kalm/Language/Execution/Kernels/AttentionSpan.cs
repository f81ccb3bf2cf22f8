namespace Kalm.Language.Execution.Kernels;

/// <summary>What a token sees of its row: the tokens [<paramref name="Start"/>, <paramref name="End"/>) of the prefix, and those of its own
/// branch from
/// <paramref name="BranchStart"/> to itself. A token of the prefix sees [Start, itself] and no branch, or
/// [Start, the prefix's end) where the row sees its whole prefix.</summary>
internal readonly record struct AttentionSpan(int Start, int End, int BranchStart)
{
    /// <summary>What every token of a row sees.</summary>
    /// <param name="row">The row.</param>
    /// <param name="window">How many positions a token sees, itself included.</param>
    /// <returns>Null where the row is no prefix with branches behind it.</returns>
    public static AttentionSpan[]? Of(TokenRow row, int window)
    {
        var (segments, positions) = (row.Segments, row.Positions);
        var prefix = segments.TakeWhile(segment => segment == 0).Count();
        var spans = new AttentionSpan[row.Length];
        var branch = 0;
        for (var at = 0; at < row.Length; at++)
        {
            if (at > 0 && (segments[at] < segments[at - 1] || (segments[at] == segments[at - 1] && positions[at] < positions[at - 1])))
                return null;
            if (at == 0 || segments[at] != segments[at - 1])
                branch = at;
            var end = at < prefix && !row.SeesWholePrefix ? at + 1 : prefix;
            spans[at] = new AttentionSpan(First(0, end, at), end, at < prefix ? end : First(branch, at, at));
        }
        return spans;

        int First(int from, int to, int at)
        {
            while (from < to && (long)positions[at] - positions[from] >= window)
                from++;
            return from;
        }
    }
}
