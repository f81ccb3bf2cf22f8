using Kalm.Language.Tokenization;

namespace Kalm.Language.Export;

/// <summary>Finds llama.cpp's name for the way in which a byte-level tokenizer cuts a text into words (<c>tokenizer.ggml.pre</c>): it
/// has a fixed
/// list of them.</summary>
internal static class GgufSplitting
{
    /// <summary>What llama.cpp falls back to.</summary>
    public const string Unknown = "default";

    /// <summary>GPT-2's words.</summary>
    public const string Gpt2 = "gpt-2";

    /// <summary>The name for the pre-tokenizer of a tokenizer.json; null when llama.cpp has none for it.</summary>
    public static string? Find(JsonPart root) => root.FindObject("pre_tokenizer") is { } part && Patterns(Steps(part)) is { } patterns
        ? ByteLevelWords.NameOf(patterns) : null;

    // Sequences may lie within sequences.
    private static IEnumerable<JsonPart> Steps(JsonPart part) =>
        part.Require("type").Text() == "Sequence" ? part.Require("pretokenizers").Items().SelectMany(Steps) : [part];

    private static List<string>? Patterns(IEnumerable<JsonPart> steps)
    {
        var patterns = new List<string>();
        foreach (var step in steps)
        {
            var pattern = step.Require("type").Text() switch
            {
                "ByteLevel" => step.FindFlag("use_regex") ?? true ? ByteLevelWords.Gpt2 : "",
                "Digits" when step.FindFlag("individual_digits") == true => ByteLevelWords.Digit,
                "Split" when step.FindText("behavior") == "Isolated"
                    && step.FindFlag("invert") != true => step.FindObject("pattern")?.FindText("Regex"),
                _ => null,
            };
            if (pattern is null)
                return null;
            if (pattern.Length > 0)
                patterns.Add(pattern);
        }
        return patterns;
    }
}
