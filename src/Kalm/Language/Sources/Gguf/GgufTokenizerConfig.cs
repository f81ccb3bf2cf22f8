using System.Text.Json;
using Kalm.Language.Tokenization;

namespace Kalm.Language.Sources.Gguf;

/// <summary>Writes what belongs beside a tokenizer as the text of a tokenizer_config.json.</summary>
internal static class GgufTokenizerConfig
{
    private const string TemplateKey = "tokenizer.chat_template";

    // transformers' names for tokens and the file's.
    private static readonly (string Name, string Purpose)[] Tokens =
        [("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown"), ("pad_token", "padding"), ("sep_token", "seperator"),
            ("mask_token", "mask")];

    /// <summary>The tokens that the file names, by transformers' names for them.</summary>
    public static IReadOnlyList<(string Name, string Text)> TextsOf(GgufVocabularyReader vocabulary) =>
        [.. Tokens.Select(token => (token.Name, Text: vocabulary.TextOf(token.Purpose)))
            .Where(token => token.Text is not null).Select(token => (token.Name, token.Text!))];

    /// <summary>The text, in UTF-8.</summary>
    public static byte[] Write(GgufVocabularyReader vocabulary)
    {
        var isSentencePiece = vocabulary.Model == "llama";
        return TokenizerWriter.Text(json =>
        {
            json.WriteStartObject();
            json.WriteBoolean("add_bos_token", vocabulary.AddsBegin && vocabulary.IdOf("bos") is not null);
            json.WriteBoolean("add_eos_token", vocabulary.AddsEnd && vocabulary.IdOf("eos") is not null);
            if (isSentencePiece)
            {
                json.WriteBoolean("add_prefix_space", vocabulary.AddsSpace);
                // A space before each stretch of text, as llama.cpp puts it.
                json.WriteBoolean("legacy", true);
            }
            foreach (var (name, text) in TextsOf(vocabulary))
                json.WriteString(name, text);
            WriteTemplates(json, vocabulary.Metadata);
            json.WriteBoolean("clean_up_tokenization_spaces", false);
            if (vocabulary.Metadata.Text("general.architecture") is { } architecture
                && vocabulary.Metadata.Whole($"{architecture}.context_length") is { } length)
                json.WriteNumber("model_max_length", length);
            json.WriteString("tokenizer_class", isSentencePiece ? "LlamaTokenizer" : "PreTrainedTokenizerFast");
            json.WriteEndObject();
        });
    }

    private static void WriteTemplates(Utf8JsonWriter json, GgufMetadata metadata)
    {
        var named = metadata.Keys.Where(key => key.StartsWith(TemplateKey + ".",
            StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        var plain = metadata.Text(TemplateKey);
        if (named.Count == 0)
        {
            if (plain is not null)
                json.WriteString("chat_template", plain);
            return;
        }
        json.WriteStartArray("chat_template");
        if (plain is not null)
            Write("default", plain);
        foreach (var key in named)
            Write(key[(TemplateKey.Length + 1)..], metadata.Text(key)!);
        json.WriteEndArray();

        void Write(string name, string template)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("template", template);
            json.WriteEndObject();
        }
    }
}
