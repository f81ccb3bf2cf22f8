using Kalm.Language.Tokenization;
using Kalm.Language.Tokenization.Patterns;

namespace Kalm.Tests.Language.Tokenization;

public class ByteLevelWordsTests
{
    public static TheoryData<string> Names => [.. ByteLevelWords.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_pattern_is_one_that_is_understood(string name)
    {
        foreach (var pattern in ByteLevelWords.Find(name)!)
            Assert.NotEmpty(TextPattern.Parse(pattern).Matches("It's 1234 Äpfel, 字字!!\n\n  don't "));
    }

    [Theory]
    [InlineData("smollm", "a 12", "a", " ", "1", "2")]
    [InlineData("llama-bpe", "I'LL 12345!", "I", "'LL", " ", "123", "45", "!")]
    [InlineData("qwen2", "x 123", "x", " ", "1", "2", "3")]
    [InlineData("tekken", "camelCase 12", "camel", "Case", " ", "1", "2")]
    [InlineData("gpt-4o", "camelCase's", "camel", "Case's")]
    [InlineData("deepseek-v3", "ab字字12345", "ab", "字字", "123", "45")]
    [InlineData("bloom", "a, b", "a", ",", " b")]
    [InlineData("falcon", "a: 1234", "a", ":", " ", "123", "4")]
    public void Words_are_cut_as_the_name_says(string name, string text, params string[] words)
    {
        List<string> found = [text];
        foreach (var pattern in ByteLevelWords.Find(name)!)
            found = [.. found.SelectMany(part => Cut(TextPattern.Parse(pattern), part))];
        Assert.Equal(words, found);
    }

    private static IEnumerable<string> Cut(TextPattern pattern, string text)
    {
        var rest = 0;
        foreach (var (start, end) in pattern.Matches(text))
        {
            if (start > rest)
                yield return text[rest..start];
            yield return text[start..end];
            rest = end;
        }
        if (rest < text.Length)
            yield return text[rest..];
    }
}
