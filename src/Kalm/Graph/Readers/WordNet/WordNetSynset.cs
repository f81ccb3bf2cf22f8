using System.Globalization;

namespace Kalm.Graph.Readers.WordNet;

/// <summary>A pointer of a synset.</summary>
/// <param name="Symbol">What it says.</param>
/// <param name="Target">The other synset's id.</param>
internal readonly record struct WordNetPointer(string Symbol, string Target);

/// <summary>A line of WordNet's data files: words of one meaning, their pointers and the gloss.</summary>
/// <remarks>Source: WordNet's manual pages wndb(5WN) and lexnames(5WN).</remarks>
/// <param name="Id">Part of speech and offset, as in n02084071.</param>
/// <param name="Words">The words, the commonest first.</param>
/// <param name="Kind">The lexicographer file, as in noun.animal.</param>
/// <param name="Pointers">Its pointers.</param>
/// <param name="Gloss">The definition, without examples.</param>
internal sealed record WordNetSynset(
    string Id, IReadOnlyList<string> Words, string Kind, IReadOnlyList<WordNetPointer> Pointers, string Gloss)
{
    private static readonly string[] Kinds =
    [
        "adj.all", "adj.pert", "adv.all", "noun.Tops", "noun.act", "noun.animal", "noun.artifact", "noun.attribute", "noun.body",
        "noun.cognition", "noun.communication", "noun.event", "noun.feeling", "noun.food", "noun.group", "noun.location", "noun.motive",
        "noun.object", "noun.person", "noun.phenomenon", "noun.plant", "noun.possession", "noun.process", "noun.quantity",
        "noun.relation", "noun.shape", "noun.state", "noun.substance", "noun.time", "verb.body", "verb.change", "verb.cognition",
        "verb.communication", "verb.competition", "verb.consumption", "verb.contact", "verb.creation", "verb.emotion", "verb.motion",
        "verb.perception", "verb.possession", "verb.social", "verb.stative", "verb.weather", "adj.ppl",
    ];

    /// <summary>The words and the definition.</summary>
    public string Text => Gloss.Length == 0 ? string.Join(", ", Words) : $"{string.Join(", ", Words)}, {Gloss}";

    /// <summary>Reads a line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="part">The part of speech of its file: n, v, a or r.</param>
    /// <param name="problem">What is wrong with it, and what was expected; null where nothing is.</param>
    /// <returns>Null where something is wrong.</returns>
    public static WordNetSynset? Of(ReadOnlySpan<char> line, char part, out string? problem)
    {
        var bar = line.IndexOf('|');
        var fields = (bar < 0 ? line : line[..bar]).ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var (at, fault) = (0, (string?)null);
        var offset = Take("an offset of 8 digits", field => field.Length == 8 && field.All(char.IsAsciiDigit));
        var kind = Number("the number of a lexicographer file", 10, Kinds.Length - 1);
        Take($"the part of speech {part}", field => field.Length == 1 && (field[0] == part || (part == 'a' && field[0] == 's')));
        var words = new string[Number("the number of words, two hexadecimal digits", 16, 255)];
        for (var word = 0; word < words.Length && fault is null; word++)
        {
            words[word] = Spelt(Take("a word", _ => true));
            Take("a word's sense", _ => true);
        }
        var pointers = new WordNetPointer[Number("the number of pointers, three digits", 10, 999)];
        for (var pointer = 0; pointer < pointers.Length && fault is null; pointer++)
        {
            var symbol = Take("a pointer", _ => true);
            var target = Take("the offset of a pointer", field => field.Length == 8 && field.All(char.IsAsciiDigit));
            var speech = Take("the part of speech of a pointer", field => field is "n" or "v" or "a" or "r" or "s");
            Take("the words that a pointer relates, four hexadecimal digits", field => field.Length == 4);
            pointers[pointer] = new WordNetPointer(symbol, (speech == "s" ? "a" : speech) + target);
        }
        if (fault is null && words.Length == 0)
            fault = "a synset without words; expected at least one";
        problem = fault;
        return fault is not null ? null
            : new WordNetSynset(part + offset, words, Kinds[kind], pointers, Definition(bar < 0 ? "" : line[(bar + 1)..]));

        string Take(string expected, Func<string, bool> isRight)
        {
            if (fault is not null)
                return "";
            if (at < fields.Length && isRight(fields[at]))
                return fields[at++];
            fault = $"field {at + 1}: found {(at < fields.Length ? $"'{fields[at]}'" : "the end of the line")}; expected {expected}";
            return "";
        }

        int Number(string expected, int numberBase, int most)
        {
            var style = numberBase == 16 ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
            var field = Take(expected, field => int.TryParse(field, style, CultureInfo.InvariantCulture, out var number) && number <= most);
            return field.Length == 0 ? 0 : int.Parse(field, style, CultureInfo.InvariantCulture);
        }
    }

    // Adjectives may say where they stand: galore(ip).
    private static string Spelt(string word)
    {
        var mark = word.EndsWith(')') ? word.LastIndexOf('(') : -1;
        return (mark > 0 ? word[..mark] : word).Replace('_', ' ');
    }

    private static string Definition(ReadOnlySpan<char> gloss)
    {
        var text = gloss.Trim();
        var example = text.IndexOf('"');
        return (example > 0 ? text[..example] : text).TrimEnd("; :").ToString();
    }
}
