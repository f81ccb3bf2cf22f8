using Kalm.Language.Generation;

namespace Kalm.Tests.Language.Generation;

public class WrittenTextTests
{
    [Fact]
    public void A_character_comes_when_it_is_whole()
    {
        var text = new WrittenText(FixtureModel.Tokenizer, []);
        var pieces = Tokens("aé𝒜z").Select(text.Add).ToList();
        Assert.Equal(["a", "", "é", "", "", "", "𝒜", "z"], pieces);
        Assert.Equal("aé𝒜z", text.Text);
        Assert.Equal("", text.Finish());
    }

    [Fact]
    public void What_may_begin_a_stop_text_is_held_back_and_the_stop_text_never_given()
    {
        var text = new WrittenText(FixtureModel.Tokenizer, ["xyz", "yw"]);
        Assert.Equal("ab-xyab", string.Concat(Tokens("ab-xyab-x").Select(text.Add))[..7]);
        Assert.False(text.IsStopped);
        Assert.Equal("", string.Concat(Tokens("yw").Take(1).Select(text.Add)));
        text.Add(Tokens("w")[0]);
        Assert.True(text.IsStopped);
        Assert.Equal("ab-xyab-x", text.Text);
        Assert.Equal("", text.Finish());
    }

    [Fact]
    public void What_was_held_back_comes_at_the_end()
    {
        var text = new WrittenText(FixtureModel.Tokenizer, ["stop"]);
        Assert.Equal("a", string.Concat(Tokens("asto").Select(text.Add)));
        Assert.Equal("sto", text.Finish());
        Assert.Equal("asto", text.Text);
    }

    private static int[] Tokens(string text) => FixtureModel.Tokenizer.Encode(text);
}
