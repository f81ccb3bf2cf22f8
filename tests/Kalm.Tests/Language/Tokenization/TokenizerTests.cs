using System.Text.Json.Nodes;
using Kalm.Language.Tokenization;

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
    public void The_begin_tokens_are_those_of_the_post_processor_whatever_the_configuration_says()
    {
        var json = HandMadeTokenizer.Json();
        json["added_tokens"]!.AsArray().Add(HandMadeTokenizer.AddedToken(257, "<s>"));
        Assert.Null(HandMadeTokenizer.Load(json, """{"bos_token":"<s>","eos_token":null}""").BeginId);
        Assert.Null(HandMadeTokenizer.Load(json, """{"bos_token":{"content":"<s>"},"add_bos_token":true}""").BeginId);

        json["post_processor"] = new JsonObject
        {
            ["type"] = "Sequence",
            ["processors"] = new JsonArray(HandMadeTokenizer.ByteLevel(), HandMadeTokenizer.Template(json, "<s>", "$A")),
        };
        Assert.Equal(257, HandMadeTokenizer.Load(json).BeginId);
        Assert.Equal(257, HandMadeTokenizer.Load(json, """{"add_bos_token":false}""").BeginId);
        Assert.DoesNotContain(257, HandMadeTokenizer.Load(json).Encode("text"));

        json["post_processor"] = HandMadeTokenizer.Template(json, "<|endoftext|>", "<s>", "$A");
        Assert.Equal([256, 257, 64], HandMadeTokenizer.Load(json).Begin([64]));
        json["post_processor"] = JsonNode.Parse("""{"type":"RobertaProcessing","sep":["<|endoftext|>",256],"cls":["<s>",257]}""");
        var roberta = HandMadeTokenizer.Load(json);
        Assert.Equal((257, 256), (roberta.BeginId, roberta.EndId));
    }

    [Fact]
    public void Tokens_that_only_the_configuration_names_are_added()
    {
        var json = HandMadeTokenizer.Json();
        var tokenizer = HandMadeTokenizer.Load(json, """
            {"added_tokens_decoder":{"300":{"content":"<b>","special":true,"rstrip":true},"299":{"content":"<a>","special":false}},
            "eos_token":"<c>","pad_token":"<b>","additional_special_tokens":["<d>"],"extra_special_tokens":{"image_token":"<e>"}}
            """);
        Assert.Equal(["<a>", "<b>", "<c>", "<d>", "<e>"], tokenizer.Pieces("<a><b>  <c><d><e>"));
        Assert.Equal([257, 258, 259, 260, 261], tokenizer.Encode("<a><b>  <c><d><e>"));
        Assert.Equal((259, 258, 261), (tokenizer.EndId, tokenizer.NamedIds["pad_token"], tokenizer.NamedIds["image_token"]));
        Assert.Equal([false, true, true, true, true], new[] { 257, 258, 259, 260, 261 }.Select(tokenizer.IsSpecial));
        Assert.False(tokenizer.IsSpecial(0) || tokenizer.IsSpecial(-1) || tokenizer.IsSpecial(9999));

        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", json.ToJsonString());
        folder.Write("added_tokens.json", """{"<y>":301,"<x>":300}""");
        folder.Write("special_tokens_map.json", """{"eos_token":{"content":"<y>","lstrip":false}}""");
        folder.Write("tokenizer_config.json", """{"eos_token":"<|endoftext|>"}""");
        var older = Tokenizer.Load(folder.Path);
        Assert.Equal([257, 258], older.Encode("<x><y>"));
        Assert.Equal((258, false, true), (older.EndId, older.IsSpecial(257), older.IsSpecial(258)));
    }

    [Fact]
    public void Special_tokens_are_text_where_the_configuration_splits_them()
    {
        var json = HandMadeTokenizer.Json();
        Assert.Equal(13, HandMadeTokenizer.Load(json, """{"split_special_tokens":true}""").Encode("<|endoftext|>").Length);
    }

    [Fact]
    public void Vocabulary_and_merges_without_a_tokenizer_json_are_read_by_their_class()
    {
        using var folder = new TemporaryFolder();
        var json = HandMadeTokenizer.Json("1 2", "Ã ©");
        folder.Write("vocab.json", json["model"]!["vocab"]!.ToJsonString());
        folder.Write("merges.txt", "#version: 0.2\n1 2\nÃ ©\n");
        Assert.True(Tokenizer.IsIn(folder.Path));
        Assert.Equal(["12", "é"], Tokenizer.Load(folder.Path).Encode("12é").Select(id => Tokenizer.Load(folder.Path).Decode([id])));
        folder.Write("tokenizer_config.json",
            """{"tokenizer_class":"Qwen2Tokenizer","added_tokens_decoder":{"258":{"content":"<|endoftext|>","special":true}},"eos_token":"<|endoftext|>"}""");
        var qwen = Tokenizer.Load(folder.Path);
        Assert.Equal(["1", "2", "Ã©", "<|endoftext|>"], qwen.Pieces("12e\u0301<|endoftext|>"));
        Assert.Equal(258, qwen.EndId);
        folder.Write("tokenizer_config.json", """{"tokenizer_class":"TransfoXLTokenizer"}""");
        Assert.Contains(
            "TransfoXLTokenizer", Assert.Throws<KalmException>(() => Tokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
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
