using Kalm.Files;
using Kalm.Language.Tokenization.Decoding;
using Kalm.Language.Tokenization.Models;
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
        // What the last step leaves are words, whose bytes are the first symbols of the model itself; where others follow, or the model
        // looks for characters, the step spells the bytes in letters.
        var spellsBytes = splitting.Count > 0 && splitting[^1].Type == "ByteLevel" && definition.Model == ModelKind.BytePair
            && !definition.FallsBackToBytes && definition.SubwordPrefix.Length + definition.WordSuffix.Length == 0;
        definition = definition with
        {
            Normalization = [.. Steps(root, "normalizer", "normalizers")
                .SelectMany(step => NormalizationReader.Read(step.Type, step.Part))],
            Splitting = [.. splitting.SelectMany((step, index) =>
                SplittingReader.Read(step.Type, step.Part, spelled: !spellsBytes || index < splitting.Count - 1))],
            SpellsBytes = spellsBytes,
            Decoding = DecodingReader.Read(Steps(root, "decoder", "decoders")),
        };
        foreach (var (type, part) in Steps(root, "post_processor", "processors"))
        {
            if (type == "TemplateProcessing")
                definition = TemplateReader.Apply(part, definition);
            else if (type is "RobertaProcessing" or "BertProcessing")
                definition = TemplateReader.ApplyPair(part, definition);
            else if (type != "ByteLevel") // ByteLevel only moves the offsets of tokens, which we do not give.
                throw Unsupported(part, type, "null, ByteLevel, TemplateProcessing, RobertaProcessing, BertProcessing");
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
        return mark.Length == 1
            ? mark[0] : throw metaspace.Fault($"replacement is '{FileFault.Plain(mark)}'; expected one character, such as ▁");
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
