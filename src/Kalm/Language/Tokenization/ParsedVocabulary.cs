using Kalm.Files;
using Kalm.Language.Tokenization.Models;
using Kalm.Language.Tokenization.SentencePiece;

namespace Kalm.Language.Tokenization;

/// <summary>A vocabulary that a file of another kind holds, such as the keys <c>tokenizer.ggml.*</c> of GGUF.</summary>
internal sealed record ParsedVocabulary
{
    /// <summary>The pieces by id; an empty one stands for none.</summary>
    public required IReadOnlyList<string> Pieces { get; init; }

    /// <summary>What each piece is; all are <see cref="PieceKind.Normal"/> where the list is empty.</summary>
    public IReadOnlyList<PieceKind> Kinds { get; init; } = [];

    /// <summary>The score of each piece; for <see cref="SentencePiece(string, bool)"/>.</summary>
    public IReadOnlyList<float> Scores { get; init; } = [];

    /// <summary>Pairs of pieces with a space between, first ones first; for <see cref="ByteLevel"/>.</summary>
    public IReadOnlyList<string> Merges { get; init; } = [];

    /// <summary>The token that begins a text; null when there is none.</summary>
    public int? BeginId { get; init; }

    /// <summary>Whether it is put before a text.</summary>
    public bool AddsBegin { get; init; }

    /// <summary>The token that ends a text; null when there is none.</summary>
    public int? EndId { get; init; }

    /// <summary>Where it comes from, for messages.</summary>
    public required string Source { get; init; }

    /// <summary>A byte-level tokenizer: GGUF's model <c>gpt2</c>.</summary>
    /// <param name="words">How a text is cut into words, one of <see cref="ByteLevelWords.Names"/>.</param>
    /// <exception cref="KalmException">The name is not known, or a merge or an id does not fit the pieces.</exception>
    public TokenizerDefinition ByteLevel(string words)
    {
        // Control and user-defined tokens are no pieces that merges make; they are found in the text as they stand.
        var definition = ByteLevelWords.Apply(words, new()
        {
            Pieces = [.. Pieces.Select((piece, id) => piece.Length > 0 && KindOf(id) is PieceKind.Normal or PieceKind.Byte ? piece : null)],
            AddedTokens = AddedTokens(),
        }) ?? throw new KalmException($"{Source}: no way to cut words is named {FileFault.Quote(words)}; supported: {string.Join(", ", ByteLevelWords.Names)}");
        var merger = new MergeParser(definition);
        foreach (var merge in Merges)
            if (merger.Add(merge) is { } problem)
                throw new KalmException($"{Source}: merge {merger.Count}: {(problem.Length > 0 ? problem : $"found {FileFault.Quote(merge)}; expected two pieces")}");
        return Finish(definition with { Merges = merger.Finish() });
    }

    /// <summary>A tokenizer of SentencePiece's BPE: GGUF's model <c>llama</c>. Control tokens are recognised in a text.</summary>
    /// <param name="file">The file, for messages.</param>
    /// <param name="addsSpace">Whether a text is given a space in front.</param>
    /// <exception cref="KalmException">The vocabulary has no unknown token, lacks bytes, or an id does not fit it.</exception>
    public TokenizerDefinition SentencePiece(string file, bool addsSpace) => Finish(SentencePieceReader.Read(file,
        SentencePieceModel.OfPieces([.. Pieces.Select((piece, id) => new SentencePieceEntry(piece, id < Scores.Count ? Scores[id] : 0, KindOf(id)))], addsSpace)));

    private PieceKind KindOf(int id) => id < Kinds.Count ? Kinds[id] : PieceKind.Normal;

    private List<AddedToken> AddedTokens()
    {
        var tokens = new List<AddedToken>();
        for (var id = 0; id < Pieces.Count; id++)
            if (Pieces[id].Length > 0 && KindOf(id) is PieceKind.Control or PieceKind.Unknown or PieceKind.UserDefined)
                tokens.Add(new() { Id = id, Content = Pieces[id], Special = KindOf(id) != PieceKind.UserDefined });
        return tokens;
    }

    private TokenizerDefinition Finish(TokenizerDefinition definition) => definition with
    {
        BeginId = AddsBegin ? Checked(BeginId, "begin") : null,
        EndId = Checked(EndId, "end"),
        NamedIds = new[] { ("bos_token", BeginId), ("eos_token", EndId) }.Where(named => named.Item2 is not null)
            .ToDictionary(named => named.Item1, named => named.Item2!.Value),
    };

    private int? Checked(int? id, string which) => id is null || (id >= 0 && id < Pieces.Count) ? id
        : throw new KalmException($"{Source}: the {which} token is {id}; expected one of the {Pieces.Count} pieces");
}
