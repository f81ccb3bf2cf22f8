using System.Text.Json.Nodes;
using Kalm.Language.Export;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Gguf;
using Kalm.Language.Tokenization;
using Kalm.Language.Tokenization.SentencePiece;
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
        // Whether it is put before a text is what tokenizer.json says, as in transformers 5.
        Assert.False(file.Key<bool>("tokenizer.ggml.add_bos_token"));
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
        var split = new JsonObject
        {
            ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = regex }, ["behavior"] = "Isolated", ["invert"] = false,
        };
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
        using var source = Open(path);
        Assert.Contains("pre_tokenizer",
            Assert.Single(GgufExport.Write(folder.File("made.gguf"), source, GgufTensorType.F32, "made")), StringComparison.Ordinal);
        Assert.Equal("default", new IndependentGguf(folder.File("made.gguf")).Key<string>("tokenizer.ggml.pre"));
    }

    [Fact]
    public void A_trained_tokenizer_is_cut_as_GPT_2_s()
    {
        var tokenizer = Tokenizer.Train(["the theme of the thesis"], 262);
        using var writer = new GgufWriter();
        GgufTokenizer.Add(writer, tokenizer.Definition, ModelConfig.Load(Fixture("llama3")) with { VocabularySize = 300 }, []);
        using var folder = new TemporaryFolder();
        writer.Write(folder.File("made.gguf"), (_, _) => { });
        var file = new IndependentGguf(folder.File("made.gguf"));
        Assert.Equal("gpt-2", file.Key<string>("tokenizer.ggml.pre"));
        Assert.Equal(tokenizer.EndId, (int)file.Key<uint>("tokenizer.ggml.eos_token_id"));
        Assert.Equal(Enumerable.Range(0, tokenizer.VocabularySize).Select(tokenizer.Piece),
            file.Key<string[]>("tokenizer.ggml.tokens").Take(tokenizer.VocabularySize));
    }

    [Fact]
    public void Pieces_without_scores_are_ordered_by_the_rank_of_their_merge()
    {
        var vocabulary = GgufVocabulary.Of(Characters(), 11);
        Assert.Equal("llama", vocabulary.Model);
        Assert.Null(vocabulary.Merges);
        Assert.True(vocabulary.AddsSpace);
        Assert.Equal([2, 3, 6, 1, 1, 1, 1, 1, 1, 4, 5], vocabulary.Types.Select(type => (int)type));
        Assert.Equal(" x", vocabulary.Tokens[9]);
        Assert.Equal([0, -1, -2], vocabulary.Scores!.Skip(3).Take(3));
        Assert.All(vocabulary.Scores!.Skip(6).Take(3), score => Assert.True(score < -2));
        Assert.Equal([0, 0, 0], vocabulary.Scores!.Take(3));
    }

    [Theory]
    [InlineData(PrefixScheme.First, true)]
    [InlineData(PrefixScheme.Always, true)]
    [InlineData(PrefixScheme.Never, false)]
    public void Metaspace_says_whether_a_text_is_given_a_space(object scheme, bool adds) =>
        Assert.Equal(
            adds, GgufVocabulary.Of(Characters() with
            {
                Normalization = [], Splitting = [new MetaspaceSplitting('▁', (PrefixScheme)scheme, false)],
            }, 11).AddsSpace);

    [Fact]
    public void The_real_vocabulary_of_Llama_2_keeps_its_scores_and_kinds()
    {
        var tokenizer = Tokenizer.Load(DataFolder.Require("tokenizers/llama-2"));
        var vocabulary = GgufVocabulary.Of(tokenizer.Definition, 32_001);
        Assert.Equal(["<unk>", "<s>", "</s>", "<0x00>"], vocabulary.Tokens.Take(4));
        Assert.Equal([PieceKind.Unknown, PieceKind.Control, PieceKind.Control, PieceKind.Byte], vocabulary.Types.Take(4));
        Assert.Equal(256, vocabulary.Types.Count(type => type == PieceKind.Byte));
        Assert.Equal("[PAD32000]", vocabulary.Tokens[32_000]);
        // Runs of spaces merge last; then come the merges as they were learned.
        Assert.Equal([("▁▁", -1e9f), ("▁t", -1f), ("er", -2f)], vocabulary.Tokens.Zip(vocabulary.Scores!).Skip(259).Take(3));
        Assert.True(vocabulary.AddsSpace);
    }

    [Fact]
    public void A_token_beyond_the_embedding_is_refused() =>
        Assert.Contains("10 tokens; expected at most the model's vocabulary of 9",
            Assert.Throws<KalmException>(() => GgufVocabulary.Of(Characters(), 9)).Message, StringComparison.Ordinal);

    private static TokenizerDefinition Characters() => new()
    {
        Pieces = ["<unk>", "<s>", "<0x0A>", "▁t", "er", "ter", "t", "e", "r"],
        // t er and te r make the same piece; the first of them counts.
        Merges = new([new(10, 6, 3), new(7, 8, 4), new(6, 4, 5), new(9, 8, 5)]),
        AddedTokens = [new()
        {
            Id = 0, Content = "<unk>", Special = true,
        }, new() { Id = 1, Content = "<s>", Special = true }, new() { Id = 9, Content = "▁x" }],
        UnknownPiece = "<unk>",
        SpellsBytes = false,
        FallsBackToBytes = true,
        Normalization = [new Prefix("▁", OnlyAtStart: false)],
        Splitting = [],
    };

    private static JsonObject ByteLevel(bool usesRegex) =>
        new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = usesRegex };

    private static string? Find(params JsonNode[] steps)
    {
        var json = new JsonObject
        {
            ["pre_tokenizer"] = new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray(steps) },
        };
        return GgufSplitting.Find(JsonPart.Parse("tokenizer.json", System.Text.Encoding.UTF8.GetBytes(json.ToJsonString())));
    }

    private static IndependentGguf Export(TemporaryFolder folder, Action<JsonObject>? change = null, string? config = null)
    {
        var path = Copy(folder, "llama3");
        WriteTokenizer(path, change, config);
        using var source = Open(path);
        Assert.Empty(GgufExport.Write(folder.File("made.gguf"), source, GgufTensorType.F32, "made"));
        return new IndependentGguf(folder.File("made.gguf"));
    }
}
