using Kalm.Language.Tokenization;
using Kalm.Language.Tokenization.SentencePiece;

namespace Kalm.Language.Export;

/// <summary>A vocabulary as llama.cpp takes it.</summary>
internal sealed record GgufVocabulary
{
    private const string SpaceMark = "▁";

    /// <summary>The kind: <c>gpt2</c> for byte-level pieces with merges, <c>llama</c> for SentencePiece's with scores.</summary>
    public required string Model { get; init; }

    /// <summary>A text for every row of the embedding; no two are the same.</summary>
    public required IReadOnlyList<string> Tokens { get; init; }

    /// <summary>What each token is.</summary>
    public required IReadOnlyList<PieceKind> Types { get; init; }

    /// <summary>Which pairs merge first: those with the highest score of the result; for <c>llama</c>.</summary>
    public IReadOnlyList<float>? Scores { get; init; }

    /// <summary>Pairs of pieces in the order of their merging; for <c>gpt2</c>.</summary>
    public IReadOnlyList<string>? Merges { get; init; }

    /// <summary>Whether a text is given a space in front.</summary>
    public bool AddsSpace { get; init; }

    /// <summary>The vocabulary of a tokenizer.</summary>
    /// <param name="definition">The tokenizer; it has at most as many tokens as there are rows.</param>
    /// <param name="rows">The rows of the embedding, to which the tokens are filled up.</param>
    public static GgufVocabulary Of(TokenizerDefinition definition, int rows)
    {
        if (definition.Size > rows)
            throw new KalmException($"the tokenizer has {definition.Size} tokens; expected at most the model's vocabulary of {rows}");
        var (tokens, types) = TokensOf(definition, rows);
        var vocabulary = new GgufVocabulary
        {
            Model = definition.SpellsBytes ? "gpt2" : "llama",
            Tokens = tokens,
            Types = types,
            AddsSpace = definition.Normalization.Any(step => step is Prefix)
                || definition.Splitting.Any(step =>
                    step is MetaspaceSplitting { Scheme: not PrefixScheme.Never } or ByteLevelSplitting { AddsPrefixSpace: true }),
        };
        return definition.SpellsBytes
            ? vocabulary with { Merges = [.. definition.Merges.Merges.Select(merge =>
                $"{definition.Pieces[merge.Left]} {definition.Pieces[merge.Right]}")] }
            : vocabulary with { Scores = ScoresOf(definition, types) };
    }

    private static (string[] Tokens, PieceKind[] Types) TokensOf(TokenizerDefinition definition, int rows)
    {
        var tokens = new string?[rows];
        var types = new PieceKind[rows];
        for (var id = 0; id < definition.Pieces.Count; id++)
            (tokens[id], types[id]) = (definition.Pieces[id], definition.Entries?[id] is { } entry ? entry.Kind : TypeOf(definition,
                id));
        foreach (var added in definition.AddedTokens.Where(added => added.Id >= definition.Pieces.Count
            || types[added.Id] == PieceKind.Normal
            || tokens[added.Id] is null))
            (tokens[added.Id], types[added.Id]) = (added.Content, added.Special ? PieceKind.Control : PieceKind.UserDefined);
        var taken = tokens.OfType<string>().ToHashSet(StringComparer.Ordinal);
        var all = new string[rows];
        for (var id = 0; id < rows; id++)
        {
            // SentencePiece's own tokens are looked for in the text as it is, without its marks for spaces.
            if (types[id] == PieceKind.UserDefined && !definition.SpellsBytes)
                tokens[id] = tokens[id]!.Replace(SpaceMark, " ", StringComparison.Ordinal);
            if (tokens[id] is null)
                types[id] = PieceKind.Unused;
            all[id] = tokens[id] ?? NewName(id, taken);
        }
        return (all, types);
    }

    private static PieceKind TypeOf(TokenizerDefinition definition, int id) =>
        definition.Pieces[id] is not { } piece ? PieceKind.Unused
        : piece == definition.UnknownPiece ? PieceKind.Unknown
        : definition.FallsBackToBytes && ByteToken.Read(piece) is not null ? PieceKind.Byte
        : PieceKind.Normal;

    // A tokenizer.json has no scores: the rank of the first merge that makes a piece orders them as well. What no merge makes, single
    // characters, comes after all.
    private static float[] ScoresOf(TokenizerDefinition definition, PieceKind[] types)
    {
        var scores = new float[types.Length];
        if (definition.Entries is { } entries)
        {
            for (var id = 0; id < entries.Count; id++)
                scores[id] = entries[id].Score;
            return scores;
        }
        var merges = definition.Merges.Merges;
        for (var id = 0; id < scores.Length; id++)
            if (types[id] == PieceKind.Normal)
                scores[id] = -merges.Count - id;
        for (var rank = merges.Count - 1; rank >= 0; rank--)
            scores[merges[rank].Result] = -rank;
        return scores;
    }

    // Rows of the embedding without a token get names of their own: llama.cpp wants every text once.
    private static string NewName(int id, HashSet<string> taken)
    {
        var name = $"[PAD{id}]";
        while (!taken.Add(name))
            name += "_";
        return name;
    }
}
