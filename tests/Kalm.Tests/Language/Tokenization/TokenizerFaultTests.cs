using System.Text.Json.Nodes;
using Kalm.Language.Tokenization;

namespace Kalm.Tests.Language.Tokenization;

public class TokenizerFaultTests
{
    public static TheoryData<string, string, string> ChangedValues => new()
    {
        // place, new value, what the message has to name
        { "model.type", "\"Subword\"", "Subword" },
        { "model.vocab", "[]", "model.vocab" },
        { "model.vocab", "null", "'vocab' is missing" },
        { "model.vocab.ab", "-1", "'ab' is -1" },
        { "model.vocab.ab", "10000000", "'ab' is 10000000" },
        { "model.vocab.ab", "9000000", "9000000" },
        { "model.vocab.ab", "1.5", "'ab' is 1.5" },
        { "model.vocab.ab", "\"1\"", "'ab'" },
        { "model.vocab.ab", "0", "'ab' both have the id 0" },
        { "model.merges", "{}", "model.merges" },
        { "model.merges", "[\"a b\", \"a zz\"]", "model.merges[1]: 'zz'" },
        { "model.merges", "[\"a c\"]", "model.merges[0]: 'ac'" },
        { "model.merges", "[\"a\"]", "model.merges[0]" },
        { "model.merges", "[[\"a\", 1]]", "model.merges[0]" },
        { "model.merges", "[7]", "model.merges[0]" },
        { "model.dropout", "0.1", "dropout" },
        { "model.ignore_merges", "\"yes\"", "ignore_merges" },
        { "normalizer", """{"type":"Sequence","normalizers":[{"type":"Unheard"}]}""", "normalizer.normalizers[0]: found Unheard" },
        { "normalizer", """{"type":"Precompiled","precompiled_charsmap":"AAAA"}""", "precompiled_charsmap" },
        { "normalizer", """{"type":"Precompiled","precompiled_charsmap":"%"}""", "precompiled_charsmap" },
        { "normalizer", "\"NFC\"", "normalizer" },
        { "normalizer", """{"type":"Prepend"}""", "'prepend' is missing" },
        { "normalizer", """{"type":"Replace","pattern":{"String":""},"content":"_"}""", "String is empty" },
        { "normalizer", """{"type":"Replace","pattern":"a","content":"_"}""", "normalizer.pattern" },
        { "normalizer", """{"type":"Replace","pattern":{"Regex":"(a"},"content":"_"}""", "Regex: a group is not closed" },
        { "pre_tokenizer", """{"type":"Metaspace"}""", "'replacement' is missing" },
        { "pre_tokenizer", """{"type":"Metaspace","replacement":"▁▁"}""", "expected one character" },
        { "pre_tokenizer", """{"type":"Metaspace","replacement":"▁","prepend_scheme":"last"}""", "prepend_scheme is 'last'" },
        { "pre_tokenizer", """{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","add_prefix_space":false}""", "prepend_scheme is not 'never'" },
        { "pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"Split"}]}""", "pre_tokenizer.pretokenizers[0]: 'pattern' is missing" },
        { "pre_tokenizer", """{"type":"Split","pattern":{"Regex":"a"},"behavior":"Joined"}""", "behavior is 'Joined'" },
        { "pre_tokenizer", """{"type":"Split","pattern":{"Regex":"(a)\\1"},"behavior":"Isolated"}""", "'\\1' is not supported" },
        { "pre_tokenizer", """{"type":"FixedLength","length":0}""", "length is 0" },
        { "post_processor", """{"type":"BertProcessing","sep":["[SEP]",999],"cls":["a",0]}""", "no token has the id 999" },
        { "post_processor", """{"type":"TemplateProcessing","single":["$A"]}""", "post_processor.single[0]" },
        { "post_processor", """{"type":"TemplateProcessing","single":[]}""", "no text" },
        { "decoder", """{"type":"CTC"}""", "found CTC" },
        { "decoder", """{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"ByteLevel"}]}""", "ByteLevel after what joins all tokens" },
        { "added_tokens", """[{"id":1,"content":"<x>"}]""", "'<x>' has the id 1" },
        { "added_tokens", """[{"id":300,"content":"a"}]""", "'a' has the id 300" },
        { "added_tokens", """[{"id":300,"content":"x y"},{"id":300,"content":"<y>"}]""", "'<y>' both have the id 300" },
        { "added_tokens", """[{"id":300,"content":""}]""", "empty" },
        { "added_tokens", """[{"content":"<x>"}]""", "'id' is missing" },
        { "added_tokens", "[3]", "added_tokens[0]" },
    };

