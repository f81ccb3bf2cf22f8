namespace Kalm.Language.Tokenization.Models;

/// <summary>How a word becomes tokens.</summary>
internal enum ModelKind
{
    /// <summary>Byte-pair encoding: characters or bytes that merges join (Sennrich et al. 2016).</summary>
    BytePair,

    /// <summary>The pieces with the highest sum of scores (Kudo 2018).</summary>
    Unigram,

    /// <summary>The longest piece that begins what is left, again and again, as in BERT.</summary>
    WordPiece,

    /// <summary>Whole words.</summary>
    WordLevel,
}

/// <summary>Turns a word into tokens. Safe to use from several threads.</summary>
internal abstract class WordModel
{
    /// <summary>The model of a tokenizer.</summary>
    public static WordModel Of(TokenizerDefinition definition)
    {
        var ids = definition.ModelIds();
        return definition.Model switch
        {
            ModelKind.Unigram => new UnigramModel(definition, ids),
            ModelKind.WordPiece => new WordPieceModel(definition, ids),
            ModelKind.WordLevel => new WordLevelModel(definition, ids),
            _ => new BytePairModel(definition, ids),
        };
    }

    /// <summary>Appends the tokens of <paramref name="word"/>, which is not empty.</summary>
    public abstract void Append(ReadOnlySpan<char> word, List<int> output);

    /// <summary>The length of a part that the word begins with and whose tokens do not depend on the rest; the whole word where that is not
    /// known of a shorter one.</summary>
    public virtual int IndependentLength(ReadOnlySpan<char> word) => word.Length;
}

/// <summary>Byte-pair encoding: bytes or characters are the first symbols, which the merge table joins.</summary>
internal sealed class BytePairModel(TokenizerDefinition definition, Dictionary<string, int> ids) : WordModel
{
    private readonly WordAlphabet alphabet = WordAlphabet.Of(definition, ids);
    private readonly MergeBorders? borders = definition.IgnoreMerges || definition.SubwordPrefix.Length + definition.WordSuffix.Length > 0
        || definition.SpellsBytes ? null : new(definition, ids);

    public override int IndependentLength(ReadOnlySpan<char> word) => borders?.Find(word) ?? word.Length;

    public override void Append(ReadOnlySpan<char> word, List<int> output)
    {
        if (definition.IgnoreMerges && ids.TryGetValue(alphabet.Spell(word), out var whole))
        {
            output.Add(whole);
            return;
        }
        var symbols = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(alphabet.Symbols(word));
        output.AddRange(symbols[..definition.Merges.Apply(symbols)]);
    }
}

/// <summary>Whole words; others are unknown.</summary>
internal sealed class WordLevelModel(TokenizerDefinition definition, Dictionary<string, int> ids) : WordModel
{
    private readonly UnknownToken unknown = new(definition, ids);

    public override void Append(ReadOnlySpan<char> word, List<int> output) =>
        output.Add(ids.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(word, out var id) ? id : unknown.Id);
}

/// <summary>The longest piece that begins what is left of the word, again and again; a word that cannot be spelled so is unknown as a
/// whole.</summary>
internal sealed class WordPieceModel(TokenizerDefinition definition, Dictionary<string, int> ids) : WordModel
{
    private readonly UnknownToken unknown = new(definition, ids);
    private readonly int longest = ids.Keys.Select(piece => piece.Length).DefaultIfEmpty().Max();

    public override void Append(ReadOnlySpan<char> word, List<int> output)
    {
        var before = output.Count;
        var characters = 0;
        foreach (var _ in word.EnumerateRunes())
            characters++;
        for (var start = 0; start < word.Length;)
        {
            if (characters > definition.LongestWord || !TryTake(word[start..], start > 0, output, out var length))
            {
                output.RemoveRange(before, output.Count - before);
                output.Add(unknown.Id);
                return;
            }
            start += length;
        }
    }

    private bool TryTake(ReadOnlySpan<char> rest, bool continues, List<int> output, out int length)
    {
        var prefix = continues ? definition.SubwordPrefix : "";
        for (length = Math.Min(rest.Length, longest - prefix.Length); length > 0; length--)
        {
            if (!ids.TryGetValue(string.Concat(prefix, rest[..length]), out var id))
                continue;
            output.Add(id);
            return true;
        }
        return false;
    }
}
