using Kalm.Language.Tokenization.SentencePiece;

namespace Kalm.Language.Tokenization;

/// <summary>All that decides how a tokenizer works: what its files say or training has found. Token ids are checked by whoever makes
/// it.</summary>
internal sealed record TokenizerDefinition
{
    /// <summary>The model's own vocabulary by id; null at ids that are added tokens only, or nothing.</summary>
    public required IReadOnlyList<string?> Pieces { get; init; }

    /// <summary>The merges between those pieces.</summary>
    public required MergeTable Merges { get; init; }

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
    public DecodingRule Decoding { get; init; } = new();

    /// <summary>The token that the tokenizer itself puts before a text; null when there is none.</summary>
    public int? BeginId { get; init; }

    /// <summary>The token that ends a text; null when none is known.</summary>
    public int? EndId { get; init; }

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
            Growth.Check("normalizer", text.Length, normalized.Length);
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
    public int? Find(string text) => AddedTokens.FirstOrDefault(token => token.Content == text)?.Id
        ?? (Pieces.ToList().IndexOf(text) is >= 0 and var id ? id : null);
}
