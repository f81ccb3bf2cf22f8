using System.Globalization;
using System.Text;

namespace Kalm.Completion.Grounding;

/// <summary>A word of a question or a name, without what people spell differently: case, diacritics, punctuation, the possessive.</summary>
/// <param name="Text">Small letters and digits.</param>
/// <param name="Stem">The same without the commonest English endings.</param>
/// <param name="IsCapitalised">Whether it was written with a capital.</param>
/// <param name="IsPossessive">Whether an apostrophe ended it.</param>
internal readonly record struct PlainWord(string Text, string Stem, bool IsCapitalised, bool IsPossessive)
{
    private const int LeastStem = 3;
    private const string Apostrophes = "'’ʼ`´";

    // How Latin letters are typed without their marks. Programs that know no cultures decompose none, so they stand here.
    private static readonly Dictionary<int, string> Spelled = new[]
    {
        ("a", "àáâãäåāăąǎạảấầẩẫậắằẳẵặ"), ("c", "çćĉċč"), ("d", "ďđð"), ("e", "èéêëēĕėęěẹẻẽếềểễệə"), ("g", "ĝğġģ"), ("h", "ĥħ"),
        ("i", "ìíîïĩīĭįıỉị"), ("j", "ĵ"), ("k", "ķ"), ("l", "ĺļľł"), ("n", "ñńņňŋ"), ("o", "òóôõöøōŏőơọỏốồổỗộớờởỡợ"), ("r", "ŕŗř"),
        ("s", "śŝşšșṣ"), ("t", "ţťțṭ"), ("u", "ùúûüũūŭůűųưụủứừửữự"), ("w", "ŵ"), ("y", "ýÿŷỳỵỷỹ"), ("z", "źżž"),
        ("ss", "ß"), ("ae", "æ"), ("oe", "œ"), ("th", "þ"),
    }.SelectMany(item => item.Item2.EnumerateRunes().Select(letter => KeyValuePair.Create(letter.Value, item.Item1))).ToDictionary();

    /// <summary>The words of a text, in order.</summary>
    public static List<PlainWord> Of(string text)
    {
        var sound = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            sound.Append(rune.ToString());
        var (words, word, isCapitalised) = (new List<PlainWord>(), new StringBuilder(), false);
        var runes = sound.ToString().Normalize(NormalizationForm.FormD).EnumerateRunes().ToArray();
        for (var at = 0; at < runes.Length; at++)
        {
            var rune = runes[at];
            if (Rune.IsLetterOrDigit(rune))
            {
                isCapitalised |= word.Length == 0 && Rune.IsUpper(rune);
                var small = Rune.ToLowerInvariant(rune);
                word.Append(Spelled.GetValueOrDefault(small.Value) ?? small.ToString());
            }
            else if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark)
            {
                var isApostrophe = word.Length > 0 && rune.IsBmp && Apostrophes.Contains((char)rune.Value);
                var isPossessive = isApostrophe && IsEnd(at + 2) && at + 1 < runes.Length && runes[at + 1].Value is 's' or 'S';
                Take(isPossessive || (isApostrophe && word[^1] == 's' && IsEnd(at + 1)));
                at += isPossessive ? 1 : 0;
            }
        }
        Take(false);
        return words;

        bool IsEnd(int place) => place >= runes.Length || !Rune.IsLetterOrDigit(runes[place]);

        void Take(bool isPossessive)
        {
            if (word.Length > 0)
                words.Add(new PlainWord(word.ToString(), StemOf(word.ToString()), isCapitalised, isPossessive));
            word.Clear();
            isCapitalised = false;
        }
    }

    /// <summary>The words of an id, which may be written together: capitalOf, /person/place_of_birth.</summary>
    public static List<PlainWord> OfId(string id)
    {
        var parted = new StringBuilder(id.Length);
        foreach (var (index, letter) in id.Index())
            parted.Append(index > 0 && char.IsUpper(letter) && char.IsLower(id[index - 1]) ? " " : "").Append(letter);
        return Of(parted.ToString());
    }

    /// <summary>A number for words written one after the other, spaces and a leading article left out (FNV-1a, 64 bits).</summary>
    public static ulong Key(ReadOnlySpan<PlainWord> words)
    {
        var key = 14695981039346656037UL;
        foreach (var word in words.Length > 1 && words[0].Text == "the" ? words[1..] : words)
            foreach (var letter in word.Text)
                key = (key ^ letter) * 1099511628211UL;
        return key;
    }

    /// <summary>A word without the commonest English endings: of nouns in the plural, of verbs, and a last e.</summary>
    public static string StemOf(string word)
    {
        var stem = word switch
        {
            [.., 'i', 'e', 's'] when word.Length > 4 => word[..^3] + "y",
            [.., 's' or 'x' or 'h', 'e', 's'] when word.Length > 4 => word[..^2],
            [.., 's' or 'u' or 'i', 's'] => word,
            [.., 's'] when word.Length > LeastStem => word[..^1],
            [.., 'i', 'n', 'g'] when word.Length > LeastStem + 3 => Single(word[..^3]),
            [.., 'e', 'd'] when word.Length > LeastStem + 2 => Single(word[..^2]),
            _ => word,
        };
        return stem.Length > LeastStem && stem[^1] == 'e' ? stem[..^1] : stem;
    }

    private static string Single(string stem) =>
        stem.Length > LeastStem && stem[^1] == stem[^2] && !"slz".Contains(stem[^1]) ? stem[..^1] : stem;
}
