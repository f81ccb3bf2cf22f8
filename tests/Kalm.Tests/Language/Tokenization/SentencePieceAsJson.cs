using System.Text.Json.Nodes;
using Kalm.Language.Tokenization;

namespace Kalm.Tests.Language.Tokenization;

/// <summary>A SentencePiece model in the layout of the tokenizer.json that Llama 2, Mistral and TinyLlama publish beside it.</summary>
internal static class SentencePieceAsJson
{
    public static JsonObject Convert(TokenizerDefinition model)
    {
        var vocabulary = new JsonObject();
        foreach (var piece in model.Pieces)
            vocabulary[piece!] = vocabulary.Count;
        // Two pieces that make a third, by its score and then by the place of the two in the vocabulary.
        var merges = model.Merges.Merges.OrderByDescending(merge => model.Entries![merge.Result].Score)
            .ThenBy(merge => merge.Left).ThenBy(merge => merge.Right)
            .Select(merge => $"{model.Pieces[merge.Left]} {model.Pieces[merge.Right]}");
        return HandMadeTokenizer.LlamaJson(vocabulary, [.. merges]);
    }
}
