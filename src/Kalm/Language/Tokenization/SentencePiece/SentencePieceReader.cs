using System.Globalization;
using Kalm.Language.Tokenization.Decoding;
using Kalm.Language.Tokenization.Models;
using Kalm.Language.Tokenization.Patterns;

namespace Kalm.Language.Tokenization.SentencePiece;

/// <summary>Makes a tokenizer of a SentencePiece BPE model, as Llama 2 and Mistral have it. Its control tokens are recognised in a text, as
/// transformers does.</summary>
internal static class SentencePieceReader
{
    private const char SpaceMark = '▁';

    // Every split of a piece is looked up; trained pieces have at most 16 characters.
    private const int LongestPiece = 512;

    private static readonly string[] ModelTypes = ["Unigram", "BPE", "Word", "Char"];

    /// <summary>The tokenizer of <paramref name="content"/>.</summary>
    /// <param name="file">The file's name, for messages.</param>
    /// <param name="content">The file's bytes.</param>
    /// <param name="config">tokenizer_config.json: <c>legacy</c> (true when absent: each stretch between added tokens gets a space, else
    /// only the first) and <c>added_tokens_decoder</c> are read.</param>
    /// <param name="addedTokens">added_tokens.json, where there is one.</param>
    /// <exception cref="KalmException">The file is faulty or asks for what is not supported.</exception>
    public static TokenizerDefinition Read(string file, byte[] content, JsonPart? config, JsonPart? addedTokens)
    {
        SentencePieceModel model;
        try
        {
            model = SentencePieceModel.Read(content);
        }
        catch (InvalidDataException problem)
        {
            throw new KalmException($"{file}: not a SentencePiece model: {problem.Message}", problem);
        }
        return Read(file, model, config, addedTokens);
    }

    /// <summary>The tokenizer of a model that is read already.</summary>
    public static TokenizerDefinition Read(string file, SentencePieceModel model, JsonPart? config = null, JsonPart? addedTokens = null)
    {
        RefuseUnsupported(file, model);
        var ids = IdsOf(file, model);
        return new TokenizerDefinition
        {
            Pieces = [.. model.Pieces.Select(entry => entry.Piece)],
            Entries = model.Pieces,
            Merges = MergesOf(file, model, ids),
            AddedTokens = SentencePieceTokens.Read(file, model, config, addedTokens),
            UnknownPiece = model.Pieces.First(entry => entry.Kind == PieceKind.Unknown).Piece,
            FuseUnknown = true,
            SpellsBytes = false,
            FallsBackToBytes = model.FallsBackToBytes,
            Normalization = NormalizationOf(model, config?.FindFlag("legacy") ?? true),
            Splitting = [],
            Decoding = DecodingOf(model),
            BeginId = ControlToken(model, ids, model.BeginPiece),
            EndId = ControlToken(model, ids, model.EndPiece),
        };
    }

    private static void RefuseUnsupported(string file, SentencePieceModel model)
    {
        if (model.ModelType != 2)
        {
            var name = model.ModelType is >= 1 and <= 4
                ? ModelTypes[model.ModelType - 1] : model.ModelType.ToString(CultureInfo.InvariantCulture);
            throw new KalmException($"{file}: the model type is {name}; supported: BPE");
        }
        if (model.ChangesCharacters || model.Normalization is not ("" or "identity"))
            throw new KalmException($"{file}: the normalisation is '{model.Normalization}'; supported: identity");
        if (model.EndsWordsWithSpace)
            throw new KalmException($"{file}: treat_whitespace_as_suffix is true; supported: false");
        if (model.Pieces.FindIndex(entry => entry.Kind == PieceKind.Unused) is >= 0 and var unused)
            throw new KalmException($"{file}: piece {unused} is marked as unused; supported: models without such pieces");
    }

