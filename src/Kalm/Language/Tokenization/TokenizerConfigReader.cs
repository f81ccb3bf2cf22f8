using System.Text.Json;

namespace Kalm.Language.Tokenization;

/// <summary>Reads from tokenizer_config.json which tokens begin and end a text, and whether a space is put before it.</summary>
internal static class TokenizerConfigReader
{
    private static readonly string[] WellKnownEndTokens = ["<|endoftext|>", "</s>", "<|end_of_text|>", "<|im_end|>"];

    /// <summary>The definition with what <paramref name="config"/> says; without a file the end token is an added one with a known
    /// name.</summary>
    /// <exception cref="KalmException">A token that the file names does not exist, or the file contradicts the tokenizer.</exception>
    public static TokenizerDefinition Apply(JsonPart? config, TokenizerDefinition definition)
    {
        var end = definition.EndId ?? WellKnownEndTokens
            .Select(name => definition.AddedTokens.FirstOrDefault(token => token.Content == name)?.Id).FirstOrDefault(id => id is not null);
        if (config is not { } file)
            return definition with { EndId = end };

        end = FindToken(file, "eos_token", definition) ?? end;
        if (file.FindFlag("add_eos_token") == true && end is null)
            throw file.Fault("add_eos_token is true, but no eos_token is named");
        // What the file says explicitly overrides tokenizer.json, as in transformers.
        var begin = file.FindFlag("add_bos_token") switch
        {
            true => FindToken(file, "bos_token", definition) ?? definition.BeginId
                ?? throw file.Fault("add_bos_token is true, but no bos_token is named"),
            false => null,
            null => definition.BeginId,
        };
        definition = definition with { BeginId = begin, EndId = end };
        return file.FindFlag("add_prefix_space") is { } adds ? WithPrefixSpace(file, definition, adds) : definition;
    }

    private static TokenizerDefinition WithPrefixSpace(JsonPart file, TokenizerDefinition definition, bool adds)
    {
        if (definition.Splitting is [ByteLevelSplitting only])
            return definition with { Splitting = [only with { AddsPrefixSpace = adds }] };
        // In a sequence of steps transformers too leaves it to tokenizer.json.
        if (definition.SpellsBytes)
            return definition;
        if (!adds)
            return definition with
            {
                Normalization = [.. definition.Normalization.Where(step => step is not Prefix)],
                Splitting = [.. definition.Splitting.Select(step => step is MetaspaceSplitting mark ? mark with { Scheme = PrefixScheme.Never } : step)],
                Decoding = definition.Decoding with { LeadingCount = 0, DroppedFromFirst = null },
            };
        var does = definition.Normalization.Any(step => step is Prefix)
            || definition.Splitting.Any(step => step is MetaspaceSplitting { Scheme: not PrefixScheme.Never });
        return does ? definition : throw file.Fault("add_prefix_space is true, but the tokenizer puts no space before a text");
    }

    private static int? FindToken(JsonPart file, string name, TokenizerDefinition definition)
    {
        if (file.Find(name) is not { } part)
            return null;
        var text = part.Value.ValueKind == JsonValueKind.Object ? part.Require("content").Text() : part.Text();
        return definition.Find(text) ?? throw part.Fault($"'{text}' is not a token of the tokenizer");
    }
}
