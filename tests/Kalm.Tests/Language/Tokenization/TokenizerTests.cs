using System.Text.Json.Nodes;

namespace Kalm.Tests.Language.Tokenization;

public class TokenizerTests
{
    [Fact]
    public void Merges_apply_by_rank_and_from_the_left()
    {
        // ranks: 0 "bc", 1 "ab", 2 "abc" from a + bc, 3 "aa"
        var tokenizer = HandMadeTokenizer.Load(HandMadeTokenizer.Json("b c", "a b", "a bc", "a a"));
        Assert.Equal(["abc"], tokenizer.Pieces("abc"));
        Assert.Equal(["ab", "d"], tokenizer.Pieces("abd"));
        Assert.Equal(["aa", "a"], tokenizer.Pieces("aaa"));
        Assert.Equal(["ab", "abc"], tokenizer.Pieces("ababc"));
        Assert.Equal(["a", "abc"], tokenizer.Pieces("aabc"));
        Assert.Equal(["aa", "Ġ", "aa"], tokenizer.Pieces("aa aa"));
        Assert.Equal([], tokenizer.Encode(""));
    }

    [Fact]
    public void Merges_may_be_pairs()
    {
        var json = HandMadeTokenizer.Json("b c", "a bc");
        json["model"]!["merges"] = JsonNode.Parse("""[["b","c"],["a","bc"]]""");
        Assert.Equal(["abc", "a"], HandMadeTokenizer.Load(json).Pieces("abca"));
    }

    [Fact]
    public void A_whole_word_is_taken_without_merges_only_where_the_file_says_so()
    {
        var json = HandMadeTokenizer.Json("b c");
        json["model"]!["vocab"]!["Ġabc"] = 300;
        Assert.Equal(["Ġ", "a", "bc"], HandMadeTokenizer.Load(json).Pieces(" abc"));
        json["model"]!["ignore_merges"] = true;
        Assert.Equal(["Ġabc"], HandMadeTokenizer.Load(json).Pieces(" abc"));
    }

    [Fact]
    public void A_byte_without_a_token_becomes_the_unknown_token_or_nothing()
    {
        var json = HandMadeTokenizer.Json();
        json["model"]!["vocab"]!.AsObject().Remove("b");
        Assert.Equal(["a", "c"], HandMadeTokenizer.Load(json).Pieces("abbc"));
        json["model"]!["unk_token"] = "?";
        Assert.Equal(["a", "?", "?", "c"], HandMadeTokenizer.Load(json).Pieces("abbc"));
        json["model"]!["fuse_unk"] = true;
        Assert.Equal(["a", "?", "c"], HandMadeTokenizer.Load(json).Pieces("abbc"));
    }

    [Fact]
    public void Added_tokens_are_recognised_the_longest_first()
    {
        var json = HandMadeTokenizer.Json();
        json["added_tokens"]!.AsArray().Add(HandMadeTokenizer.AddedToken(257, "<x"));
        json["added_tokens"]!.AsArray().Add(HandMadeTokenizer.AddedToken(258, "<x>"));
        json["added_tokens"]!.AsArray().Add(HandMadeTokenizer.AddedToken(259, "été", special: false));
        var tokenizer = HandMadeTokenizer.Load(json);
        Assert.Equal(["a", "<x>", "<x", "Ġ", "<|endoftext|>", "été"], tokenizer.Pieces("a<x><x <|endoftext|>été"));
        Assert.Equal("<x>été a", tokenizer.Decode(tokenizer.Encode("<x>été a")));
    }

    [Fact]
    public void Added_tokens_can_swallow_blanks_or_ask_for_a_word_of_their_own()
    {
        var json = HandMadeTokenizer.Json();
        var strips = HandMadeTokenizer.AddedToken(257, "<m>");
        strips["lstrip"] = true;
        strips["rstrip"] = true;
        var single = HandMadeTokenizer.AddedToken(258, "is");
        single["single_word"] = true;
        json["added_tokens"]!.AsArray().Add(strips);
        json["added_tokens"]!.AsArray().Add(single);
        var tokenizer = HandMadeTokenizer.Load(json);
        Assert.Equal(["a", "<m>", "b"], tokenizer.Pieces("a  <m>\nb"));
        Assert.Equal(["t", "h", "i", "s", "Ġ", "is", "!"], tokenizer.Pieces("this is!"));
    }