    private static Dictionary<string, int> IdsOf(string file, SentencePieceModel model)
    {
        if (model.Pieces.Count is 0 or >= TokenizerReader.IdLimit)
            throw new KalmException($"{file}: {model.Pieces.Count} pieces; expected 1 to {TokenizerReader.IdLimit - 1}");
        var ids = new Dictionary<string, int>(model.Pieces.Count, StringComparer.Ordinal);
        foreach (var entry in model.Pieces)
        {
            if (entry.Piece.Length == 0)
                throw new KalmException($"{file}: piece {ids.Count} is empty");
            if (!ids.TryAdd(entry.Piece, ids.Count))
                throw new KalmException($"{file}: pieces {ids[entry.Piece]} and {ids.Count} are both '{entry.Piece}'");
        }

        var unknowns = model.Pieces.Count(entry => entry.Kind == PieceKind.Unknown);
        if (unknowns != 1)
            throw new KalmException($"{file}: {unknowns} pieces for the unknown; expected one");
        for (var value = 0; value < 256 && model.FallsBackToBytes; value++)
            if (!ids.TryGetValue(ByteToken.Name((byte)value), out var id) || model.Pieces[id].Kind != PieceKind.Byte)
                throw new KalmException($"{file}: byte_fallback is true, but '{ByteToken.Name((byte)value)}' is no byte piece");
        return ids;
    }

    /// <summary>Every two pieces that spell a third one merge; the rank follows from the score, and equal scores share a rank, so that of
    /// those the leftmost merge comes first.</summary>
    private static MergeTable MergesOf(string file, SentencePieceModel model, Dictionary<string, int> ids)
    {
        var lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        var merges = new List<Merge>();
        for (var result = 0; result < model.Pieces.Count; result++)
        {
            var (piece, _, kind) = model.Pieces[result];
            if (kind != PieceKind.Normal)
                continue;
            if (piece.Length > LongestPiece)
                throw new KalmException($"{file}: piece {result} has {piece.Length} characters; supported: up to {LongestPiece}");
            for (var split = 1; split < piece.Length; split++)
                if (Find(piece.AsSpan(0, split)) is { } left && Find(piece.AsSpan(split)) is { } right)
                    merges.Add(new(left, right, result));
        }
        RefuseLooseCharacters(file, model, ids);

        var rankOfScore = model.Pieces.Select(entry => entry.Score).Distinct().OrderDescending()
            .Select((score, rank) => (score, rank)).ToDictionary(pair => pair.score, pair => pair.rank);
        var ordered = merges.OrderBy(merge => Rank(merge)).ThenBy(merge => merge.Result).ToList();
        return new(ordered, (merge, _) => Rank(merge));

        int Rank(Merge merge) => rankOfScore[model.Pieces[merge.Result].Score];

        int? Find(ReadOnlySpan<char> part) =>
            lookup.TryGetValue(part, out var id) && model.Pieces[id].Kind is PieceKind.Normal or PieceKind.UserDefined ? id : null;
    }

    /// <summary>SentencePiece merges characters that are no pieces too; a trained model has none in its pieces.</summary>
    private static void RefuseLooseCharacters(string file, SentencePieceModel model, Dictionary<string, int> ids)
    {
        foreach (var entry in model.Pieces.Where(entry => entry.Kind == PieceKind.Normal))
            foreach (var character in entry.Piece.EnumerateRunes())
                if (!ids.ContainsKey(character.ToString()))
                    throw new KalmException(
                        $"{file}: '{character}' in the piece '{entry.Piece}' is no piece itself; supported: models where it is");
    }

    private static List<NormalizationStep> NormalizationOf(SentencePieceModel model, bool prefixesEachStretch)
    {
        var steps = new List<NormalizationStep>();
        if (model.ReducesSpaces)
            steps.Add(new SpaceReduction());
        if (model.AddsPrefixSpace)
            steps.Add(new Prefix(" ", OnlyAtStart: !prefixesEachStretch));
        if (model.MarksSpaces)
            steps.Add(new Replacement(TextPattern.Literal(" "), SpaceMark.ToString()));
        return steps;
    }

    private static List<DecodingStep> DecodingOf(SentencePieceModel model)
    {
        var steps = new List<DecodingStep>();
        if (model.MarksSpaces)
            steps.Add(new EachFragment((text, _) => text.Replace(SpaceMark, ' ')));
        if (model.FallsBackToBytes)
            steps.Add(new ByteTokenDecoding());
        steps.Add(new Fusion());
        if (model.AddsPrefixSpace)
            steps.Add(new LeadingCut(' ', 1));
        return steps;
    }

    private static int? ControlToken(SentencePieceModel model, Dictionary<string, int> ids, string piece) =>
        ids.TryGetValue(piece, out var id) && model.Pieces[id].Kind == PieceKind.Control ? id : null;
}
