using System.Text.Json.Nodes;
using Kalm.Language.Tokenization;

namespace Kalm.Tests.Language.Tokenization;

/// <summary>A small tokenizer.json to change and load: 256 bytes in GPT-2's order, then one piece for each merge, then the end
/// token.</summary>
internal static class HandMadeTokenizer
{
    public static JsonObject Json(params string[] merges)
    {
        var vocabulary = new JsonObject();
        foreach (var letter in ByteAlphabet.OrderedLetters)
            vocabulary[letter.ToString()] = vocabulary.Count;
        foreach (var merge in merges)
            vocabulary[merge.Replace(" ", "", StringComparison.Ordinal)] ??= vocabulary.Count;
        return new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray(AddedToken(vocabulary.Count, "<|endoftext|>")),
            ["normalizer"] = null,
            ["pre_tokenizer"] = ByteLevel(),
            ["post_processor"] = null,
            ["decoder"] = ByteLevel(),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray([.. merges.Select(merge => JsonValue.Create(merge))]),
            },
        };
    }

    /// <summary>The layout of Llama 2, Mistral and TinyLlama: pieces of text, with bytes for what has none.</summary>
    public static JsonObject LlamaJson(JsonObject vocabulary, string[] merges)
    {
        var json = new JsonObject
        {
            ["added_tokens"] = new JsonArray(AddedToken(0, "<unk>"), AddedToken(1, "<s>"), AddedToken(2, "</s>")),
            ["normalizer"] = JsonNode.Parse("""
                {"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}
                """),
            ["pre_tokenizer"] = null,
            ["decoder"] = JsonNode.Parse("""
                {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},
                {"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}
                """),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["unk_token"] = "<unk>",
                ["fuse_unk"] = true,
                ["byte_fallback"] = true,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray([.. merges.Select(merge => JsonValue.Create(merge))]),
            },
        };
        json["post_processor"] = Template(json, "<s>", "$A");
        return json;
    }

    public static JsonObject ByteLevel() =>
        new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = false, ["use_regex"] = true };

    public static JsonObject AddedToken(int id, string content, bool special = true) =>
        new()
        {
            ["id"] = id, ["content"] = content, ["special"] = special, ["normalized"] = !special, ["lstrip"] = false, ["rstrip"] = false,
            ["single_word"] = false,
        };

    /// <summary>A TemplateProcessing part whose items are token names, with "$A" for the text.</summary>
    public static JsonObject Template(JsonObject tokenizer, params string[] items)
    {
        var single = new JsonArray();
        var tokens = new JsonObject();
        foreach (var item in items)
        {
            var isText = item == "$A";
            single.Add(new JsonObject { [isText ? "Sequence" : "SpecialToken"] = new JsonObject { ["id"] = isText ? "A" : item } });
            if (!isText)
                tokens[item] ??= new JsonObject { ["ids"] = new JsonArray(IdOf(tokenizer, item)) };
        }
        return new() { ["type"] = "TemplateProcessing", ["single"] = single, ["special_tokens"] = tokens };
    }

    public static Tokenizer Load(JsonObject tokenizer, string? config = null)
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", tokenizer.ToJsonString());
        if (config is not null)
            folder.Write("tokenizer_config.json", config);
        return Tokenizer.Load(folder.Path);
    }

    public static string[] Pieces(this Tokenizer tokenizer, string text) => [.. tokenizer.Encode(text).Select(tokenizer.Piece)];

    private static int IdOf(JsonObject tokenizer, string content) => tokenizer["added_tokens"]!.AsArray()
        .Where(token => (string)token!["content"]! == content).Select(token => (int)token!["id"]!).FirstOrDefault();
}
