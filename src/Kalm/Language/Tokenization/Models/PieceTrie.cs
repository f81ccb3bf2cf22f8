namespace Kalm.Language.Tokenization.Models;

/// <summary>Finds the pieces that begin a text: the pieces in order, of which each further character leaves a smaller range.</summary>
internal sealed class PieceTrie
{
    private readonly string[] pieces;
    private readonly int[] ids;

    /// <summary>Sorts the pieces, none of which is empty.</summary>
    public PieceTrie(IEnumerable<KeyValuePair<string, int>> entries)
    {
        var sorted = entries.ToArray();
        pieces = [.. sorted.Select(entry => entry.Key)];
        ids = [.. sorted.Select(entry => entry.Value)];
        Array.Sort(pieces, ids, StringComparer.Ordinal);
    }

    /// <summary>The range of all pieces.</summary>
    public (int First, int End) All => (0, pieces.Length);

    /// <summary>Leaves those that have <paramref name="unit"/> at <paramref name="depth"/>, where all agree before it; false when there are
    /// none.</summary>
    public bool TryNarrow(ref (int First, int End) range, int depth, char unit)
    {
        var first = Find(range, depth, unit);
        var end = Find((first, range.End), depth, unit + 1);
        range = (first, end);
        return first < end;
    }

    /// <summary>The id of the piece that ends after <paramref name="length"/> units; null when there is none.</summary>
    public int? PieceOf((int First, int End) range, int length) => pieces[range.First].Length == length ? ids[range.First] : null;

    // The first piece whose unit at the depth is not lower; one that ends there comes before all.
    private int Find((int First, int End) range, int depth, int unit)
    {
        var (low, high) = range;
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (pieces[middle].Length <= depth || pieces[middle][depth] < unit)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
