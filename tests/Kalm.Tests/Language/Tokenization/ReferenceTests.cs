using System.Text.Json.Nodes;
using Kalm.Language.Tokenization;

namespace Kalm.Tests.Language.Tokenization;

/// <summary>Every construct of patterns and every part of tokenizer.json against Hugging Face tokenizers on random texts.</summary>
public class ReferenceTests
{
    // Each word is spelled and marked at its beginning, so that the tokens show where a text is cut.
    private const string Marks = """
        {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false},
        {"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":false}
        """;

    [Theory]
    [InlineData(@"\s+$")]
    [InlineData(@"^\s+|^a|e$")]
    [InlineData("^$|$")]
    [InlineData(@"\A.|.\z|\s\Z")]
    [InlineData(@"\bthe\b|\Bn")]
    [InlineData("(?m:a.b)|e.")]
    [InlineData(@"(?m).+\n")]
    [InlineData(@"[\w\s]+|\W\D\S")]
    [InlineData(@"\h+|\R|[^\d\w]")]
    [InlineData(@"\p{Han}+|\p{Hiragana}|\p{Latin}{2}|\p{^L}|\P{N}")]
    [InlineData(@"[[:punct:]]+|[[:upper:]]|[[:^digit:]]")]
    [InlineData(@"[a-z&&[^aeiou]]+|[\p{L}&&[^\p{Han}]]+|[a[bc]d]")]
    [InlineData(@"\p{N}{1,3}+|\p{L}{2}?|o{,2}|x{")]
    [InlineData(@"\p{L}++|\s?+a|\s*+t|(?>\s+)e")]
    [InlineData(@"\p{L}+?|\s{1,2}?")]
    [InlineData(@"(?<=l)o|(?<!\s)the|(?<=\p{L}|\s\s)\d")]
    [InlineData(@"(?=(\d{3})+(?!\d))|x*")]
    [InlineData("(?i)the|ING|(?-i:hello)")]
    [InlineData("(?i:'s|'t|'re|'ve|'m|'ll|'d)|(?i:k)|h(?i)e|x")]
    [InlineData(@"\u00e9|\x41|\x{1F999}|[\u4e00-\u9fff]+|[一-龥ࠀ-一가-퟿]+")]
    [InlineData(@"[]a]|[a-]|[-e]|[\]\-\^]|(?#note)l|(?<name>o)")]
    [InlineData(@" ?[^(\s|.,!?…。，、।۔،)]+")]
    [InlineData(@"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s")]
    public void Patterns_cut_where_Oniguruma_does(string pattern)
    {
        var split = new JsonObject
        {
            ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = pattern }, ["behavior"] = "Isolated", ["invert"] = false,
        };
        ReferenceTokenizer.AssertSame(Splitting(split.ToJsonString()), RandomText.Texts(400, pattern.Length));
    }

    [Theory]
    [InlineData("Isolated")]
    [InlineData("Removed")]
    [InlineData("Contiguous")]
    [InlineData("MergedWithPrevious")]
    [InlineData("MergedWithNext")]
    public void Matches_are_treated_alike(string behavior)
    {
        foreach (var invert in (string[])["true", "false"])
            ReferenceTokenizer.AssertSame(
                Splitting($$"""{"type":"Split","pattern":{"Regex":"[aeiou\\s]|z*"},"behavior":"{{behavior}}","invert":{{invert}}}"""),
                RandomText.Texts(300, 1));
    }

    [Fact]
    public void Words_of_each_name_are_cut_alike()
    {
        foreach (var name in ByteLevelWords.Names)
        {
            var steps = ByteLevelWords.Find(name)!.Select(pattern =>
                new JsonObject
                {
                    ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = pattern }, ["behavior"] = "Isolated", ["invert"] = false,
                });
            var json = Splitting(string.Join(",", steps.Select(step => step.ToJsonString()).Append(
                """{"type":"Digits","individual_digits":false}""")));
            ReferenceTokenizer.AssertSame(json, RandomText.Texts(150, name.Length));
        }
    }

    [Theory]
    [InlineData("""{"type":"Digits","individual_digits":true}""")]
    [InlineData("""{"type":"Whitespace"}""")]
    [InlineData("""{"type":"WhitespaceSplit"}""")]
    [InlineData("""{"type":"Punctuation","behavior":"MergedWithPrevious"}""")]
    [InlineData("""{"type":"BertPreTokenizer"}""")]
    [InlineData("""{"type":"UnicodeScripts"}""")]
    [InlineData("""{"type":"CharDelimiterSplit","delimiter":"e"}""")]
    [InlineData("""{"type":"FixedLength","length":3}""")]
    [InlineData("""{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}""")]
    public void Pre_tokenizers_cut_alike(string step) => ReferenceTokenizer.AssertSame(Splitting(step), Assigned(500));

    [Theory]
    [InlineData("""{"type":"NFC"}""")]
    [InlineData("""{"type":"NFD"}""")]
    [InlineData("""{"type":"NFKC"}""")]
    [InlineData("""{"type":"NFKD"}""")]
    [InlineData("""{"type":"Lowercase"}""")]
    [InlineData("""{"type":"Nmt"}""")]
    [InlineData("""{"type":"ByteLevel"}""")]
    [InlineData("""{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"}]}""")]
    [InlineData("""{"type":"Prepend","prepend":"xy"}""")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":"[aeiou]+"},"content":"_$1"}""")]
    [InlineData("""{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}""")]
    [InlineData("""{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":false,"strip_accents":true,"lowercase":false}""")]
    public void Normalizers_change_texts_alike(string normalizer)
    {
        var json = HandMadeTokenizer.Json();
        json["normalizer"] = JsonNode.Parse(normalizer);
        ReferenceTokenizer.AssertSame(json, Assigned(500));
    }

    [Fact]
    public void Added_tokens_are_found_alike_whatever_their_properties()
    {
        foreach (var normalizer in (string[])["null", """{"type":"Lowercase"}"""])
            for (var bits = 0; bits < 16; bits++)
            {
                var json = HandMadeTokenizer.Json();
                json["normalizer"] = JsonNode.Parse(normalizer);
                foreach (var content in (string[])["<x>", "Hello", "is", "\n", "<x><x>"])
                {
                    var tokens = json["added_tokens"]!.AsArray();
                    tokens.Add(new JsonObject
                    {
                        ["id"] = 256 + tokens.Count, ["content"] = content,
                        ["special"] = content.Length % 2 == 0, ["lstrip"] = (bits & 1) > 0,
                        ["rstrip"] = (bits & 2) > 0, ["single_word"] = (bits & 4) > 0, ["normalized"] = (bits & 8) > 0,
                    });
                }
                ReferenceTokenizer.AssertSame(json, RandomText.Texts(60, bits, "<x>", "Hello", "is", "\n", "<x><x>", " <x> "));
            }
    }

    [Theory]
    [InlineData("always", true)]
    [InlineData("always", false)]
    [InlineData("first", true)]
    [InlineData("first", false)]
    [InlineData("never", true)]
    [InlineData("never", false)]
    public void Metaspace_marks_alike(string scheme, bool split)
    {
        var step = $$"""{"type":"Metaspace","replacement":"▁","prepend_scheme":"{{scheme}}","split":{{(split ? "true" : "false")}}}""";
        var json = Characters("BPE", step, step);
        ReferenceTokenizer.AssertSame(json, RandomText.Texts(300, 3, "<s>"));
    }

    [Theory]
    [InlineData("null")]
    [InlineData(
        """
        {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},
        {"type":"Strip","content":" ","start":1,"stop":0}]}
        """)]
    [InlineData("""{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Replace","pattern":{"String":"▁▁"},"content":"="}]}""")]
    [InlineData("""{"type":"WordPiece","prefix":"##","cleanup":true}""")]
    [InlineData("""{"type":"BPEDecoder","suffix":"e"}""")]
    [InlineData("""{"type":"ByteFallback"}""")]
    public void Decoders_join_alike(string decoder) => ReferenceTokenizer.AssertSame(
        Characters("BPE", """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":false}""", decoder),
        RandomText.Texts(300, 4));

    [Fact]
    public void A_unigram_model_cuts_alike() => ReferenceTokenizer.AssertSame(
        Characters("Unigram", """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}""",
            """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}"""),
        RandomText.Texts(500, 5));

    [Fact]
    public void WordPiece_and_whole_words_are_found_alike()
    {
        var json = Characters("WordPiece", """{"type":"BertPreTokenizer"}""", """{"type":"WordPiece","prefix":"##","cleanup":true}""");
        ReferenceTokenizer.AssertSame(json, RandomText.Texts(300, 6));
        json["model"]!["type"] = "WordLevel";
        ReferenceTokenizer.AssertSame(json, RandomText.Texts(300, 7));
    }

    /// <summary>Published files, where the folder that KALM_TOKENIZERS names holds some, each in a folder of its own.</summary>
    [Fact]
    public void Published_tokenizers_give_the_same_tokens()
    {
        var root = Environment.GetEnvironmentVariable("KALM_TOKENIZERS");
        if (root is null)
            Assert.Skip("needs published tokenizer.json files: set KALM_TOKENIZERS to a folder with a folder for each");
        foreach (var file in Directory.GetFiles(root, "tokenizer.json", SearchOption.AllDirectories))
        {
            using var folder = new TemporaryFolder();
            File.Copy(file, folder.File("tokenizer.json"));
            ReferenceTokenizer.AssertSame(folder.Path, RandomText.Texts(2000, 8), Tokenizer.Load(folder.Path).BeginIds.Count);
        }
    }

    // The tables of its pre-tokenizers and normalizers are older than ours: characters that came to Unicode since are left out.
    private static IEnumerable<string> Assigned(int count) => RandomText.Texts(count, 2)
        .Where(text => text.EnumerateRunes().All(rune => rune.Value
        is < 0x500 or (>= 0x2000 and < 0x2070) or (>= 0x3040 and < 0x3100)
            or (>= 0x4E00 and < 0x9F00) or (>= 0xAC00 and < 0xD7A4) or (>= 0x1F000 and < 0x1F900)));

    private static JsonObject Splitting(string steps)
    {
        var json = HandMadeTokenizer.Json();
        json["pre_tokenizer"] = JsonNode.Parse($$"""{"type":"Sequence","pretokenizers":[{{steps}},{{Marks}}]}""");
        json["model"]!["vocab"]!["▁"] = 256;
        json["added_tokens"] = new JsonArray();
        return json;
    }

    private static JsonObject Characters(string model, string splitting, string decoder)
    {
        var random = new Random(9);
        string[] characters = [.. RandomText.Texts(400, 10).SelectMany(text => text.EnumerateRunes())
            .Select(rune => rune.ToString()).Distinct().Where(_ => random.Next(8) > 0)];
        string[] pieces = [.. new[] { "<unk>", "<s>", "▁", "▁the", "the", "ing", "Hello", "##ing", "##e", "▁▁" }
            .Concat(Enumerable.Range(0, 256).Select(value => ByteToken.Name((byte)value))).Concat(characters)
            .Concat(RandomText.Texts(200, 11).Select(text => text[..Math.Min(3, text.Length)])
                .Where(text => !char.IsSurrogate(text[^1]) && !char.IsSurrogate(text[0]))).Distinct()];
        var vocabulary = new JsonObject();
        foreach (var piece in pieces)
            vocabulary[piece] = vocabulary.Count;
        var part = new JsonObject { ["type"] = model };
        if (model == "Unigram")
        {
            part["unk_id"] = 0;
            part["vocab"] = new JsonArray([.. pieces.Select(piece => new JsonArray(piece, -random.NextDouble() * 12))]);
            part["byte_fallback"] = false;
        }
        else
        {
            part["vocab"] = vocabulary;
            part["unk_token"] = "<unk>";
        }
        if (model == "BPE")
        {
            part["merges"] = new JsonArray();
            part["byte_fallback"] = true;
            part["fuse_unk"] = true;
        }
        if (model == "WordPiece")
        {
            part["continuing_subword_prefix"] = "##";
            part["max_input_chars_per_word"] = 10;
        }
        return new()
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray(HandMadeTokenizer.AddedToken(0, "<unk>"), HandMadeTokenizer.AddedToken(1, "<s>")),
            ["normalizer"] = null, ["pre_tokenizer"] = JsonNode.Parse(splitting),
            ["post_processor"] = null, ["decoder"] = JsonNode.Parse(decoder), ["model"] = part,
        };
    }
}
