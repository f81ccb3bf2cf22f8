using System.Text;
using Kalm.Language.Tokenization.Decoding;
using Kalm.Language.Tokenization.Models;

namespace Kalm.Language.Tokenization;

/// <summary>Turns text into the token ids of a language model and back: by byte-pair encoding, over bytes as in GPT-2 and Llama 3 or over
/// characters as in Llama 2, by a unigram model, or by whole or cut words; read from Hugging Face's tokenizer.json or vocab.json, or from
/// SentencePiece's tokenizer.model, or trained. Immutable, and safe to use from several threads.</summary>
public sealed class Tokenizer
{
    private readonly AddedTokenFinder _literalTokens;
    private readonly AddedTokenFinder _normalizedTokens;
    private readonly AddedTokenFinder _guardedTokens;
    private readonly AddedTokenFinder _normalizedWords;
    private readonly WordEncoder _words;
    private readonly string?[] _pieces;
    private readonly bool[] _isSpecial;
    private readonly bool[] _isAdded;

    internal Tokenizer(TokenizerDefinition definition)
    {
        Definition = definition;
        var found = definition.AddedTokens.Where(token => !(definition.SplitsSpecialTokens && token.Special)).ToList();
        _literalTokens = new(found.Where(token => !token.Normalized));
        // What is looked for in normalised text has to be normalised itself, which may leave nothing of it.
        var normalized = found.Where(token => token.Normalized).OrderByDescending(token => token.Special)
            .Select(token => token with { Content = token.NormalizedContent ?? definition.Normalize(token.Content, TextPlace.Start) })
            .Where(token => token.Content.Length > 0).DistinctBy(token => token.Content).ToList();
        _normalizedTokens = new(normalized);
        // Where a text came from is known of its characters as given, so there control tokens are looked for before it is normalised.
        _guardedTokens = new(definition.AddedTokens.Where(token => token.Special || !token.Normalized));
        _normalizedWords = new(normalized.Where(token => !token.Special));
        _words = new(definition);

        _pieces = new string?[definition.Size];
        _isAdded = new bool[definition.Size];
        _isSpecial = new bool[definition.Size];
        for (var id = 0; id < definition.Pieces.Count; id++)
            _pieces[id] = definition.Pieces[id];
        foreach (var token in definition.AddedTokens)
            (_pieces[token.Id], _isAdded[token.Id], _isSpecial[token.Id]) = (token.Content, true, token.Special);
    }

    /// <summary>The highest token id + 1.</summary>
    public int VocabularySize => _pieces.Length;

    /// <summary>The first of <see cref="BeginIds"/>; null when there is none.</summary>
    public int? BeginId => Definition.BeginId;

    /// <summary>The tokens that the tokenizer itself puts before a text, nearly always one or none: as the post-processor of tokenizer.json
    /// says, or without such a file <c>add_bos_token</c>, as in transformers 5. <see cref="Encode(string)"/> never adds them;
    /// <see cref="TokenSequences"/> does.</summary>
    public IReadOnlyList<int> BeginIds => Definition.BeginIds;

    /// <summary>The token that ends a text: <c>eos_token</c> of tokenizer_config.json, else what the tokenizer itself puts after a text,
    /// else what the model names, else an added token with a well-known name such as <c>&lt;|endoftext|&gt;</c>; null when there is
    /// none.</summary>
    public int? EndId => Definition.EndId;

    /// <summary>What kind of tokenizer it is, in words.</summary>
    public string Kind => Definition.Model switch
    {
        ModelKind.Unigram => "unigram",
        ModelKind.WordPiece => "WordPiece",
        ModelKind.WordLevel => "whole words",
        _ => Definition.SpellsBytes ? "byte-level BPE" : Definition.FallsBackToBytes
            ? "BPE of characters, bytes for the rest" : "BPE of characters",
    };

    /// <summary>The tokens that the configuration names, by its keys: <c>bos_token</c>, <c>eos_token</c>, <c>pad_token</c> and the
    /// like.</summary>
    public IReadOnlyDictionary<string, int> NamedIds => Definition.NamedIds;

    internal TokenizerDefinition Definition { get; }

    /// <summary>Whether a folder holds a tokenizer that <see cref="Load"/> would read.</summary>
    public static bool IsIn(string folder) => TokenizerReader.IsIn(folder);

    /// <summary>Reads tokenizer.json, or where there is none tokenizer.model, and tokenizer_config.json from a model folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="ends">The tokens that the model says end a text: where the tokenizer's files name none, the first of them that it has
    /// is its <see cref="EndId"/>. None when null.</param>
    /// <exception cref="KalmException">A file is missing or faulty, or asks for something that is not supported.</exception>
    public static Tokenizer Load(string folder, IReadOnlyList<int>? ends = null) => new(TokenizerReader.Read(folder, ends ?? []));

    /// <summary>Learns a byte-level vocabulary from <paramref name="texts"/>: 256 bytes, then merges of the most frequent pair (of equally
    /// frequent ones the pair with the lowest ids), then <paramref name="endOfText"/>. The result does not depend on the order of the
    /// texts. The vocabulary is smaller than <paramref name="vocabularySize"/> when no pair is left that occurs twice.</summary>
    /// <exception cref="KalmException">The size is too small or the end token cannot be one.</exception>
    public static Tokenizer Train(IEnumerable<string> texts, int vocabularySize, string endOfText = "<|endoftext|>") =>
        new(BytePairTrainer.Train(texts, vocabularySize, endOfText));

