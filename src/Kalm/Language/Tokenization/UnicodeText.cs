using System.Globalization;
using System.Text;

namespace Kalm.Language.Tokenization;

/// <summary>Unicode's part in reading a text: unpaired surrogates and the normalisation forms (Unicode Standard Annex 15). These are made
/// here, from an embedded table, because .NET without globalization data returns non-ASCII text from Normalize unchanged.</summary>
internal static class UnicodeText
{
    private const int HangulFirst = 0xAC00, HangulCount = 11172;
    private const int LeadFirst = 0x1100, LeadCount = 19;
    private const int VowelFirst = 0x1161, VowelCount = 21;
    private const int TailFirst = 0x11A7, TailCount = 28;

    private static readonly Lazy<Table> Characters = new(Table.Read);

    /// <summary>The text with each surrogate that lacks its partner replaced by U+FFFD; the length stays.</summary>
    public static string ReplaceUnpairedSurrogates(string text)
    {
        var first = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF');
        if (first < 0)
            return text;
        return string.Create(text.Length, text, static (target, source) =>
        {
            source.CopyTo(target);
            for (var i = 0; i < target.Length; i++)
            {
                if (!char.IsSurrogate(target[i]))
                    continue;
                if (i + 1 < target.Length && char.IsSurrogatePair(target[i], target[i + 1]))
                    i++;
                else
                    target[i] = '\uFFFD';
            }
        });
    }

    /// <summary>The text in normalisation form C: letters and their accents as one character wherever there is one.</summary>
    public static string Compose(string text) => Normalize(text, composes: true, compatibly: false);

    /// <summary>The text in a normalisation form: NFD, NFC, NFKD or NFKC.</summary>
    /// <param name="text">The text.</param>
    /// <param name="composes">Whether letters and their accents become one character wherever there is one (C), or are taken apart
    /// (D).</param>
    /// <param name="compatibly">Whether variants such as ligatures and wide letters become plain ones (K).</param>
    public static string Normalize(string text, bool composes, bool compatibly)
    {
        // Everything below is in the form already: the first compatibility character, accented letter, combining mark.
        var firstChanged = compatibly ? '\u00A0' : composes ? '\u0300' : '\u00C0';
        if (text.AsSpan().IndexOfAnyExceptInRange('\0', (char)(firstChanged - 1)) < 0)
            return text;
        var table = Characters.Value;
        var characters = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
            Decompose(rune.Value, table, compatibly, characters);
        SortMarks(characters, table);
        return composes ? Join(characters, table) : TextOf(characters);
    }

    private static void Decompose(int character, Table table, bool compatibly, List<int> output)
    {
        var syllable = character - HangulFirst;
        if (syllable is >= 0 and < HangulCount)
        {
            output.Add(LeadFirst + (syllable / (VowelCount * TailCount)));
            output.Add(VowelFirst + (syllable % (VowelCount * TailCount) / TailCount));
            if (syllable % TailCount > 0)
                output.Add(TailFirst + (syllable % TailCount));
        }
        else if (table.Parts.TryGetValue(character, out var parts) || (compatibly && table.PlainParts.TryGetValue(character, out parts)))
        {
            foreach (var part in parts)
                Decompose(part, table, compatibly, output);
        }
        else
        {
            output.Add(character);
        }
    }

    /// <summary>Puts the marks between two base characters in the order of their classes; marks of one class keep their order.</summary>
    private static void SortMarks(List<int> characters, Table table)
    {
        for (var start = 0; start < characters.Count; start++)
        {
            var end = start;
            while (end < characters.Count && table.ClassOf(characters[end]) > 0)
                end++;
            if (end - start > 1)
            {
                var sorted = characters[start..end].OrderBy(table.ClassOf).ToList();
                for (var i = 0; i < sorted.Count; i++)
                    characters[start + i] = sorted[i];
            }
            start = end;
        }
    }

    private static string Join(List<int> characters, Table table)
    {
        var output = new List<int>(characters.Count);
        var start = -1;
        var lastClass = 0;
        foreach (var character in characters)
        {
            var markClass = table.ClassOf(character);
            // A mark reaches its base character unless one of its own or a higher class stands between.
            var reachesStart = start >= 0 && (start == output.Count - 1 || lastClass < markClass);
            if (reachesStart && JoinPair(output[start], character, table) is { } joined)
            {
                output[start] = joined;
                continue;
            }
            if (markClass == 0)
                start = output.Count;
            lastClass = markClass;
            output.Add(character);
        }
        return TextOf(output);
    }

    private static string TextOf(List<int> characters)
    {
        var text = new StringBuilder(characters.Count);
        Span<char> units = stackalloc char[2];
        foreach (var character in characters)
            text.Append(units[..new Rune(character).EncodeToUtf16(units)]);
        return text.ToString();
    }

    private static int? JoinPair(int first, int second, Table table)
    {
        var (lead, vowel, tail, syllable) = (first - LeadFirst, second - VowelFirst, second - TailFirst, first - HangulFirst);
        if (lead is >= 0 and < LeadCount && vowel is >= 0 and < VowelCount)
            return HangulFirst + (((lead * VowelCount) + vowel) * TailCount);
        if (syllable is >= 0 and < HangulCount && syllable % TailCount == 0 && tail is > 0 and < TailCount)
            return first + tail;
        return table.Joined.TryGetValue((first, second), out var joined) ? joined : null;
    }

    private sealed class Table
    {
        public Dictionary<int, int[]> Parts { get; } = [];
        public Dictionary<int, int[]> PlainParts { get; } = [];
        public Dictionary<(int First, int Second), int> Joined { get; } = [];
        private readonly Dictionary<int, int> _classes = [];

        public int ClassOf(int character) => _classes.GetValueOrDefault(character);

        public static Table Read()
        {
            var table = new Table();
            using var stream = typeof(Table).Assembly.GetManifestResourceStream("Kalm.UnicodeNormalization.txt")!;
            using var reader = new StreamReader(stream);
            var section = "";
            while (reader.ReadLine() is { } line)
            {
                if (line[0] == '[')
                    section = line[1..line.IndexOf(':')];
                else if (line[0] != '#')
                    table.Add(section, line.Split(' '));
            }
            return table;
        }

        private void Add(string section, string[] fields)
        {
            var character = int.Parse(fields[0], NumberStyles.HexNumber);
            if (section == "combining classes")
            {
                for (var last = int.Parse(fields[1], NumberStyles.HexNumber); character <= last; character++)
                    _classes[character] = int.Parse(fields[2]);
                return;
            }
            int[] parts = [.. fields[1..].Select(field => int.Parse(field, NumberStyles.HexNumber))];
            (section == "compatibility" ? PlainParts : Parts)[character] = parts;
            if (section == "composable")
                Joined[(parts[0], parts[1])] = character;
        }
    }
}
