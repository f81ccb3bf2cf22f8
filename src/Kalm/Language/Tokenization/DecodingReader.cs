namespace Kalm.Language.Tokenization;

/// <summary>Reads the decoder of tokenizer.json: ByteLevel alone, or the parts that read text pieces.</summary>
internal static class DecodingReader
{
    private const string Supported = "ByteLevel alone, or Replace, ByteFallback, Metaspace, then Fuse, then Strip";

    /// <summary>The rule that the steps of <paramref name="root"/>'s decoder make.</summary>
    /// <exception cref="KalmException">A step is not supported, or does not fit the pre-tokenizer.</exception>
    public static DecodingRule Read(JsonPart root, List<(string Type, JsonPart Part)> steps, bool spellsBytes)
    {
        var types = steps.Count == 0 ? "none" : string.Join(" + ", steps.Select(step => step.Type));
        if (steps.Count == 0 || (steps.Count > 1 && steps.Any(step => step.Type == "ByteLevel")))
            throw TokenizerPipelineReader.Unsupported(root with { Place = "decoder" }, types, Supported);
        var rule = new DecodingRule { SpellsBytes = steps[0].Type == "ByteLevel" };
        if (rule.SpellsBytes != spellsBytes)
            throw (root with { Place = "decoder" }).Fault($"found {types}, but pre_tokenizer {(spellsBytes ? "ends in" : "has no")} ByteLevel");

        var fused = false;
        foreach (var (type, part) in steps)
        {
            rule = type switch
            {
                "ByteLevel" => rule,
                "Fuse" => rule,
                "Replace" when !fused => rule with { Replacements = [.. rule.Replacements, ReadReplacement(part)] },
                "ByteFallback" when !fused => rule with { ReadsByteTokens = true },
                "Metaspace" when !fused && rule.DroppedFromFirst is null => ReadMetaspace(part, rule),
                "Strip" when fused && rule.LeadingCount == 0 => ReadStrip(part, rule),
                _ => throw TokenizerPipelineReader.Unsupported(part, type + " here", Supported),
            };
            fused |= type == "Fuse";
        }
        return rule;
    }

    private static (string Found, string Replacement) ReadReplacement(JsonPart part)
    {
        var found = part.Require("pattern").FindText("String");
        return found is { Length: > 0 } ? (found, Growth.ShortText(part, "content"))
            : throw part.Fault($"found {part.Shown}; supported: the replacement of a String that is not empty");
    }

    private static DecodingRule ReadMetaspace(JsonPart part, DecodingRule rule)
    {
        var mark = TokenizerPipelineReader.ReadMark(part).ToString();
        var dropped = TokenizerPipelineReader.ReadPrefixScheme(part) == PrefixScheme.Never ? null : mark;
        return rule with { Replacements = [.. rule.Replacements, (mark, " ")], DroppedFromFirst = dropped };
    }

    private static DecodingRule ReadStrip(JsonPart part, DecodingRule rule)
    {
        var character = part.Require("content").Text();
        if (character.Length != 1)
            throw part.Fault($"content is '{character}'; expected one character");
        return ReadCount("stop") == 0 ? rule with { LeadingCharacter = character[0], LeadingCount = ReadCount("start") }
            : throw part.Fault("stop is not 0; supported: 0");

        int ReadCount(string name)
        {
            var value = part.Require(name);
            return value.IdOf(value.Value, name);
        }
    }
}
