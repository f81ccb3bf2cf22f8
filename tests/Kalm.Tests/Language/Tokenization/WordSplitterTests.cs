using Kalm.Language.Tokenization;

namespace Kalm.Tests.Language.Tokenization;

public class WordSplitterTests
{
    [Theory]
    [InlineData("Hello, world!", "Hello|,| world|!")]
    [InlineData("it's we'll I'd they've we're I'm don't", "it|'s| we|'ll| I|'d| they|'ve| we|'re| I|'m| don|'t")]
    [InlineData("IT'S ''s 's", "IT|'|S| ''|s| '|s")]
    [InlineData("'", "'")]
    [InlineData("'l 'lx", "'|l| '|lx")]
    [InlineData("a1 b 22c", "a|1| b| 22|c")]
    [InlineData(" a", " a")]
    [InlineData("   a", "  | a")]
    [InlineData("a  ", "a|  ")]
    [InlineData(" ", " ")]
    [InlineData("a\n\n b", "a|\n\n| b")]
    [InlineData("a\nb\t c", "a|\n|b|\t| c")]
    [InlineData("a\u00A0\u3000b\u0085\u2028c", "a|\u00A0|\u3000|b|\u0085|\u2028|c")]
    [InlineData("a\u001C\u200Bb", "a|\u001C\u200B|b")]
    [InlineData("½ Ⅻ ² x²", "½| Ⅻ| ²| x|²")]
    [InlineData("e\u0301t", "e|\u0301|t")]
    public void Words_are_those_of_GPT_2(string text, string words) => Assert.Equal(words.Split('|'), Split(text));

    [Theory]
    [InlineData("x𝐀𠀀y", "x𝐀𠀀y")]
    [InlineData(" 𐀀a", " 𐀀a")]
    [InlineData("𝐀𝟘𝟙1 2", "𝐀|𝟘𝟙1| 2")]
    [InlineData("a🦙𝐀", "a|🦙|𝐀")]
    [InlineData(" 🦙!", " 🦙!")]
    public void Letters_and_digits_beyond_the_basic_plane_are_letters_and_digits(string text, string words) =>
        Assert.Equal(words.Split('|'), Split(text));

    private static List<string> Split(string text)
    {
        var words = new List<string>();
        for (var rest = text; rest.Length > 0; rest = rest[words[^1].Length..])
            words.Add(rest[..WordSplitter.Gpt2(rest)]);
        return words;
    }
}
