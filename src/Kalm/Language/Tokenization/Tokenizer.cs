using System.Text;

namespace Kalm.Language.Tokenization;

/// <summary>Turns text into the token ids of a language model and back: byte-level byte-pair encoding as in GPT-2, read from and written to
/// Hugging Face's tokenizer.json, or trained. Immutable, and safe to use from several threads.</summary>
public sealed class Tokenizer
{
    private readonly TokenizerDefinition _definition;
    private readonly AddedTokenFinder _literalTokens;
    private readonly AddedTokenFinder _normalizedTokens;
    private readonly ByteLevelWordEncoder _words;
    private readonly string[] _pieces;
    private readonly byte[][] _bytes;

    private Tokenizer(TokenizerDefinition definition)
    {
        _definition = definition;
        _literalTokens = new(definition.AddedTokens.Where(token => !token.Normalized));
        // What is looked for in normalised text has to be normalised itself.
        _normalizedTokens = new(definition.AddedTokens.Where(token => token.Normalized)
            .Select(token => token with { Content = Normalize(token.Content) }).DistinctBy(token => token.Content));
        _words = new(definition);

        _pieces = new string[definition.Size];
        _bytes = new byte[definition.Size][];
        for (var id = 0; id < _pieces.Length; id++)
        {
            _pieces[id] = id < definition.Pieces.Count ? definition.Pieces[id] ?? "" : "";
            _bytes[id] = ByteAlphabet.Read(_pieces[id]);
        }
        foreach (var token in definition.AddedTokens)
        {
            _pieces[token.Id] = token.Content;
            _bytes[token.Id] = Encoding.UTF8.GetBytes(token.Content);
        }
    }

    /// <summary>The highest token id + 1.</summary>
    public int VocabularySize => _pieces.Length;

    /// <summary>The token that the tokenizer itself puts before a text, as its post-processor or <c>add_bos_token</c> says (the latter
    /// decides when both are there); null when it puts none. <see cref="Encode(string)"/> never adds it.</summary>
    public int? BeginId => _definition.BeginId;

    /// <summary>The token that ends a text: <c>eos_token</c> of tokenizer_config.json, else an added token with a well-known name such as
    /// <c>&lt;|endoftext|&gt;</c>; null when there is none.</summary>
    public int? EndId => _definition.EndId;

    /// <summary>Reads tokenizer.json, and tokenizer_config.json where there is one, from a model folder.</summary>
    /// <exception cref="KalmException">A file is missing or faulty, or asks for something that is not supported.</exception>
    public static Tokenizer Load(string folder) => new(TokenizerReader.Read(folder));

    /// <summary>Learns a byte-level vocabulary from <paramref name="texts"/>: 256 bytes, then merges of the most frequent pair (of equally
    /// frequent ones the pair with the lowest ids), then <paramref name="endOfText"/>. The result does not depend on the order of the
    /// texts. The vocabulary is smaller than <paramref name="vocabularySize"/> when no pair is left that occurs twice.</summary>
    /// <exception cref="KalmException">The size is too small or the end token cannot be one.</exception>
    public static Tokenizer Train(IEnumerable<string> texts, int vocabularySize, string endOfText = "<|endoftext|>") =>
        new(BytePairTrainer.Train(texts, vocabularySize, endOfText));

    /// <summary>Writes tokenizer.json and tokenizer_config.json, which Hugging Face tokenizers and transformers read. Files that the
    /// tokenizer was read from are written as they were, so that nothing in them is lost.</summary>
    public void Save(string folder) => TokenizerWriter.Write(_definition, folder);

    /// <summary>The token ids of a text, without begin or end tokens. Added tokens that occur in the text are recognised, as in Hugging
    /// Face tokenizers. An unpaired surrogate counts as U+FFFD.</summary>
    public int[] Encode(string text) => Encode(text, continues: false);

    /// <summary>The token ids of a text that continues an earlier one: like <see cref="Encode(string)"/>, but without the space that some
    /// tokenizers put before a text.</summary>
    public int[] EncodeContinuation(string text) => Encode(text, continues: true);

    /// <summary>The text of tokens: their bytes read as UTF-8 (faulty bytes become U+FFFD), added tokens as their text. An id without a
    /// token gives nothing, since a model's embedding may have more rows than its tokenizer has tokens.</summary>
    public string Decode(IReadOnlyList<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        using var bytes = new MemoryStream();
        foreach (var id in ids)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(id, nameof(ids));
            if (id < _bytes.Length)
                bytes.Write(_bytes[id]);
        }
        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    /// <summary>The entry of a token as the vocabulary stores it, a space as 'Ġ' for instance; empty for an id below
    /// <see cref="VocabularySize"/> that has no token.</summary>
    public string Piece(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, VocabularySize);
        return _pieces[id];
    }

    private int[] Encode(string text, bool continues)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>((text.Length / 4) + 1);
        foreach (var literal in _literalTokens.Split(UnicodeText.ReplaceUnpairedSurrogates(text).AsMemory()))
        {
            if (literal.TokenId is { } literalId)
            {
                ids.Add(literalId);
                continues = false;
                continue;
            }
            foreach (var segment in _normalizedTokens.Split(Normalize(literal.Text)))
            {
                if (segment.TokenId is { } id)
                    ids.Add(id);
                else
                    AppendWords(segment.Text.Span, ids, continues);
                continues = false;
            }
        }
        return [.. ids];
    }

    private void AppendWords(ReadOnlySpan<char> text, List<int> ids, bool continues)
    {
        if (_definition.AddsPrefixSpace && !continues && text[0] != ' ')
            text = string.Concat(" ", text);
        while (!text.IsEmpty)
        {
            var length = _definition.FirstWordLength(text);
            _words.Append(text[..length], ids);
            text = text[length..];
        }
    }

    private string Normalize(string text) => _definition.ComposesCharacters ? UnicodeText.Compose(text) : text;

    private ReadOnlyMemory<char> Normalize(ReadOnlyMemory<char> text) =>
        _definition.ComposesCharacters ? UnicodeText.Compose(text.ToString()).AsMemory() : text;
}
