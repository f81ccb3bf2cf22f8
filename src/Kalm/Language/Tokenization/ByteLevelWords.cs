namespace Kalm.Language.Tokenization;

/// <summary>How the families of byte-level tokenizers cut a text into words, by the names that GGUF files give them
/// (<c>tokenizer.ggml.pre</c>, as llama.cpp lists them): patterns that cut one after the other, each within what those before it left, as
/// the published tokenizer.json files have them.</summary>
internal static class ByteLevelWords
{
    /// <summary>A digit by itself.</summary>
    public const string Digit = @"\p{N}";

    private const string Contractions = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Blanks = @"\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>GPT-2's words.</summary>
    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private const string Llama3 = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + Blanks;

    /// <summary>Those of Qwen 2 to 3.</summary>
    public const string Qwen2 = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + Blanks;

    private const string Qwen35 = Contractions + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + Blanks;
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string Tekken = @"[^\r\n\p{L}\p{N}]?" + Upper + "*" + Lower + @"+|[^\r\n\p{L}\p{N}]?" + Upper + "+" + Lower
        + @"*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Blanks;
    private const string Gpt4o = @"[^\r\n\p{L}\p{N}]?" + Upper + "*" + Lower + "+" + Contractions + @"?|[^\r\n\p{L}\p{N}]?" + Upper + "+"
        + Lower + "*" + Contractions
        + @"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Blanks;
    private const string Kimi =
        @"[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"
        + Contractions + @"?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*"
        + Contractions + @"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + Blanks;
    private const string Bloom = @" ?[^(\s|.,!?…。，、।۔،)]+";
    private const string Ideographs = "[一-龥\u3040-ゟ゠-ヿ]+";
    private const string DeepSeek3 =
        """[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|"""
        + @"\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string DeepSeekIdeographs = "[一-龥\u0800-一가-\uD7FF]+";
    // Ranges that Unicode would normalise are escaped.
    private const string DeepSeekLetters =
        @"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝ"
        + "\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE\u1FC2-\u1FC4\u1FC6-\u1FCC\u1FD0-\u1FD3\u1FD6-\u1FDB"
        + "\u1FE0-\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFC"
        + "\u2102\u2107\u210A-\u2113\u2115\u2119-\u211D\u2124\u2126\u2128\u212A-\u212D"
        + @"ℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+";

    private static readonly Dictionary<string, string[]> Known = Table(
        ([Gpt2], ["gpt-2", "phi-2", "gigachat", "a.x-4.0", "mellum", "modern-bert", "mpt", "olmo", "jais", "trillion", "granite-docling",
            "exaone4", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "jina-v1-en", "jina-v2-code", "roberta-bpe"]),
        ([Digit, Gpt2], ["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"]),
        ([Llama3], ["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "dbrx", "smaug-bpe",
            "chatglm-bpe", "glm4"]),
        ([Qwen2], ["qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "stablelm2", "megrez", "hunyuan", "solar-open", "grok-2"]),
        ([Qwen35], ["qwen35"]),
        ([Tekken], ["tekken"]),
        ([Gpt4o], ["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"]),
        ([@"\p{N}{1,3}", Ideographs, DeepSeek3], ["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"]),
        ([@"[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", DeepSeekIdeographs, @"\p{N}"], ["deepseek-coder"]),
        ([@"[\r\n]", DeepSeekLetters, @"\s?[!-/:-~！-／：-～‘-‟　-。]+", @"\s+$", DeepSeekIdeographs, @"\p{N}+"], ["deepseek-llm"]),
        ([@"[\p{P}$+<=>^~|`]+", Gpt2, "[0-9][0-9][0-9]"], ["falcon"]),
        ([@"[\p{P}$+<=>^~|]+", Gpt2, @"\p{N}+", "[0-9][0-9][0-9]"], ["default"]),
        ([Bloom], ["bloom", "poro-chat", "gpt3-finnish"]),
        ([Bloom, Digit], ["viking"]),
        ([@"\p{N}+", @"(?=(\d{3})+(?!\d))"], ["superbpe"]),
        ([Kimi], ["kimi-k2"]),
        ([@"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"], ["bailingmoe",
            "bailingmoe2", "llada-moe"]),
        ([Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|" + Blanks], ["seed-coder"]),
        ([@"\p{N}{1,3}", Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|" + Blanks], ["minicpm5"]));

    private static readonly HashSet<string> IgnoringMerges =
        ["llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "tekken", "minicpm5"];

    /// <summary>The names that are known.</summary>
    public static IReadOnlyCollection<string> Names => Known.Keys;

    /// <summary>The patterns of a name; null for one that is not known.</summary>
    public static IReadOnlyList<string>? Find(string name) => Known.GetValueOrDefault(name);

    /// <summary>The first name that has these patterns; null when none has.</summary>
    public static string? NameOf(IReadOnlyList<string> patterns) => Known.FirstOrDefault(pair => pair.Value.SequenceEqual(patterns)).Key;

    /// <summary>Whether a word that is a token as a whole is taken at once, without merges.</summary>
    public static bool IgnoresMerges(string name) => IgnoringMerges.Contains(name);

    private static Dictionary<string, string[]> Table(params (string[] Patterns, string[] Names)[] rows) =>
        rows.SelectMany(row => row.Names.Select(name => (name, row.Patterns))).ToDictionary(pair => pair.name, pair => pair.Patterns);
}
