using System.Text.Json.Nodes;
using Kalm.Language.Export;
using static Kalm.Tests.Language.Export.ModelFolders;

namespace Kalm.Tests.Language.Export;

/// <summary>The tokenizer in a GGUF file.</summary>
public class GgufTokenizerTests : TorchTest
{
    private const string Contractions = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
    private const string Rest = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    [Fact]
    public void A_byte_level_vocabulary_is_written_whole_and_filled_up_to_the_embedding()
    {
        using var folder = new TemporaryFolder();
        var file = Export(folder);
        Assert.Equal("gpt2", file.Key<string>("tokenizer.ggml.model"));
        Assert.Equal("gpt-2", file.Key<string>("tokenizer.ggml.pre"));
        var tokens = file.Key<string[]>("tokenizer.ggml.tokens");
        Assert.Equal(64, tokens.Length);
        Assert.Equal(["Ġ", "Ċ", "a"], tokens[..3]);
        Assert.Equal(["Ġthe", "<|endoftext|>", "<think>", "[PAD33]"], tokens[30..34]);
        Assert.Equal(64, tokens.Distinct().Count());
        Assert.Equal([.. Enumerable.Repeat(1, 31), 3, 4, .. Enumerable.Repeat(5, 31)], file.Key<int[]>("tokenizer.ggml.token_type"));
        Assert.Equal(["t h", "th e", "Ġ the"], file.Key<string[]>("tokenizer.ggml.merges"));
        Assert.DoesNotContain("tokenizer.ggml.scores", file.Keys.Keys);
        Assert.Equal(31u, file.Key<uint>("tokenizer.ggml.eos_token_id"));
        Assert.Equal(1u, file.Key<uint>("tokenizer.ggml.bos_token_id"));
        Assert.False(file.Key<bool>("tokenizer.ggml.add_bos_token"));
        Assert.False(file.Key<bool>("tokenizer.ggml.add_eos_token"));
        Assert.False(file.Key<bool>("tokenizer.ggml.add_space_prefix"));
        Assert.DoesNotContain("tokenizer.ggml.padding_token_id", file.Keys.Keys);
        Assert.Equal("{{ messages }}", file.Key<string>("tokenizer.chat_template"));
    }

    [Fact]
    public void Special_tokens_come_from_the_tokenizer_s_config()
    {
        using var folder = new TemporaryFolder();
        var file = Export(folder, null, """
            {"bos_token": {"content": "<think>"}, "add_bos_token": true, "eos_token": "<|endoftext|>", "pad_token": "a", "unk_token": "b",
             "chat_template": [{"name": "tool", "template": "T"}, {"name": "default", "template": "D"}]}
            """);
        Assert.Equal(32u, file.Key<uint>("tokenizer.ggml.bos_token_id"));
        Assert.True(file.Key<bool>("tokenizer.ggml.add_bos_token"));
        Assert.Equal(2u, file.Key<uint>("tokenizer.ggml.padding_token_id"));
        Assert.Equal(3u, file.Key<uint>("tokenizer.ggml.unknown_token_id"));
        Assert.Equal("D", file.Key<string>("tokenizer.chat_template"));
    }

