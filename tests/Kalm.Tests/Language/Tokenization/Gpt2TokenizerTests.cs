using System.Text;
using System.Text.Json.Nodes;
using Kalm.Language.Tokenization;

namespace Kalm.Tests.Language.Tokenization;

/// <summary>The published vocabulary of GPT-2, against published ids.</summary>
public class Gpt2TokenizerTests
{
    [Fact]
    public void All_published_vectors_are_encoded_exactly_and_decoded_again()
    {
        var folder = DataFolder.Require("tokenizers/gpt-2");
        var tokenizer = Tokenizer.Load(folder);
        var vectors = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "vectors.json")))!.AsArray();
        Assert.NotEmpty(vectors);
        foreach (var vector in vectors)
        {
            var text = (string)vector!["text"]!;
            int[] ids = [.. vector["ids"]!.AsArray().Select(id => (int)id!)];
            Assert.Equal(ids, tokenizer.Encode(text));
            Assert.Equal(ids, tokenizer.EncodeContinuation(text));
            Assert.Equal(text, tokenizer.Decode(ids));
        }
    }

    [Fact]
    public void It_has_an_end_but_no_begin_token()
    {
        var tokenizer = Tokenizer.Load(DataFolder.Require("tokenizers/gpt-2"));
        Assert.Equal(50257, tokenizer.VocabularySize);
        Assert.Null(tokenizer.BeginId);
        Assert.Equal(50256, tokenizer.EndId);
        Assert.Equal("<|endoftext|>", tokenizer.Piece(50256));
        Assert.Equal("Ġthe", tokenizer.Piece(262));
        Assert.Equal([64, 50256, 275], tokenizer.Encode("a<|endoftext|> b"));
    }

    [Fact]
    public void Random_texts_survive_encoding_and_decoding_in_several_threads()
    {
        var tokenizer = Tokenizer.Load(DataFolder.Require("tokenizers/gpt-2"));
        var texts = RandomTexts(3000);
        Parallel.ForEach(texts, text => Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text))));
    }

    [Fact]
    public void A_word_of_a_million_letters_is_encoded_in_a_moment()
    {
        var tokenizer = Tokenizer.Load(DataFolder.Require("tokenizers/gpt-2"));
        var text = string.Concat(Enumerable.Repeat("abcde", 200_000));
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Fact]
    public void A_loaded_tokenizer_is_saved_as_it_was()
    {
        var source = DataFolder.Require("tokenizers/gpt-2");
        using var folder = new TemporaryFolder();
        Tokenizer.Load(source).Save(folder.Path);
        Assert.Equal(File.ReadAllBytes(Path.Combine(source, "tokenizer.json")), File.ReadAllBytes(folder.File("tokenizer.json")));
        Assert.Equal(["tokenizer.json", "tokenizer_config.json"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
        Assert.Equal(50256, Tokenizer.Load(folder.Path).EndId);
    }

    private static List<string> RandomTexts(int count)
    {
        var random = new Random(17);
        (int First, int Last)[] ranges =
            [(0, 127), (0, 127), (0x80, 0x24F), (0x300, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)];
        var texts = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var text = new StringBuilder();
            for (var length = random.Next(40); length > 0; length--)
            {
                var (first, last) = ranges[random.Next(ranges.Length)];
                text.Append(new Rune(random.Next(first, last + 1)).ToString());
            }
            texts.Add(text.ToString());
        }
        return texts;
    }
}
