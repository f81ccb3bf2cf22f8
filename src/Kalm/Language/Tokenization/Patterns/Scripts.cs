using System.Text;

namespace Kalm.Language.Tokenization.Patterns;

/// <summary>The script that a character belongs to, as a number.</summary>
internal static class Scripts
{
    /// <summary>The number of no script.</summary>
    public const int None = 0;

    private static readonly Lazy<(int First, int Last, int Script)[]> Ranges = new(UnicodeProperties.Scripts);

    /// <summary>The script; <see cref="None"/> where there is none. Chinese characters, Hiragana and Katakana are one.</summary>
    public static int Of(Rune rune)
    {
        var ranges = Ranges.Value;
        var (low, high) = (0, ranges.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (rune.Value < ranges[middle].First)
                high = middle - 1;
            else if (rune.Value > ranges[middle].Last)
                low = middle + 1;
            else
                return ranges[middle].Script;
        }
        return None;
    }
}
