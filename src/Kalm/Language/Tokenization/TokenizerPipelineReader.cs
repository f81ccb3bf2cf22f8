using Kalm.Language.Tokenization.Patterns;

namespace Kalm.Language.Tokenization;

/// <summary>Reads what tokenizer.json does around the model: normalizer, pre-tokenizer and post-processor. Each may be a Sequence of
/// supported parts.</summary>
internal static class TokenizerPipelineReader
{
    /// <summary>The definition with the steps of <paramref name="root"/>.</summary>
    /// <exception cref="KalmException">A step is not supported.</exception>
    public static TokenizerDefinition Apply(JsonPart root, TokenizerDefinition definition)
    {
        var splitting = Steps(root, "pre_tokenizer", "pretokenizers");
        // What a ByteLevel step gives is spelled in letters for bytes, so nothing can follow it.
        foreach (var (type, part) in splitting.SkipLast(1))
            if (type == "ByteLevel")
                throw part.Fault("found ByteLevel before another step; supported: ByteLevel as the last one");
        var spellsBytes = splitting.Count > 0 && splitting[^1].Type == "ByteLevel";
        if (spellsBytes && definition.FallsBackToBytes)
            throw root.Fault("model.byte_fallback is true, and pre_tokenizer is ByteLevel; supported: one of both");
        definition = definition with
        {
            Normalization = [.. Steps(root, "normalizer", "normalizers").Select(step => ReadNormalization(step.Type, step.Part))],
            Splitting = [.. splitting.Select(step => ReadSplitting(step.Type, step.Part))],
            SpellsBytes = spellsBytes,
            Decoding = DecodingReader.Read(root, Steps(root, "decoder", "decoders"), spellsBytes),
        };
        foreach (var (type, part) in Steps(root, "post_processor", "processors"))
        {
            if (type == "TemplateProcessing")
                definition = TemplateReader.Apply(part, definition);
            else if (type != "ByteLevel") // ByteLevel only moves the offsets of tokens, which we do not give.
                throw Unsupported(part, type, "null, ByteLevel, TemplateProcessing");
        }
        return definition;
    }

    /// <summary>An error about a part of another kind than those supported.</summary>
    public static KalmException Unsupported(JsonPart part, string found, string supported) =>
        part.Fault($"found {found}; supported: {supported}");

    /// <summary>The text or regular expression of <c>pattern</c>.</summary>
    public static TextPattern ReadPattern(JsonPart part)
    {
        var pattern = part.Require("pattern");
        if (pattern.FindText("String") is { } literal)
            return literal.Length > 0 ? TextPattern.Literal(literal) : throw pattern.Fault("String is empty; expected a text to look for");
        if (pattern.FindText("Regex") is not { } expression)
            throw pattern.Fault($"found {pattern.Shown}; expected String or Regex");
        try
        {
            return TextPattern.Parse(expression);
        }
        catch (KalmException problem)
        {
            throw pattern.Fault($"Regex: {problem.Message}");
        }
    }

    /// <summary>How a Metaspace part puts its mark before a text; older files say it by <c>add_prefix_space</c>.</summary>
    public static PrefixScheme ReadPrefixScheme(JsonPart metaspace)
    {
        var addsSpace = metaspace.FindFlag("add_prefix_space");
        PrefixScheme scheme = metaspace.FindText("prepend_scheme") switch
        {
            "always" => PrefixScheme.Always,
            "first" => PrefixScheme.First,
            "never" => PrefixScheme.Never,
            null => addsSpace == false ? PrefixScheme.Never : PrefixScheme.Always,
            var other => throw metaspace.Fault($"prepend_scheme is '{other}'; supported: always, first, never"),
        };
        return addsSpace == false && scheme != PrefixScheme.Never
            ? throw metaspace.Fault("add_prefix_space is false, but prepend_scheme is not 'never'") : scheme;
    }

    /// <summary>The character that a Metaspace part writes for a space.</summary>
    public static char ReadMark(JsonPart metaspace)
    {
        var mark = metaspace.Require("replacement").Text();
        return mark.Length == 1 ? mark[0] : throw metaspace.Fault($"replacement is '{mark}'; expected one character, such as ▁");
    }

    private static NormalizationStep ReadNormalization(string type, JsonPart part) => type switch
    {
        "NFC" => new Composition(),
        "Prepend" => new Prefix(Growth.ShortText(part, "prepend"), OnlyAtStart: false),
        "Replace" => new Replacement(ReadPattern(part), Growth.ShortText(part, "content")),
        "Strip" => new BlankTrimming(part.FindFlag("strip_left") ?? true, part.FindFlag("strip_right") ?? true),
        _ => throw Unsupported(part, type, "null, NFC, Prepend, Replace, Strip"),
    };

    private static SplittingStep ReadSplitting(string type, JsonPart part) => type switch
    {
        "ByteLevel" => new ByteLevelSplitting(
            part.FindFlag("add_prefix_space") ?? throw part.Fault("'add_prefix_space' is missing"), part.FindFlag("use_regex") ?? true),
        "Split" => new PatternSplitting(ReadPattern(part), ReadBehavior(part), part.FindFlag("invert") ?? false),
        "Digits" => new PatternSplitting(
            TextPattern.Parse(part.FindFlag("individual_digits") ?? false ? @"\p{N}" : @"\p{N}+"), SplitBehavior.Isolated, Inverted: false),
        "Metaspace" => new MetaspaceSplitting(ReadMark(part), ReadPrefixScheme(part), part.FindFlag("split") ?? true),
        _ => throw Unsupported(part, type, "null, ByteLevel, Split, Digits, Metaspace"),
    };

    private static SplitBehavior ReadBehavior(JsonPart part)
    {
        var name = part.Require("behavior").Text();
        return Enum.GetNames<SplitBehavior>().Contains(name) ? Enum.Parse<SplitBehavior>(name)
            : throw part.Fault($"behavior is '{name}'; supported: {string.Join(", ", Enum.GetNames<SplitBehavior>())}");
    }

    private static List<(string Type, JsonPart Part)> Steps(JsonPart root, string name, string listName)
    {
        var steps = new List<(string, JsonPart)>();
        if (root.FindObject(name) is { } part)
            Collect(part);
        return steps;

        // The JSON parser bounds the depth.
        void Collect(JsonPart step)
        {
            var type = step.Require("type").Text();
            if (type != "Sequence")
            {
                steps.Add((type, step));
                return;
            }
            foreach (var inner in step.Require(listName).Items())
                Collect(inner);
        }
    }
}
