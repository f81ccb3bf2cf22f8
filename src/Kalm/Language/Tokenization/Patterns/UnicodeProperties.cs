using System.Globalization;
using System.Text;

namespace Kalm.Language.Tokenization.Patterns;

/// <summary>The properties of Unicode's characters that patterns name beyond the general categories: scripts, blocks, emoji. Names are
/// compared without case, spaces, hyphens and underscores.</summary>
internal static class UnicodeProperties
{
    private static readonly string[] NotScripts =
        ["emoji", "emojipresentation", "extendedpictographic", "ideographic", "alphabetic", "uppercase", "lowercase"];

    private static readonly Lazy<Dictionary<string, (int First, int Last)[]>> Table = new(Read);

    /// <summary>The code points of a property; null when there is none of that name.</summary>
    public static (int First, int Last)[]? Find(string name) => Table.Value.GetValueOrDefault(Plain(name));

    /// <summary>The ranges of all scripts in order; Chinese characters, Hiragana, Katakana and the mark that lengthens their vowels are of
    /// one script.</summary>
    public static (int First, int Last, int Script)[] Scripts()
    {
        const int Han = 1;
        var ranges = new List<(int, int, int)> { (0x30FC, 0x30FC, Han) };
        var next = Han;
        foreach (var (name, script) in Table.Value)
        {
            if (NotScripts.Contains(name) || name.StartsWith("in", StringComparison.Ordinal)
                && name != "inherited" && !name.StartsWith("inscriptional", StringComparison.Ordinal))
                continue;
            var number = name is "han" or "hiragana" or "katakana" ? Han : ++next;
            foreach (var (first, last) in script)
            {
                // The mark lies in a range of marks that belong to all scripts.
                if (first <= 0x30FC && last >= 0x30FC)
                    ranges.AddRange(new[] { (first, 0x30FB, number), (0x30FD, last, number) }.Where(range => range.Item1 <= range.Item2));
                else
                    ranges.Add((first, last, number));
            }
        }
        return [.. ranges.Order()];
    }

    /// <summary>A name as names are compared.</summary>
    public static string Plain(string name)
    {
        var plain = new StringBuilder(name.Length);
        foreach (var letter in name)
            if (letter is not (' ' or '-' or '_'))
                plain.Append(char.ToLowerInvariant(letter));
        return plain.ToString();
    }

    private static Dictionary<string, (int First, int Last)[]> Read()
    {
        var table = new Dictionary<string, (int, int)[]>();
        using var stream = typeof(UnicodeProperties).Assembly.GetManifestResourceStream("Kalm.UnicodeProperties.txt")!;
        using var reader = new StreamReader(stream);
        var name = "";
        var ranges = new List<(int, int)>();
        while (reader.ReadLine() is { } line)
        {
            if (line[0] == '#')
                continue;
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            // A line that begins with a space continues the one before it.
            if (line[0] != ' ')
            {
                table[name] = [.. ranges];
                (name, ranges) = (Plain(fields[0]), []);
                fields = fields[1..];
            }
            ranges.AddRange(fields.Select(ParseRange));
        }
        table[name] = [.. ranges];
        table.Remove("");
        return table;
    }

    private static (int First, int Last) ParseRange(string text)
    {
        var ends = text.Split('-');
        return (int.Parse(ends[0], NumberStyles.HexNumber), int.Parse(ends[^1], NumberStyles.HexNumber));
    }
}
