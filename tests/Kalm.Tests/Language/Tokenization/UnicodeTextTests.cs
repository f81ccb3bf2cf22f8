using Kalm.Language.Tokenization;

namespace Kalm.Tests.Language.Tokenization;

public class UnicodeTextTests
{
    // The results are those of Python's unicodedata.normalize('NFC', text).
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("e\u0301", "é")]
    [InlineData("a\u0323\u0302", "\u1EAD")]
    [InlineData("a\u0302\u0323", "\u1EAD")]
    [InlineData("\u1100\u1161\u11A8\u1100\u1161", "각가")]
    [InlineData("\u212B\u2126", "ÅΩ")]
    [InlineData("\u0958", "\u0915\u093C")]
    [InlineData("\u0344", "\u0308\u0301")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    [InlineData("\U00011099\U000110BA", "\U0001109A")]
    [InlineData("q\u0307\u0323\u0307", "q\u0323\u0307\u0307")]
    [InlineData("\u0301e", "\u0301e")]
    [InlineData("a\u05B0\u0301b", "\u00E1\u05B0b")]
    [InlineData("a\u0300\u0301b", "\u00E0\u0301b")]
    public void Composition_follows_Unicode(string text, string composed) => Assert.Equal(composed, UnicodeText.Compose(text));

    [Fact]
    public void Unpaired_surrogates_are_replaced()
    {
        Assert.Equal("a\uFFFD", UnicodeText.ReplaceUnpairedSurrogates("a\uD800"));
        Assert.Equal("\uFFFDa", UnicodeText.ReplaceUnpairedSurrogates("\uDC00a"));
        Assert.Equal("\uFFFD🦙\uFFFD", UnicodeText.ReplaceUnpairedSurrogates("\uD800🦙\uDC00"));
        Assert.Equal("🦙", UnicodeText.ReplaceUnpairedSurrogates("🦙"));
    }
}