    /// <summary>Writes the files of the tokenizer, which Hugging Face tokenizers and transformers read. Files that it was read from are
    /// written as they were, so that nothing in them is lost; a trained one is written as tokenizer.json and
    /// tokenizer_config.json.</summary>
    public void Save(string folder) => TokenizerWriter.Write(Definition, folder);

    /// <summary>Whether a token is a control token rather than text; false for an id without a token.</summary>
    public bool IsSpecial(int id) => id >= 0 && id < _isSpecial.Length && _isSpecial[id];

    /// <summary>The id of the token with this text, added or not; null when there is none.</summary>
    public int? Find(string token) => Definition.Find(token);

    /// <summary>The token ids of a text, without begin or end tokens. Added tokens that occur in the text are recognised, as in Hugging
    /// Face tokenizers. An unpaired surrogate counts as U+FFFD.</summary>
    public int[] Encode(string text) => Encode(text, TextPlace.Start);

    /// <summary>The token ids of a text of which only some places may hold control tokens; elsewhere their text is text like any
    /// other.</summary>
    /// <param name="text">The text.</param>
    /// <param name="mayControl">Whether a control token may stand at a place, told by its start and length.</param>
    public int[] Encode(string text, Func<int, int, bool> mayControl) =>
        Encode(text, TextPlace.Start, _guardedTokens, _normalizedWords,
            (token, start) => !token.Special || mayControl(start, token.Content.Length));

    /// <summary>The token ids of a text that continues an earlier one: like <see cref="Encode(string)"/>, but without the space that some
    /// tokenizers put before a text.</summary>
    public int[] EncodeContinuation(string text) => Encode(text, TextPlace.Continuation);

    /// <summary>The token ids of what somebody says behind an earlier text: control tokens that it spells are text like any
    /// other.</summary>
    public int[] EncodeSaid(string text) =>
        Encode(text, TextPlace.Continuation, _guardedTokens, _normalizedWords, (token, _) => !token.Special);

    /// <summary>The text of tokens: their bytes read as UTF-8 (faulty bytes become U+FFFD), added tokens as their text, without the space
    /// that <see cref="Encode(string)"/> put before it. An id without a token gives nothing, since a model's embedding may have more rows
    /// than its tokenizer has tokens.</summary>
    public string Decode(IReadOnlyList<int> ids) => Decode(ids, continues: false);

    /// <summary>The text of tokens that continue others, such as those of <see cref="EncodeContinuation"/>: a space that they begin with
    /// stays.</summary>
    public string DecodeContinuation(IReadOnlyList<int> ids) => Decode(ids, continues: true);

    /// <summary>Begins to turn tokens into text one at a time.</summary>
    /// <param name="continues">Whether they continue others, as in <see cref="DecodeContinuation"/>.</param>
    public StreamingDecoder DecodeStream(bool continues = false) => new(this, continues);

    /// <summary>The entry of a token as the vocabulary stores it, a space as 'Ġ' or '▁' for instance; empty for an id below
    /// <see cref="VocabularySize"/> that has no token.</summary>
    public string Piece(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, VocabularySize);
        return _pieces[id] ?? "";
    }

    /// <summary>The bytes that a token adds to a text: UTF-8, or a part of a character of it; none for an id without a token.</summary>
    public byte[] BytesOf(int id)
    {
        if (FragmentOf(id) is not { } token)
            return [];
        if (Definition.SpellsBytes && !token.IsAdded)
            return ByteAlphabet.Read(token.Text);
        return Definition.FallsBackToBytes && ByteToken.Read(token.Text) is { } value
            ? [value] : Encoding.UTF8.GetBytes(DecodeContinuation([id]));
    }

    /// <summary>The text of a token as decoding begins with it; null where there is none with this id.</summary>
    internal Fragment? FragmentOf(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        return id < _pieces.Length && _pieces[id] is { } piece ? new(piece, _isAdded[id]) : null;
    }

    private string Decode(IReadOnlyList<int> ids, bool continues)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var run = new DecodingRun(Definition.Decoding, continues);
        var text = new StringBuilder();
        foreach (var id in ids)
            if (FragmentOf(id) is { } token)
                run.Add(token, text);
        run.Finish(text);
        return text.ToString();
    }

    private int[] Encode(string text, TextPlace place) => Encode(text, place, _literalTokens, _normalizedTokens, null);

    private int[] Encode(
        string text, TextPlace place, AddedTokenFinder literals, AddedTokenFinder normalized, Func<AddedToken, int, bool>? isAllowed)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>((text.Length / 4) + 1);
        foreach (var literal in literals.Split(UnicodeText.ReplaceUnpairedSurrogates(text).AsMemory(), isAllowed))
        {
            if (literal.TokenId is { } literalId)
                ids.Add(literalId);
            else
                AppendNormalized(literal.Text, place, normalized, ids);
            place = TextPlace.Middle;
        }
        return [.. ids];
    }

    private void AppendNormalized(ReadOnlyMemory<char> text, TextPlace place, AddedTokenFinder normalized, List<int> ids)
    {
        if (Definition.Normalization.Count > 0)
            text = Definition.Normalize(text.ToString(), place).AsMemory();
        foreach (var segment in normalized.Split(text))
        {
            if (segment.TokenId is { } id)
                ids.Add(id);
            else
                AppendWords(new(segment.Text, place), ids);
            place = TextPlace.Middle;
        }
    }

    private void AppendWords(Word text, List<int> ids)
    {
        List<Word> words = [text];
        foreach (var step in Definition.Splitting)
        {
            var parts = new List<Word>(words.Count);
            foreach (var word in words)
                step.Apply(word, parts);
            words = parts;
        }
        foreach (var word in words)
            _words.Append(word.Text.Span, ids);
    }
}
