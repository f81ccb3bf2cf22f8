using System.Text.Json;

namespace Kalm.Language.Tokenization;

/// <summary>Reads from tokenizer_config.json which tokens begin and end a text.</summary>
internal static class TokenizerConfigReader
{
    private static readonly string[] WellKnownEndTokens = ["<|endoftext|>", "</s>", "<|end_of_text|>", "<|im_end|>"];

    /// <summary>The definition with what <paramref name="config"/> says; without a file the end token is an added one with a known
    /// name.</summary>
    /// <exception cref="KalmException">A token that the file names does not exist, or the file asks for an end token after each
    /// text.</exception>
    public static TokenizerDefinition Apply(JsonPart? config, TokenizerDefinition definition)
    {
        var end = WellKnownEndTokens
            .Select(name => definition.AddedTokens.FirstOrDefault(token => token.Content == name)?.Id).FirstOrDefault(id => id is not null);
        if (config is not { } file)
            return definition with { EndId = end };

        if (file.FindFlag("add_eos_token") == true)
            throw file.Fault("add_eos_token is true; supported: false");
        // What the file says explicitly overrides tokenizer.json, as in transformers.
        var begin = file.FindFlag("add_bos_token") switch
        {
            true => FindToken(file, "bos_token", definition) ?? definition.BeginId
                ?? throw file.Fault("add_bos_token is true, but no bos_token is named"),
            false => null,
            null => definition.BeginId,
        };
        return definition with
        {
            BeginId = begin,
            EndId = FindToken(file, "eos_token", definition) ?? end,
            AddsPrefixSpace = file.FindFlag("add_prefix_space") ?? definition.AddsPrefixSpace,
        };
    }

    private static int? FindToken(JsonPart file, string name, TokenizerDefinition definition)
    {
        if (file.Find(name) is not { } part)
            return null;
        var text = part.Value.ValueKind == JsonValueKind.Object ? part.Require("content").Text() : part.Text();
        return definition.Find(text) ?? throw part.Fault($"'{text}' is not a token of {TokenizerReader.TokenizerFile}");
    }
}
