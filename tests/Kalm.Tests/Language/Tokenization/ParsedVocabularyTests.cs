using System.Text.Json.Nodes;
using Kalm.Language.Tokenization;
using Kalm.Language.Tokenization.SentencePiece;

namespace Kalm.Tests.Language.Tokenization;

/// <summary>Published vocabularies, taken apart and given over as another file would hold them.</summary>
public class ParsedVocabularyTests
{
    [Theory]
    [InlineData("gpt-2", "gpt-2")]
    [InlineData("llama-3", "llama-bpe")]
    public void A_byte_level_vocabulary_gives_the_published_tokens(string name, string words)
    {
        var published = Tokenizer.Load(DataFolder.Require($"tokenizers/{name}")).Definition;
        var added = published.AddedTokens.ToDictionary(token => token.Id, token => token.Content);
        var definition = new ParsedVocabulary
        {
            Source = "test",
            Pieces = [.. Enumerable.Range(0, published.Size).Select(id => added.GetValueOrDefault(id) ?? published.Pieces[id] ?? "")],
            Kinds = [.. Enumerable.Range(0, published.Size).Select(id => added.ContainsKey(id) ? PieceKind.Control : PieceKind.Normal)],
            Merges = [.. published.Merges.Merges.Select(merge => $"{published.Pieces[merge.Left]} {published.Pieces[merge.Right]}")],
            BeginId = 1, EndId = 2, AddsBegin = true,
        }.ByteLevel(words);
        AssertVectors(new Tokenizer(definition), name);
        Assert.Equal((1, 2, 1), (definition.BeginId, definition.EndId, definition.NamedIds["bos_token"]));
    }

    [Fact]
    public void A_SentencePiece_vocabulary_gives_the_published_tokens()
    {
        var entries = Tokenizer.Load(DataFolder.Require("tokenizers/llama-2")).Definition.Entries!;
        var vocabulary = new ParsedVocabulary
        {
            Source = "test", Pieces = [.. entries.Select(entry => entry.Piece)], Kinds = [.. entries.Select(entry => entry.Kind)],
            Scores = [.. entries.Select(entry => entry.Score)], BeginId = 1, EndId = 2, AddsBegin = false,
        };
        var definition = vocabulary.SentencePiece("test.gguf", addsSpace: true);
        AssertVectors(new Tokenizer(definition), "llama-2");
        Assert.Equal((null, 2), (definition.BeginId, definition.EndId));
    }

    [Fact]
    public void What_does_not_fit_is_named()
    {
        var vocabulary = new ParsedVocabulary { Source = "x.gguf", Pieces = ["a", "b"], Merges = ["a b"] };
        Assert.Contains("x.gguf: merge 0: 'ab' is not", Fault(() => vocabulary.ByteLevel("gpt-2")), StringComparison.Ordinal);
        Assert.Contains("named 'no-such'; supported: gpt-2", Fault(() => vocabulary.ByteLevel("no-such")), StringComparison.Ordinal);
        Assert.Contains("the end token is 2", Fault(() => (vocabulary with { Merges = [], EndId = 2 }).ByteLevel("gpt-2")), StringComparison.Ordinal);
        Assert.Contains("0 pieces for the unknown", Fault(() => vocabulary.SentencePiece("x.gguf", addsSpace: true)), StringComparison.Ordinal);
    }

    private static string Fault(Action action) => Assert.Throws<KalmException>(action).Message;

    private static void AssertVectors(Tokenizer tokenizer, string name)
    {
        var vectors = JsonNode.Parse(File.ReadAllText(Path.Combine(DataFolder.Require($"tokenizers/{name}"), "vectors.json")))!.AsArray();
        Assert.NotEmpty(vectors);
        foreach (var vector in vectors)
            Assert.Equal(vector!["ids"]!.AsArray().Select(id => (int)id!), tokenizer.Encode((string)vector["text"]!));
    }
}
