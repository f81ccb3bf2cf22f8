using Kalm.Files;
using Kalm.Language.Tokenization;
using Kalm.Language.Tokenization.SentencePiece;

namespace Kalm.Language.Sources.Gguf;

/// <summary>Writes a byte-level vocabulary as the text of a tokenizer.json.</summary>
internal static class GgufTokenizerJson
{
    /// <summary>The text, in UTF-8.</summary>
    /// <exception cref="KalmException">llama.cpp's name for its words is not known, or the vocabulary is faulty.</exception>
    public static byte[] Write(GgufVocabularyReader vocabulary)
    {
        var patterns = ByteLevelWords.Find(vocabulary.Splitting)
            ?? throw vocabulary.Metadata.Fault("tokenizer.ggml.pre", $"one of {string.Join(", ", ByteLevelWords.Names)}");
        var pieces = Pieces(vocabulary);
        return TokenizerWriter.Text(new ByteLevelJson
        {
            AddedTokens = Added(vocabulary),
            Patterns = patterns,
            IgnoresMerges = ByteLevelWords.IgnoresMerges(vocabulary.Splitting),
            Vocabulary = pieces.Select(piece => (piece.Key, piece.Value)),
            // A merge that leads to no token never shows in what llama.cpp gives.
            Merges = vocabulary.Merges.Select((_, index) => Merge(vocabulary, index)).Where(merge =>
                pieces.ContainsKey(merge.Left) && pieces.ContainsKey(merge.Right) && pieces.ContainsKey(merge.Left + merge.Right)),
            Begin = vocabulary.AddsBegin ? Named(vocabulary, "bos") : null,
            End = vocabulary.AddsEnd ? Named(vocabulary, "eos") : null,
        }.Write);
    }

    private static IEnumerable<AddedToken> Added(GgufVocabularyReader vocabulary)
    {
        for (var id = 0; id < vocabulary.Tokens.Count; id++)
            if (vocabulary.Kinds[id] is PieceKind.Control or PieceKind.UserDefined && vocabulary.Tokens[id].Length > 0)
                yield return new() { Id = id, Content = vocabulary.Tokens[id], Special = vocabulary.Kinds[id] == PieceKind.Control };
    }

    private static (string Text, int Id)? Named(GgufVocabularyReader vocabulary, string purpose) =>
        vocabulary.IdOf(purpose) is { } id ? (vocabulary.Tokens[id], id) : null;

    private static Dictionary<string, int> Pieces(GgufVocabularyReader vocabulary)
    {
        var pieces = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var id = 0; id < vocabulary.Tokens.Count; id++)
            if (vocabulary.Kinds[id] != PieceKind.Unused && !pieces.TryAdd(vocabulary.Tokens[id], id))
                throw new KalmException($"{vocabulary.Metadata.Path}: tokenizer.ggml.tokens: "
                    + $"found {FileFault.Quote(vocabulary.Tokens[id])} twice, again as {id}, expected once");
        return pieces;
    }

    private static (string Left, string Right) Merge(GgufVocabularyReader vocabulary, int index)
    {
        // The first character may be a space itself.
        var merge = vocabulary.Merges[index];
        var space = merge.Length > 1 ? merge.IndexOf(' ', 1) : -1;
        return space >= 1 && space < merge.Length - 1 ? (merge[..space], merge[(space + 1)..])
            : throw new KalmException($"{vocabulary.Metadata.Path}: tokenizer.ggml.merges: "
                + $"found {FileFault.Quote(merge)} at {index}, expected two pieces with a space between");
    }
}
