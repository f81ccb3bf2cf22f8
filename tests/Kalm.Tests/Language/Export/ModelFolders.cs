using System.Text.Json.Nodes;

namespace Kalm.Tests.Language.Export;

/// <summary>Complete model folders of every architecture: the fixtures' weights with a tokenizer of a few letters, which their small
/// embeddings have room for.</summary>
internal static class ModelFolders
{
    public static string[] Architectures { get; } = ["llama3", "llama_biased", "mistral", "qwen2", "qwen2_window", "qwen3", "qwen3_window"];

    public static string Fixture(string name) => Path.Combine(Kalm.Tests.Fixture.Folder, "architectures", name);

    /// <summary>Copies the fixture and puts the tokenizer beside it.</summary>
    public static string Copy(TemporaryFolder folder, string name)
    {
        var target = Directory.CreateDirectory(folder.File(name)).FullName;
        foreach (var file in Directory.GetFiles(Fixture(name)))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        WriteTokenizer(target);
        return target;
    }

    public static SourceWeights Open(string folder, string? adapter = null) => SourceWeights.Open(folder, adapter);

    /// <summary>Letters, four merges, an end token and a word of its own; 33 tokens.</summary>
    public static void WriteTokenizer(string folder, Action<JsonObject>? change = null, string? config = null)
    {
        var vocabulary = new JsonObject();
        foreach (var piece in (string[])[
            "Ġ", "Ċ", .. Enumerable.Range('a', 26).Select(letter => ((char)letter).ToString()), "th", "the", "Ġthe",
        ])
            vocabulary[piece] = vocabulary.Count;
        var tokenizer = new JsonObject
        {
            ["added_tokens"] = new JsonArray(Token(31, "<|endoftext|>", true), Token(32, "<think>", false)),
            ["pre_tokenizer"] = Kind("ByteLevel"),
            ["decoder"] = Kind("ByteLevel"),
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray("t h", "th e", "Ġ the") },
        };
        change?.Invoke(tokenizer);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), tokenizer.ToJsonString());
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"),
            config ?? """{"eos_token": "<|endoftext|>", "chat_template": "{{ messages }}"}""");

        static JsonObject Token(int id, string content, bool special) =>
            new() { ["id"] = id, ["content"] = content, ["special"] = special };

        static JsonObject Kind(string type) => new() { ["type"] = type, ["add_prefix_space"] = false };
    }
}
