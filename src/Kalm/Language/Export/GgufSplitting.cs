using Kalm.Language.Tokenization;

namespace Kalm.Language.Export;

/// <summary>Finds llama.cpp's name for the way in which a byte-level tokenizer cuts a text into words (<c>tokenizer.ggml.pre</c>): it has a fixed
/// list of them.</summary>
internal static class GgufSplitting
{
    /// <summary>What llama.cpp falls back to.</summary>
    public const string Unknown = "default";

    /// <summary>GPT-2's words.</summary>
    public const string Gpt2 = "gpt-2";

    private const string Llama3 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string Qwen2 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string Tekken =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly Dictionary<string, string> Names = new()
    {
        ["ByteLevel+words"] = Gpt2,
        ["Digits+ByteLevel+words"] = "smollm",
        [$"Split {Llama3}+ByteLevel"] = "llama-bpe",
        [$"Split {Qwen2}+ByteLevel"] = "qwen2",
        [$"Split {Tekken}+ByteLevel"] = "tekken",
    };

    /// <summary>The name for the pre-tokenizer of a tokenizer.json; null when llama.cpp has none for it.</summary>
    public static string? Find(JsonPart root) =>
        root.FindObject("pre_tokenizer") is { } part ? Names.GetValueOrDefault(string.Join("+", Steps(part).Select(Describe))) : null;

    // Sequences may lie within sequences.
    private static IEnumerable<JsonPart> Steps(JsonPart part) =>
        part.Require("type").Text() == "Sequence" ? part.Require("pretokenizers").Items().SelectMany(Steps) : [part];

    private static string Describe(JsonPart step) => step.Require("type").Text() switch
    {
        "ByteLevel" => step.FindFlag("use_regex") ?? true ? "ByteLevel+words" : "ByteLevel",
        "Digits" when step.FindFlag("individual_digits") == true => "Digits",
        "Split" when step.FindText("behavior") == "Isolated" && step.FindFlag("invert") != true => $"Split {step.FindObject("pattern")?.FindText("Regex")}",
        var other => other + "?",
    };
}
