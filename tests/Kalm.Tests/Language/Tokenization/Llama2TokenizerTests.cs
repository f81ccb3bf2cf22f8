using System.Text.Json.Nodes;
using Kalm.Language.Tokenization;

namespace Kalm.Tests.Language.Tokenization;

/// <summary>The published SentencePiece model of Llama 2, against published ids.</summary>
public class Llama2TokenizerTests
{
    private static string Folder => DataFolder.Require("tokenizers/llama-2");

    [Fact]
    public void All_published_vectors_are_encoded_exactly_and_decoded_again()
    {
        var tokenizer = Tokenizer.Load(Folder);
        AssertVectors(tokenizer);
        Assert.Equal(32000, tokenizer.VocabularySize);
        Assert.Equal((1, 2), (tokenizer.BeginId, tokenizer.EndId));
        Assert.Equal("▁Hello", tokenizer.Piece(15043));
        Assert.Equal("<0x0A>", tokenizer.Piece(13));
    }

    [Fact]
    public void The_same_vocabulary_as_a_tokenizer_json_gives_the_same_ids()
    {
        var json = SentencePieceAsJson.Convert(Tokenizer.Load(Folder).Definition);
        AssertVectors(HandMadeTokenizer.Load(json));
        // A Metaspace step takes a leading space for its own mark; in all else it does what the normalizer does.
        json["normalizer"] = null;
        json["pre_tokenizer"] = JsonNode.Parse("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":false}""");
        AssertVectors(HandMadeTokenizer.Load(json), text => !text.StartsWith(' '));
    }

    [Fact]
    public void Of_equal_scores_the_leftmost_pair_merges_first()
    {
        // "▁▁▁" comes from ▁▁ + ▁ and ▁ + ▁▁ alike: runs of spaces fill from the left.
        var tokenizer = Tokenizer.Load(Folder);
        Assert.Equal(["▁▁▁▁", "▁Hello"], tokenizer.Pieces("    Hello"));
        Assert.Equal([5, 5, 5], new[] { "xxxxx", "yyyyy", "zzzzz" }.Select(text => tokenizer.Decode(tokenizer.Encode(text)).Length));
    }

    [Fact]
    public void Control_tokens_are_recognised_and_each_stretch_between_gets_its_space_unless_told_otherwise()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Folder, "tokenizer.model"), folder.File("tokenizer.model"));
        Assert.Equal(["<s>", "▁Hello", "</s>", "▁Hello"], Tokenizer.Load(folder.Path).Pieces("<s>Hello</s>Hello"));
        Assert.Equal(["Hello", "</s>", "▁Hello"], Continuation(Tokenizer.Load(folder.Path), "Hello</s>Hello"));

        folder.Write("tokenizer_config.json", """{"legacy":false}""");
        Assert.Equal(["▁Hello", "</s>", "Hello"], Tokenizer.Load(folder.Path).Pieces("Hello</s>Hello"));

        folder.Write("tokenizer_config.json", """{"add_prefix_space":false,"add_bos_token":false,"add_eos_token":true}""");
        var bare = Tokenizer.Load(folder.Path);
        Assert.Equal(["Hello", "</s>", "Hello"], bare.Pieces("Hello</s>Hello"));
        Assert.Equal(" Hello", bare.Decode(bare.Encode(" Hello")));
        Assert.Equal((null, 2), (bare.BeginId, bare.EndId));
    }

    [Fact]
    public void Added_tokens_beside_the_model_are_read_and_everything_is_saved_as_it_was()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Folder, "tokenizer.model"), folder.File("tokenizer.model"));
        folder.Write("added_tokens.json", """{"<pad>":32000}""");
        folder.Write(
            "tokenizer_config.json", """{"added_tokens_decoder":{"32001":{"content":"<user>","rstrip":true}},"eos_token":"<user>"}""");
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal([32000, 32001, .. tokenizer.Encode("a")], tokenizer.Encode("<pad><user>  a"));
        Assert.Equal((32002, 32001), (tokenizer.VocabularySize, tokenizer.EndId));

        tokenizer.Save(folder.File("copy"));
        foreach (var name in new[] { "tokenizer.model", "added_tokens.json", "tokenizer_config.json" })
            Assert.Equal(File.ReadAllBytes(folder.File(name)), File.ReadAllBytes(folder.File("copy/" + name)));
        Assert.Equal(3, Directory.GetFiles(folder.File("copy")).Length);

        folder.Write("added_tokens.json", """{"<pad>":31999}""");
        Assert.Contains(
            "'<pad>' has the id 31999", Assert.Throws<KalmException>(() => Tokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Saved_without_a_configuration_it_gets_one_that_says_the_same()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = Tokenizer.Load(Folder);
        tokenizer.Save(folder.Path);
        var again = Tokenizer.Load(folder.Path);
        Assert.Equal((tokenizer.BeginId, tokenizer.EndId), (again.BeginId, again.EndId));
        AssertVectors(again);
        Assert.Equal("LlamaTokenizer", (string)JsonNode.Parse(File.ReadAllText(folder.File("tokenizer_config.json")))!["tokenizer_class"]!);
    }

    [Fact]
    public void A_text_of_a_million_letters_without_spaces_is_encoded_in_seconds()
    {
        var tokenizer = Tokenizer.Load(Folder);
        var text = string.Concat(Enumerable.Repeat("abcde", 200_000));
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    private static string[] Continuation(Tokenizer tokenizer, string text) =>
        [.. tokenizer.EncodeContinuation(text).Select(tokenizer.Piece)];

    private static void AssertVectors(Tokenizer tokenizer, Func<string, bool>? applies = null)
    {
        var vectors = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "vectors.json")))!.AsArray();
        var count = 0;
        foreach (var vector in vectors)
        {
            var text = (string)vector!["text"]!;
            if (applies?.Invoke(text) == false)
                continue;
            int[] ids = [.. vector["ids"]!.AsArray().Select(id => (int)id!)];
            Assert.Equal(ids, tokenizer.Encode(text));
            Assert.Equal(text, tokenizer.Decode(ids));
            count++;
        }
        Assert.InRange(count, 30, vectors.Count);
    }
}
