namespace Kalm.Language.Tokenization.SentencePiece;

/// <summary>The added tokens of a SentencePiece model: its own control and user-defined pieces, and those that tokenizer_config.json
/// (<c>added_tokens_decoder</c>) or added_tokens.json name.</summary>
internal static class SentencePieceTokens
{
    // Ids beyond the pieces continue them; a huge one would reserve room for tokens that do not exist.
    private const int MostBeyond = 100_000;

    /// <summary>The tokens, each id and each text once.</summary>
    /// <exception cref="KalmException">A token contradicts the model or another one.</exception>
    public static List<AddedToken> Read(string file, SentencePieceModel model, JsonPart? config, JsonPart? addedTokens)
    {
        var byId = new SortedDictionary<int, AddedToken>();
        for (var id = 0; id < model.Pieces.Count; id++)
            if (OwnToken(id, model.Pieces[id], model.MarksSpaces) is { } token)
                byId[id] = token;

        if (addedTokens is { } list)
            foreach (var property in list.Value.EnumerateObject())
                Add(list, new() { Id = list.IdOf(property.Value, property.Name), Content = property.Name });
        if (config?.FindObject("added_tokens_decoder") is { } decoder)
            foreach (var (_, token) in AddedTokenReader.ReadDecoder(decoder))
                Add(decoder, token with { Normalized = false });

        var texts = new HashSet<string>(StringComparer.Ordinal);
        foreach (var token in byId.Values)
            if (!texts.Add(token.Content))
                throw new KalmException($"{file}: the added token {Files.FileFault.Quote(token.Content)} has two ids");
        return [.. byId.Values];

        void Add(JsonPart part, AddedToken token)
        {
            if (token.Content.Length == 0)
                throw part.Fault($"the token {token.Id} is empty");
            if (token.Id < model.Pieces.Count && model.Pieces[token.Id].Piece != token.Content)
                throw part.Fault(
                    $"{Files.FileFault.Quote(token.Content)} has the id {token.Id}, which is "
                        + $"'{model.Pieces[token.Id].Piece}' in the model");
            if (token.Id > model.Pieces.Count + MostBeyond)
                throw part.Fault(
                    $"{Files.FileFault.Quote(token.Content)} has the id {token.Id}, but the model has only {model.Pieces.Count} pieces");
            if (byId.TryGetValue(token.Id, out var other) && other.Content != token.Content)
                throw part.Fault(
                    $"{Files.FileFault.Quote(other.Content)} and {Files.FileFault.Quote(token.Content)} both have the id {token.Id}");
            byId[token.Id] = token;
        }
    }

    private static AddedToken? OwnToken(int id, SentencePieceEntry entry, bool marksSpaces) => entry.Kind switch
    {
        PieceKind.Control or PieceKind.Unknown => new() { Id = id, Content = entry.Piece, Special = true },
        PieceKind.UserDefined => new()
        {
            Id = id,
            Content = entry.Piece,
            Normalized = true,
            NormalizedContent = marksSpaces ? entry.Piece.Replace(' ', '▁') : entry.Piece,
        },
        _ => null,
    };
}
