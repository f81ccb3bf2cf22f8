namespace Kalm.Graph;

/// <summary>Finds what the user may have meant.</summary>
internal static class Suggestion
{
    /// <summary>The candidate with the fewest edits (insert, delete, replace a character) from <paramref name="found"/>,
    /// or null when even that one differs in more than a third of the characters.</summary>
    public static string? Nearest(string found, IEnumerable<string> candidates)
    {
        string? nearest = null;
        var fewest = Math.Max(1, found.Length / 3) + 1;
        foreach (var candidate in candidates)
        {
            if (Math.Abs(candidate.Length - found.Length) >= fewest)
                continue;
            var edits = EditDistance(found, candidate);
            if (edits < fewest)
                (nearest, fewest) = (candidate, edits);
        }
        return nearest;
    }

    private static int EditDistance(string left, string right)
    {
        // One row of the dynamic programme: row[j] = edits that turn the characters of left read so far into right[..j].
        var row = new int[right.Length + 1];
        for (var j = 0; j <= right.Length; j++)
            row[j] = j;
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var replace = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replace, 1 + Math.Min(row[j], row[j - 1]));
            }
        }
        return row[right.Length];
    }
}
