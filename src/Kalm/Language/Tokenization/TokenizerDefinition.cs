using Kalm.Language.Tokenization.Decoding;
using Kalm.Language.Tokenization.Models;
using Kalm.Language.Tokenization.SentencePiece;

namespace Kalm.Language.Tokenization;

/// <summary>All that decides how a tokenizer works: what its files say or training has found. Token ids are checked by whoever makes
/// it.</summary>
internal sealed record TokenizerDefinition
{
    /// <summary>The model's own vocabulary by id; null at ids that are added tokens only, or nothing.</summary>
    public required IReadOnlyList<string?> Pieces { get; init; }

    /// <summary>How a word becomes tokens.</summary>
    public ModelKind Model { get; init; }

    /// <summary>The merges between those pieces; none but for <see cref="ModelKind.BytePair"/>.</summary>
    public MergeTable Merges { get; init; } = new([]);

    /// <summary>The score of each piece, the logarithm of its probability; for <see cref="ModelKind.Unigram"/>.</summary>
    public IReadOnlyList<double>? Scores { get; init; }

    /// <summary>What is put before a piece that continues a word, as in <c>##ing</c>; empty for most.</summary>
    public string SubwordPrefix { get; init; } = "";

    /// <summary>What is put after a piece that ends a word, as in <c>ing&lt;/w&gt;</c>; empty for most.</summary>
    public string WordSuffix { get; init; } = "";

    /// <summary>The longest word, in characters, that is not unknown; for <see cref="ModelKind.WordPiece"/>.</summary>
    public int LongestWord { get; init; } = 100;

    /// <summary>The tokens beside the model's, which may have an id in <see cref="Pieces"/> too (then with the same text).</summary>
    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }

    /// <summary>Whether a word that is a piece as a whole is taken at once, without merges (Llama 3).</summary>
    public bool IgnoreMerges { get; init; }

    /// <summary>The piece that stands for what has no token; null where that is dropped.</summary>
    public string? UnknownPiece { get; init; }

    /// <summary>Whether neighbouring unknowns become one unknown token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether pieces spell bytes in GPT-2's letters; else they are text.</summary>
    public bool SpellsBytes { get; init; } = true;

    /// <summary>Whether a character without a token becomes the tokens of its bytes.</summary>
    public bool FallsBackToBytes { get; init; }

    /// <summary>What is done to a text first.</summary>
    public IReadOnlyList<NormalizationStep> Normalization { get; init; } = [];

    /// <summary>How a text is then cut into words; without steps it is one word.</summary>
    public IReadOnlyList<SplittingStep> Splitting { get; init; } = [new ByteLevelSplitting(AddsPrefixSpace: false, UsesGpt2Words: true)];

    /// <summary>How tokens become text again.</summary>
    public IReadOnlyList<DecodingStep> Decoding { get; init; } = [new ByteLevelDecoding()];

    /// <summary>Whether special tokens that stand in a text are text like any other.</summary>
    public bool SplitsSpecialTokens { get; init; }

    /// <summary>The tokens that the tokenizer itself puts before a text.</summary>
    public IReadOnlyList<int> BeginIds { get; init; } = [];

    /// <summary>The first of <see cref="BeginIds"/>; null when there is none.</summary>
    public int? BeginId
    {
        get => BeginIds.Count > 0 ? BeginIds[0] : null;
        init => BeginIds = value is { } id ? [id] : [];
    }

    /// <summary>The token that ends a text; null when none is known.</summary>
    public int? EndId { get; init; }

    /// <summary>The tokens that the configuration names, such as <c>bos_token</c> and <c>pad_token</c>.</summary>
    public IReadOnlyDictionary<string, int> NamedIds { get; init; } = new Dictionary<string, int>();

    /// <summary>What a SentencePiece model says of each piece; null for a tokenizer.json.</summary>
    public IReadOnlyList<SentencePieceEntry>? Entries { get; init; }

    /// <summary>The files that it was read from, by name; empty when it was trained.</summary>
    public IReadOnlyDictionary<string, byte[]> SourceFiles { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>The highest id + 1.</summary>
    public int Size => Math.Max(Pieces.Count, AddedTokens.Select(token => token.Id + 1).DefaultIfEmpty().Max());

    /// <summary>The text after all steps of <see cref="Normalization"/>.</summary>
    /// <exception cref="KalmException">The steps blow the text up beyond reason.</exception>
    public string Normalize(string text, TextPlace place)
    {
        var normalized = text;
        foreach (var step in Normalization)
        {
            normalized = step.Apply(normalized, place);
            TextLengthLimits.Check("normalizer", text.Length, normalized.Length);
        }
        return normalized;
    }

    /// <summary>Whether a piece is text that may occur in a word, rather than a control token or a byte.</summary>
    public bool IsText(int id) => Entries is null || Entries[id].Kind is PieceKind.Normal or PieceKind.UserDefined;

    /// <summary>The ids of the model's own pieces.</summary>
    public Dictionary<string, int> ModelIds()
    {
        var ids = new Dictionary<string, int>(Pieces.Count, StringComparer.Ordinal);
        for (var id = 0; id < Pieces.Count; id++)
            if (Pieces[id] is { } piece)
                ids[piece] = id;
        return ids;
    }

    /// <summary>The id of a token by its text, added or not; null when there is none.</summary>
    public int? Find(string text)
    {
        foreach (var token in AddedTokens)
            if (token.Content == text)
                return token.Id;
        for (var id = 0; id < Pieces.Count; id++)
            if (Pieces[id] == text)
                return id;
        return null;
    }
}
