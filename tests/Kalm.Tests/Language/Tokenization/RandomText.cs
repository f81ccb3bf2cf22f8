using System.Text;

namespace Kalm.Tests.Language.Tokenization;

/// <summary>Random texts of what tokenizers treat differently: cases, digits, blanks, scripts, emoji, apostrophes.</summary>
internal static class RandomText
{
    private static readonly string[] Parts =
    [
        "Hello", "HELLO", "it's", "IT'S", "we'LL", "the", " the", "ing", " ",
        "  ", "\n", "\n\n", "\r\n", "\t", " \n", "1", "12", "1234567", "½", "Ⅻ",
        "²", "é", "e\u0301", "ü", "你好", "世界", "，", "。", "こんにちは", "カタカナー", "한국어", "각", "עברית", "العربية", "हिन्दी", "ไทย", "🦙", "👨‍👩‍👧",
        "🇩🇪", "…", "—", "“”", "'", "\"", "<", "/", "_", "a_b", "foo.bar()",
        "$", "€", "^", "\u00a0", "\u3000", "\u200b", "\u200d", "\u2028", "\u0085",
        "\u000b", "\u001c", "𝐀", "𠀀", "𝟘", "ǅ", "ſ", "İ", "ﬁ", "Ａ", "①", "Ⓐ", "a", "b", "X", "!!", "??", "...", "::",
    ];

    public static IEnumerable<string> Texts(int count, int seed, params string[] more)
    {
        var random = new Random(seed);
        string[] parts = [.. Parts, .. more];
        for (var index = 0; index < count; index++)
        {
            var text = new StringBuilder();
            for (var length = random.Next(1, 14); length > 0; length--)
                text.Append(random.Next(8) > 0 ? parts[random.Next(parts.Length)] : new Rune(random.Next(0x20, 0xD800)).ToString());
            yield return text.ToString();
        }
    }
}