    [Theory]
    [MemberData(nameof(ChangedValues))]
    public void A_faulty_or_unsupported_part_is_named(string place, string value, string named)
    {
        var json = HandMadeTokenizer.Json("a b");
        JsonNode parent = json;
        var names = place.Split('.');
        foreach (var name in names[..^1])
            parent = parent[name]!;
        parent[names[^1]] = JsonNode.Parse(value);
        ExpectFault(json.ToJsonString(), null, "tokenizer.json", named);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not JSON")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"model\":3}")]
    [InlineData("{\"model\":{},\"model\":{}}")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"\\ud800\":0},\"merges\":[]}}")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"a\":1},\"merges\":[]}}")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"\\ud800 a\"]}}")]
    [InlineData("{\"model\":{\"type\":\"\\udc00\"}}")]
    [InlineData("{\"\\ud800\":1,\"mode\\u006c\":{\"type\":\"WordLevel\"}}")]
    public void A_malformed_file_is_named(string content) => ExpectFault(content, null, "tokenizer.json", "tokenizer.json: ");

    [Fact]
    public void A_file_that_is_not_UTF_8_is_named()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("tokenizer.json"), [(byte)'{', (byte)'"', 0xFF, (byte)'"', (byte)':', (byte)'1', (byte)'}']);
        var message = FaultOf(folder.Path);
        Assert.Equal($"{folder.File("tokenizer.json")}: not valid UTF-8", message);
    }

    [Theory]
    [InlineData("{", "not valid JSON")]
    [InlineData("""{"eos_token":7}""", "eos_token: found 7")]
    [InlineData("""{"split_special_tokens":1}""", "split_special_tokens: found 1")]
    [InlineData("""{"added_tokens_decoder":{"x":{"content":"<x>"}}}""", "'x' is no id")]
    [InlineData("""{"added_tokens_decoder":{"300":{"content":""}}}""", "content is empty")]
    [InlineData("""{"extra_special_tokens":3}""", "extra_special_tokens: found 3")]
    [InlineData("""{"add_eos_token":1}""", "add_eos_token: found 1")]
    public void A_faulty_configuration_is_named(string config, string named) =>
        ExpectFault(HandMadeTokenizer.Json("a b").ToJsonString(), config, "tokenizer_config.json", named);

    [Fact]
    public void A_template_without_a_text_or_with_two_is_refused()
    {
        const string End = "<|endoftext|>";
        foreach (var items in (string[][])[["$A", "$A"], [End]])
        {
            var json = HandMadeTokenizer.Json();
            json["post_processor"] = HandMadeTokenizer.Template(json, items);
            ExpectFault(json.ToJsonString(), null, "tokenizer.json", "post_processor");
        }
    }

    [Fact]
    public void A_Git_LFS_pointer_is_named_as_such()
    {
        const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123\n";
        ExpectFault(Pointer, null, "tokenizer.json", "git lfs pull");
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.model", Pointer);
        Assert.Contains("git lfs pull", FaultOf(folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_or_folder_is_named()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("no such folder", FaultOf(folder.File("absent")), StringComparison.Ordinal);
        Assert.Contains(folder.File("tokenizer.json"), FaultOf(folder.Path), StringComparison.Ordinal);
        Assert.Contains("tokenizer.model", FaultOf(folder.Path), StringComparison.Ordinal);
    }

    private static string FaultOf(string folder) => Assert.Throws<KalmException>(() => Tokenizer.Load(folder)).Message;

    private static void ExpectFault(string tokenizer, string? config, string file, string named)
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", tokenizer);
        if (config is not null)
            folder.Write("tokenizer_config.json", config);
        var message = FaultOf(folder.Path);
        Assert.Contains(folder.File(file), message, StringComparison.Ordinal);
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.True(message.Split('\n').Length <= 5, message);
    }
}
