using Kalm.Files;
using Kalm.Language.Checkpoints;
using Kalm.Language.Tokenization;

namespace Kalm.Language.Export;

/// <summary>Writes a tokenizer into a GGUF file: the vocabulary, which of its tokens have a special meaning, and the chat template.</summary>
internal static class GgufTokenizer
{
    /// <summary>Adds the keys <c>tokenizer.*</c>.</summary>
    /// <param name="writer">The file.</param>
    /// <param name="folder">The Hugging Face folder with the tokenizer's files.</param>
    /// <param name="config">Gives the rows of the embedding, and end tokens where the tokenizer names none.</param>
    /// <param name="warnings">Takes what the user should know.</param>
    public static void Add(GgufWriter writer, string folder, ModelConfig config, List<string> warnings)
    {
        var tokenizer = Tokenizer.Load(folder);
        var vocabulary = GgufVocabulary.Read(folder, config.VocabularySize, warnings);
        writer.Add("tokenizer.ggml.model", vocabulary.Model);
        if (vocabulary.Splitting is { } splitting)
            writer.Add("tokenizer.ggml.pre", splitting);
        writer.Add("tokenizer.ggml.tokens", vocabulary.Tokens);
        if (vocabulary.Scores is { } scores)
            writer.Add("tokenizer.ggml.scores", scores);
        writer.Add("tokenizer.ggml.token_type", vocabulary.Types);
        if (vocabulary.Merges is { } merges)
            writer.Add("tokenizer.ggml.merges", merges);
        var special = ReadConfig(folder);
        AddId(writer, "bos", tokenizer.BeginId ?? Find(vocabulary, special, "bos_token") ?? config.BeginTokenId);
        AddId(writer, "eos", tokenizer.EndId ?? (config.EndTokenIds.Count > 0 ? config.EndTokenIds[0] : null));
        AddId(writer, "unknown", vocabulary.UnknownId ?? Find(vocabulary, special, "unk_token"));
        AddId(writer, "padding", Find(vocabulary, special, "pad_token"));
        writer.Add("tokenizer.ggml.add_bos_token", tokenizer.BeginId is not null);
        writer.Add("tokenizer.ggml.add_eos_token", false);
        writer.Add("tokenizer.ggml.add_space_prefix", vocabulary.AddsSpace);
        if (ChatTemplate(folder, special) is { } template)
            writer.Add("tokenizer.chat_template", template);
    }

    private static void AddId(GgufWriter writer, string which, int? id)
    {
        if (id is { } known)
            writer.Add($"tokenizer.ggml.{which}_token_id", (long)known);
    }

    private static JsonPart? ReadConfig(string folder)
    {
        var path = Path.Combine(folder, TokenizerReader.ConfigFile);
        return JsonPart.ReadFile(path) is { } content ? JsonPart.Parse(path, content) : null;
    }

    private static int? Find(GgufVocabulary vocabulary, JsonPart? config, string key)
    {
        if (config?.Find(key) is not { } part)
            return null;
        var text = part.Value.ValueKind == System.Text.Json.JsonValueKind.Object ? part.Require("content").Text() : part.Text();
        return vocabulary.Tokens.IndexOf(text) is >= 0 and var id ? id : null;
    }

    // A file of its own in newer folders; in older ones a text, or a list of named ones.
    private static string? ChatTemplate(string folder, JsonPart? config)
    {
        const string Key = "chat_template";
        var path = Path.Combine(folder, Key + ".jinja");
        if (File.Exists(path))
            return ReadText(path);
        if (config?.Find(Key) is not { } part)
            return null;
        if (part.Value.ValueKind != System.Text.Json.JsonValueKind.Array)
            return part.Text();
        return part.Items().Where(item => item.FindText("name") == "default").Select(item => item.FindText("template")).FirstOrDefault();
    }

    private static string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(path, "read", error);
        }
    }
}