    [Fact]
    public void A_prefix_space_is_put_before_a_text_but_not_before_its_continuation()
    {
        var json = HandMadeTokenizer.Json("Ġ a");
        json["pre_tokenizer"]!["add_prefix_space"] = true;
        var tokenizer = HandMadeTokenizer.Load(json);
        Assert.Equal(["Ġa", "b"], tokenizer.Pieces("ab"));
        Assert.Equal(["Ġa"], tokenizer.Pieces(" a"));
        Assert.Equal(["a", "b"], tokenizer.EncodeContinuation("ab").Select(tokenizer.Piece));
    }

    [Fact]
    public void A_text_is_composed_first_where_the_file_says_so()
    {
        var json = HandMadeTokenizer.Json("Ã ©");
        Assert.Equal(["e", "Ì", "ģ"], HandMadeTokenizer.Load(json).Pieces("e\u0301"));
        json["normalizer"] = JsonNode.Parse("""{"type":"Sequence","normalizers":[{"type":"NFC"}]}""");
        Assert.Equal(["Ã©"], HandMadeTokenizer.Load(json).Pieces("e\u0301"));
    }

    [Fact]
    public void Without_the_regex_merges_cross_words()
    {
        var json = HandMadeTokenizer.Json("a Ġ", "aĠ b");
        Assert.Equal(["a", "Ġ", "b"], HandMadeTokenizer.Load(json).Pieces("a b"));
        json["pre_tokenizer"]!["use_regex"] = false;
        Assert.Equal(["aĠb"], HandMadeTokenizer.Load(json).Pieces("a b"));
    }

    [Fact]
    public void Unpaired_surrogates_and_faulty_bytes_become_replacement_characters()
    {
        var tokenizer = HandMadeTokenizer.Load(HandMadeTokenizer.Json());
        Assert.Equal("a\uFFFDb", tokenizer.Decode(tokenizer.Encode("a\uD83Eb")));
        Assert.Equal("\uFFFDb", tokenizer.Decode([.. tokenizer.Encode("é")[..1], .. tokenizer.Encode("b")]));
    }

    [Fact]
    public void Ids_without_a_token_decode_to_nothing_and_negative_ones_are_refused()
    {
        var tokenizer = HandMadeTokenizer.Load(HandMadeTokenizer.Json());
        Assert.Equal("!", tokenizer.Decode([0, 9999]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Decode([-1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Piece(257));
    }

    [Fact]
    public void The_begin_token_is_the_one_that_the_tokenizer_puts_before_a_text()
    {
        var json = HandMadeTokenizer.Json();
        json["added_tokens"]!.AsArray().Add(HandMadeTokenizer.AddedToken(257, "<s>"));
        Assert.Null(HandMadeTokenizer.Load(json, """{"bos_token":"<s>","eos_token":null}""").BeginId);
        Assert.Equal(257, HandMadeTokenizer.Load(json, """{"bos_token":{"content":"<s>"},"add_bos_token":true}""").BeginId);

        json["post_processor"] = new JsonObject
        {
            ["type"] = "Sequence",
            ["processors"] = new JsonArray(HandMadeTokenizer.ByteLevel(), HandMadeTokenizer.Template(json, "<s>", "$A")),
        };
        Assert.Equal(257, HandMadeTokenizer.Load(json).BeginId);
        Assert.Null(HandMadeTokenizer.Load(json, """{"add_bos_token":false}""").BeginId);
        Assert.DoesNotContain(257, HandMadeTokenizer.Load(json).Encode("text"));
    }

    [Fact]
    public void The_end_token_is_the_one_that_the_configuration_names()
    {
        var json = HandMadeTokenizer.Json();
        json["added_tokens"]!.AsArray().Add(HandMadeTokenizer.AddedToken(257, "</s>"));
        Assert.Equal(256, HandMadeTokenizer.Load(json).EndId);
        Assert.Equal(257, HandMadeTokenizer.Load(json, """{"eos_token":"</s>"}""").EndId);
        json["added_tokens"] = new JsonArray();
        Assert.Null(HandMadeTokenizer.Load(json).EndId);
    }
}
