namespace Kalm.Language.Tokenization;

/// <summary>How the families of byte-level tokenizers cut a text into words, by the names that GGUF files give them
/// (<c>tokenizer.ggml.pre</c>, as llama.cpp lists them). The patterns are those of the published tokenizer.json files.</summary>
internal static class ByteLevelWords
{
    /// <summary>GPT-2's words.</summary>
    public const string Gpt2 = "gpt-2";

    /// <summary>Those of Qwen 2 to 3.</summary>
    public const string Qwen2 = "qwen2";

    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Rest = @" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Llama3Pattern = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|" + Rest;
    private const string Qwen2Pattern = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|" + Rest;
    private const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const string Capital = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+";
    private const string Capitals = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*";
    private const string PathRest = @" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string O200k = $"{Capital}{Contractions}?|{Capitals}{Contractions}?|" + @"\p{N}{1,3}|" + PathRest;
    private const string Tekken = $"{Capital}|{Capitals}|" + @"\p{N}|" + PathRest;
    private const string Punctuated = @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
        + @"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Bailing = @"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+";
    private const string SeedCoder = Contractions
        + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Bloom = @" ?[^(\s|.,!?…。，、।۔،)]+";
    private const string Kimi = @"[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"
        + Contractions + @"?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*"
        + Contractions + @"?|\p{N}{1,3}|" + Rest;
    // The letters and the punctuation are those of llama.cpp's list.
    private const string DeepSeekLetters = @"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿ"
        + @"ᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1F7Dᾀ-ᾴᾶ-ᾼ\u1FBEῂ-ῄῆ-ῌῐ-\u1FD3ῖ-\u1FDBῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212A-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄ"
        + @"Ⰰ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+";

    private static readonly (string[] Names, string[] Patterns)[] Table =
    [
        (["gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "jina-v1-en",
            "jina-v2-code", "roberta-bpe", "gigachat", "a.x-4.0", "mellum", "exaone4", "modern-bert"], [Gpt2Pattern]),
        (["llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "dbrx", "smaug-bpe", "chatglm-bpe", "glm4"],
            [Llama3Pattern]),
        (["qwen2", "deepseek-r1-qwen", "kormo", "megrez", "stablelm2", "hunyuan", "grok-2"], [Qwen2Pattern]),
        (["starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b"], [@"\p{N}", Gpt2Pattern]),
        (["gpt-4o", "llama4", "kanana2", "minimax-m2"], [O200k]),
        (["tekken"], [Tekken]),
        (["deepseek-v3", "hunyuan-dense"], [@"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", Punctuated]),
        (["deepseek-llm"], [@"[\r\n]", DeepSeekLetters, @"\s?[!-/:-~！-／：-～‘-‟　-。]+", @"\s+$", "[一-龥ࠀ-一가-퟿]+", @"\p{N}+"]),
        (["deepseek-coder"], [@"[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+", @"\p{N}"]),
        (["falcon"], [@"[\p{P}\$\+<=>\^~\|`]+", Gpt2Pattern, "[0-9][0-9][0-9]"]),
        (["poro-chat", "bloom", "gpt3-finnish"], [Bloom]),
        (["viking"], [Bloom, @"\p{N}"]),
        (["superbpe"], [@"\p{N}+", @"(?=(\d{3})+(?!\d))"]),
        (["bailingmoe", "bailingmoe2", "llada-moe"], [Bailing]),
        (["seed-coder"], [SeedCoder]),
        (["kimi-k2"], [Kimi]),
        (["default"], [@"[\p{P}\$\+<=>\^~\|]+", Gpt2Pattern, @"\p{N}+", "[0-9][0-9][0-9]"]),
    ];

    // Of these llama.cpp takes whole words as they stand in the vocabulary.
    private static readonly string[] WholeWords = ["llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "tekken"];

    /// <summary>The names, for a message.</summary>
    public static IEnumerable<string> Names => Table.SelectMany(entry => entry.Names);

    /// <summary>A byte-level tokenizer that cuts words by a name; null when there is none of that name.</summary>
    public static TokenizerDefinition? Apply(string name, TokenizerDefinition definition)
    {
        if (Table.FirstOrDefault(entry => entry.Names.Contains(name)).Patterns is not { } patterns)
            return null;
        var last = new ByteLevelSplitting(AddsPrefixSpace: false, UsesGpt2Words: patterns is [.., Gpt2Pattern]);
        var before = last.UsesGpt2Words ? patterns[..^1] : patterns;
        return definition with
        {
            Splitting = [.. before.Select(pattern => PatternSplitting.Of(pattern)), last],
            IgnoreMerges = definition.IgnoreMerges || WholeWords.Contains(name),
        };
    }
}
