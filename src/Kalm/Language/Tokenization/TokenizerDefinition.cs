namespace Kalm.Language.Tokenization;

/// <summary>All that decides how a tokenizer works: what a file says or training has found. Token ids are checked by whoever makes
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

    /// <summary>The piece that stands for a byte without a token; null where such bytes are dropped.</summary>
    public string? UnknownPiece { get; init; }

    /// <summary>Whether neighbouring unknown bytes become one unknown token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>Whether text is brought to Unicode's normalisation form C first.</summary>
    public bool ComposesCharacters { get; init; }

    /// <summary>Whether a text that does not begin with a space is given one.</summary>
    public bool AddsPrefixSpace { get; init; }

    /// <summary>How a text is cut into words.</summary>
    public FirstWordLength FirstWordLength { get; init; } = WordSplitter.Gpt2;

    /// <summary>The token that the tokenizer itself puts before a text; null when there is none.</summary>
    public int? BeginId { get; init; }

    /// <summary>The token that ends a text; null when none is known.</summary>
    public int? EndId { get; init; }

    /// <summary>The files that it was read from, by name; empty when it was trained.</summary>
    public IReadOnlyDictionary<string, byte[]> SourceFiles { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>The highest id + 1.</summary>
    public int Size => Math.Max(Pieces.Count, AddedTokens.Select(token => token.Id + 1).DefaultIfEmpty().Max());

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
