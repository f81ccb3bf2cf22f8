using System.Text;
using System.Text.Json;
using Kalm.Language.Sources.Config;
using Kalm.Language.Tokenization;
using Kalm.Language.Tokenization.Models;

namespace Kalm.Language.Export;

/// <summary>Writes a tokenizer into a GGUF file: the vocabulary, which of its tokens have a special meaning, and the chat
/// template.</summary>
internal static class GgufTokenizer
{
    private const string TemplateKey = "chat_template";

    /// <summary>Adds the keys <c>tokenizer.*</c>.</summary>
    /// <param name="writer">The file.</param>
    /// <param name="definition">The tokenizer.</param>
    /// <param name="model">Gives the rows of the embedding, and begin and end tokens where the tokenizer names none.</param>
    /// <param name="warnings">Takes what the user should know.</param>
    public static void Add(GgufWriter writer, TokenizerDefinition definition, ModelConfig model, List<string> warnings)
    {
        if (definition.Model != ModelKind.BytePair)
            throw new KalmException(
                $"tokenizer: found the kind {definition.Model}, expected byte-pair encoding: no other is written as GGUF");
        var vocabulary = GgufVocabulary.Of(definition, model.VocabularySize);
        var config = Part(definition, TokenizerReader.ConfigFile);
        writer.Add("tokenizer.ggml.model", vocabulary.Model);
        if (definition.SpellsBytes)
            writer.Add("tokenizer.ggml.pre", Splitting(definition, warnings));
        writer.Add("tokenizer.ggml.tokens", vocabulary.Tokens);
        if (vocabulary.Scores is { } scores)
            writer.Add("tokenizer.ggml.scores", scores);
        writer.Add("tokenizer.ggml.token_type", vocabulary.Types.Select(type => (int)type).ToList());
        if (vocabulary.Merges is { } merges)
            writer.Add("tokenizer.ggml.merges", merges);
        AddId(writer, "bos", definition.BeginId ?? Find(definition, config, "bos_token") ?? model.BeginTokenId);
        AddId(writer, "eos", definition.EndId ?? (model.EndTokenIds.Count > 0 ? model.EndTokenIds[0] : null));
        AddId(writer, "unknown", definition.UnknownPiece is { } unknown ? definition.Find(unknown) : Find(definition, config,
            "unk_token"));
        AddId(writer, "padding", Find(definition, config, "pad_token"));
        writer.Add("tokenizer.ggml.add_bos_token", definition.BeginId is not null);
        writer.Add("tokenizer.ggml.add_eos_token", false);
        writer.Add("tokenizer.ggml.add_space_prefix", vocabulary.AddsSpace);
        if (ChatTemplate(definition, config) is { } template)
            writer.Add($"tokenizer.{TemplateKey}", template);
    }

    // A tokenizer of our own making is cut as GPT-2 is.
    private static string Splitting(TokenizerDefinition definition, List<string> warnings)
    {
        var root = Part(definition, TokenizerReader.TokenizerFile);
        if ((root is { } part ? GgufSplitting.Find(part) : GgufSplitting.Gpt2) is { } name)
            return name;
        warnings.Add(
            $"llama.cpp has no name for this tokenizer's pre_tokenizer: it will cut some texts into other tokens "
                + $"('{GgufSplitting.Unknown}')");
        return GgufSplitting.Unknown;
    }

    private static void AddId(GgufWriter writer, string which, int? id)
    {
        if (id is { } known)
            writer.Add($"tokenizer.ggml.{which}_token_id", (long)known);
    }

    private static JsonPart? Part(TokenizerDefinition definition, string name) =>
        definition.SourceFiles.TryGetValue(name, out var content) ? JsonPart.Parse(name, content) : null;

    private static int? Find(TokenizerDefinition definition, JsonPart? config, string key)
    {
        if (config?.Find(key) is not { } part)
            return null;
        return definition.Find(part.Value.ValueKind == JsonValueKind.Object ? part.Require("content").Text() : part.Text());
    }

    // A file of its own in newer folders; in older ones a text, or a list of named ones.
    private static string? ChatTemplate(TokenizerDefinition definition, JsonPart? config)
    {
        if (definition.SourceFiles.TryGetValue(TemplateKey + ".jinja", out var content))
            return Encoding.UTF8.GetString(content);
        if (config?.Find(TemplateKey) is not { } part)
            return null;
        if (part.Value.ValueKind != JsonValueKind.Array)
            return part.Text();
        return part.Items().Where(item => item.FindText("name") == "default").Select(item => item.FindText("template")).FirstOrDefault();
    }
}
