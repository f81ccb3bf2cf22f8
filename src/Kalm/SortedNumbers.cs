namespace Kalm;

/// <summary>Searches in ascending numbers.</summary>
internal static class SortedNumbers
{
    /// <summary>The first place whose number is not below a value; their count where all are.</summary>
    public static int FirstNotBelow(ReadOnlySpan<int> sorted, int value)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = sorted[middle] < value ? (middle + 1, high) : (low, middle);
        }
        return low;
    }
}