    [Theory]
    [InlineData(Contractions + @"\p{N}{1,3}" + Rest, "llama-bpe")]
    [InlineData(Contractions + @"\p{N}" + Rest, "qwen2")]
    [InlineData(Contractions + @"\p{N}{1,2}" + Rest, null)]
    public void The_regex_of_a_split_decides_llama_cpp_s_name_for_it(string regex, string? name)
    {
        var split = new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = regex }, ["behavior"] = "Isolated", ["invert"] = false };
        Assert.Equal(name, Find(split, ByteLevel(false)));
    }

    [Fact]
    public void Single_digits_before_words_are_SmolLM_s_way()
    {
        Assert.Equal("smollm", Find(new JsonObject { ["type"] = "Digits", ["individual_digits"] = true }, ByteLevel(true)));
        Assert.Null(Find(new JsonObject { ["type"] = "Digits", ["individual_digits"] = false }, ByteLevel(true)));
    }

    [Fact]
    public void A_splitting_that_llama_cpp_does_not_know_is_worth_a_warning()
    {
        using var folder = new TemporaryFolder();
        var path = Copy(folder, "llama3");
        WriteTokenizer(path, tokenizer => tokenizer["pre_tokenizer"]!["use_regex"] = false);
        var warnings = new List<string>();
        var vocabulary = GgufVocabulary.Read(path, 64, warnings);
        Assert.Equal("default", vocabulary.Splitting);
        Assert.Contains("pre_tokenizer", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Pieces_with_byte_fallback_get_scores_by_the_rank_of_their_merge()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", """
            {"added_tokens": [{"id": 0, "content": "<unk>", "special": true}, {"id": 1, "content": "<s>", "special": true}, {"id": 9, "content": "▁x", "special": false}],
             "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
             "model": {"type": "BPE", "unk_token": "<unk>", "byte_fallback": true,
              "vocab": {"<unk>": 0, "<s>": 1, "<0x0A>": 2, "▁t": 3, "er": 4, "ter": 5, "t": 6, "e": 7, "r": 8},
              "merges": ["▁ t", "e r", ["t", "er"], "te r"]}}
            """);
        var warnings = new List<string>();
        var vocabulary = GgufVocabulary.Read(folder.Path, 11, warnings);
        Assert.Empty(warnings);
        Assert.Equal("llama", vocabulary.Model);
        Assert.Null(vocabulary.Splitting);
        Assert.Null(vocabulary.Merges);
        Assert.True(vocabulary.AddsSpace);
        Assert.Equal(0, vocabulary.UnknownId);
        Assert.Equal([2, 3, 6, 1, 1, 1, 1, 1, 1, 4, 5], vocabulary.Types);
        Assert.Equal(" x", vocabulary.Tokens[9]);
        Assert.Equal([0, -1, -2], vocabulary.Scores![3..6]);
        Assert.All(vocabulary.Scores[6..9], score => Assert.True(score < -2));
        Assert.Equal([0, 0, 0], vocabulary.Scores[..3]);
    }

    [Theory]
    [InlineData("first", true)]
    [InlineData("always", true)]
    [InlineData("never", false)]
    public void Metaspace_says_whether_a_text_is_given_a_space(string scheme, bool adds)
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", $$$"""
            {"pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "{{{scheme}}}"},
             "model": {"type": "BPE", "byte_fallback": true, "vocab": {"a": 0}, "merges": []}}
            """);
        Assert.Equal(adds, GgufVocabulary.Read(folder.Path, 1, []).AddsSpace);
    }

    [Fact]
    public void A_token_beyond_the_embedding_is_refused()
    {
        using var folder = new TemporaryFolder();
        WriteTokenizer(folder.Path);
        Assert.Contains("'<think>' has the id 32", Assert.Throws<KalmException>(() => GgufVocabulary.Read(folder.Path, 32, [])).Message, StringComparison.Ordinal);
    }

    private static JsonObject ByteLevel(bool usesRegex) => new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = usesRegex };

    private static string? Find(params JsonNode[] steps)
    {
        var json = new JsonObject { ["pre_tokenizer"] = new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray(steps) } };
        return GgufSplitting.Find(Kalm.Language.Tokenization.JsonPart.Parse("tokenizer.json", System.Text.Encoding.UTF8.GetBytes(json.ToJsonString())));
    }

    private static GgufFile Export(TemporaryFolder folder, Action<JsonObject>? change = null, string? config = null)
    {
        var path = Copy(folder, "llama3");
        WriteTokenizer(path, change, config);
        using var source = Open(path);
        Assert.Empty(GgufExport.Write(folder.File("made.gguf"), source, GgufTensorType.F32, "made"));
        return new GgufFile(folder.File("made.gguf"));
    }
}
