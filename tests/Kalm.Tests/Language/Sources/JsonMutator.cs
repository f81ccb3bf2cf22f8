using System.Text;
using System.Text.RegularExpressions;

namespace Kalm.Tests.Language.Sources;

/// <summary>Damages sound JSON in ways that a reader may not expect. The text is held as Latin-1, a character for each byte, so that
/// damage to bytes and to tokens mix.</summary>
internal static partial class JsonMutator
{
    private const int MostMutations = 4;
    private const int LongestResult = 1 << 16;

    private static readonly string[] Numbers =
    [
        "0", "-0", "-1", "1", "2", "3", "7", "0.5", "4.0", "1e0", "127", "2147483646",
        "2147483647", "2147483648", "-2147483648", "4294967295", "4294967296",
        "9007199254740993", "9223372036854775807", "9223372036854775808",
        "18446744073709551615", "1e308", "1e999", "-1e999", "1e-400", "NaN", "00", "0x10",
        "1" + new string('0', 400),
    ];

    private static readonly string[] Texts =
    [
        "", "a", "\\u0000", "\\ud800", "\\udc00\\ud800", "\\", "\u00f0\u009f\u0098\u0080",
        "..", "../x.safetensors", "/x.safetensors", "model.*", "(a+)+$", "((((((((",
        ".*.*.*.*.*.*x", "all-linear", "llama3", "linear", "yarn", "F64", "BF16", "sliding_attention", new string('x', 5000),
    ];

    private static readonly string[] Pieces =
    [
        "{", "}", "[", "]", "[]", "{}", ",", ":", "\"", "null", "true", "false", "\n",
        "\u0000", "\u00ff", "\u00ef\u00bb\u00bf", "/**/", "\"dtype\":", "\"__metadata__\":{}",
    ];

    /// <summary>One of the sound texts with a few kinds of damage.</summary>
    public static byte[] Mutate(Random random, IReadOnlyList<string> sound)
    {
        var text = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(sound[random.Next(sound.Count)]));
        for (var rounds = random.Next(2) == 0 ? 1 : random.Next(2, MostMutations + 1); rounds > 0 && text.Length > 0; rounds--)
            text = MutateOnce(random, text);
        return Encoding.Latin1.GetBytes(text.Length > LongestResult ? text[..LongestResult] : text);
    }

    private static string MutateOnce(Random random, string text)
    {
        var at = random.Next(text.Length);
        var length = Math.Min(random.Next(1, 80), text.Length - at);
        return random.Next(12) switch
        {
            0 or 1 => ReplaceOne(random, text, Number(), Numbers),
            2 => ReplaceOne(random, text, Quoted(), [.. Texts.Select(item => $"\"{item}\"")]),
            3 => ReplaceOne(random, text, Value(), [.. Numbers.Concat(Pieces)]),
            4 => Repeat(random, text),
            5 => Nest(random, text),
            6 => text[..at],
            7 => text.Remove(at, length),
            8 => text.Insert(random.Next(text.Length), text.Substring(at, length)),
            9 => text.Insert(at, Pieces[random.Next(Pieces.Length)]),
            10 => string.Concat(text.AsSpan(0, at), ((char)(text[at] ^ (1 << random.Next(8)))).ToString(), text.AsSpan(at + 1)),
            _ => string.Concat(text.AsSpan(0, at), ((char)random.Next(256)).ToString(), text.AsSpan(at + 1)),
        };
    }

    private static string ReplaceOne(Random random, string text, Regex pattern, string[] values)
    {
        var matches = pattern.Matches(text);
        if (matches.Count == 0)
            return text;
        var match = matches[random.Next(matches.Count)];
        return string.Concat(text.AsSpan(0, match.Index), values[random.Next(values.Length)], text.AsSpan(match.Index + match.Length));
    }

    // A member of an object, or an item of a list, that is there again: once, or often under other names.
    private static string Repeat(Random random, string text)
    {
        var matches = Member().Matches(text);
        if (matches.Count == 0)
            return text;
        var member = matches[random.Next(matches.Count)];
        var times = random.Next(4) == 0 ? random.Next(2, 200) : 1;
        var copies = new StringBuilder();
        for (var copy = 0; copy < times; copy++)
            copies.Append(times == 1 ? member.Value : member.Value.Insert(1, $"{copy}")).Append(',');
        return text.Insert(member.Index, copies.ToString());
    }

    private static string Nest(Random random, string text)
    {
        var matches = Value().Matches(text);
        if (matches.Count == 0)
            return text;
        var match = matches[random.Next(matches.Count)];
        var depth = random.Next(3) switch { 0 => 1, 1 => random.Next(2, 70), _ => 5000 };
        var (open, close) = random.Next(2) == 0 ? ("[", "]") : ("{\"a\":", "}");
        var nested = string.Concat(Enumerable.Repeat(open, depth)) + match.Value + string.Concat(Enumerable.Repeat(close, depth));
        return string.Concat(text.AsSpan(0, match.Index), nested, text.AsSpan(match.Index + match.Length));
    }

    [GeneratedRegex(@"-?\d+(\.\d+)?([eE][+-]?\d+)?")]
    private static partial Regex Number();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quoted();

    [GeneratedRegex("(?<=:)\\s*(\"[^\"]*\"|[^\\s,{}\\[\\]\"]+|\\[[^\\[\\]]*\\]|\\{[^{}]*\\})")]
    private static partial Regex Value();

    [GeneratedRegex("\"[^\"]*\"\\s*:\\s*(\"[^\"]*\"|[^\\s,{}\\[\\]\"]+|\\[[^\\[\\]]*\\]|\\{[^{}]*\\})")]
    private static partial Regex Member();
}
