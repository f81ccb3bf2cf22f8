using Kalm.Files;
using Kalm.Language.Tokenization.Patterns;

namespace Kalm.Language.Tokenization;

/// <summary>Reads the parts of tokenizer.json's pre-tokenizer.</summary>
internal static class SplittingReader
{
    private const string Supported = "null, ByteLevel, Split, Digits, Metaspace, Whitespace, WhitespaceSplit, "
        + "Punctuation, BertPreTokenizer, "
        + "CharDelimiterSplit, UnicodeScripts, FixedLength";

    private const string Punctuation = @"[\p{P}!-/:-@\[-`{-~]";

    /// <summary>The steps that a part means.</summary>
    /// <param name="type">The kind of the part.</param>
    /// <param name="part">The part.</param>
    /// <param name="spelled">Whether bytes are to be spelled in letters at once.</param>
    /// <exception cref="KalmException">It is not supported.</exception>
    public static IEnumerable<SplittingStep> Read(string type, JsonPart part, bool spelled) => type switch
    {
        "ByteLevel" => [new ByteLevelSplitting(part.FindFlag("add_prefix_space") ?? true, part.FindFlag("use_regex") ?? true, spelled)],
        "Split" => [new PatternSplitting(TokenizerPipelineReader.ReadPattern(part),
            ReadBehavior(part) ?? throw part.Fault("'behavior' is missing"),
            part.FindFlag("invert") ?? false)],
        "Digits" => [PatternSplitting.Of(part.FindFlag("individual_digits") ?? false ? @"\p{N}" : @"\p{N}+")],
        "Metaspace" => [new MetaspaceSplitting(TokenizerPipelineReader.ReadMark(part), TokenizerPipelineReader.ReadPrefixScheme(part),
            part.FindFlag("split") ?? true)],
        "Whitespace" => [PatternSplitting.Of(@"[\w\u200C\u200D]+|[^\w\u200C\u200D\s]+", SplitBehavior.Removed, inverted: true)],
        "WhitespaceSplit" => [PatternSplitting.Of(@"\s", SplitBehavior.Removed)],
        "Punctuation" => [PatternSplitting.Of(Punctuation, ReadBehavior(part) ?? SplitBehavior.Isolated)],
        "BertPreTokenizer" => [PatternSplitting.Of(@"\s", SplitBehavior.Removed), PatternSplitting.Of(Punctuation)],
        "CharDelimiterSplit" => [new PatternSplitting(TextPattern.Literal(ReadDelimiter(part)), SplitBehavior.Removed, Inverted: false)],
        "UnicodeScripts" => [new ScriptSplitting()],
        "FixedLength" => [new LengthSplitting(ReadLength(part))],
        _ => throw TokenizerPipelineReader.Unsupported(part, type, Supported),
    };

    private static SplitBehavior? ReadBehavior(JsonPart part)
    {
        if (part.FindText("behavior") is not { } name)
            return null;
        return Enum.GetNames<SplitBehavior>().Contains(name) ? Enum.Parse<SplitBehavior>(name)
            : throw part.Fault($"behavior is '{FileFault.Plain(name)}'; supported: {string.Join(", ", Enum.GetNames<SplitBehavior>())}");
    }

    private static string ReadDelimiter(JsonPart part)
    {
        var delimiter = part.Require("delimiter").Text();
        return delimiter.Length > 0 ? delimiter : throw part.Fault("delimiter is empty; expected a character");
    }

    private static int ReadLength(JsonPart part)
    {
        var length = part.Require("length");
        return length.IdOf(length.Value, "length") is > 0 and var count ? count : throw part.Fault("length is 0; expected at least 1");
    }
}
