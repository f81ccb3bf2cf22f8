using Kalm.Evaluation.Questions;

namespace Kalm.Tests.Evaluation.Questions;

public class AnswerTextTests
{
    [Theory]
    [InlineData("  The Côte d'Ivoire! \nmore", "côte d ivoire")]
    [InlineData("a United States of America", "united states of america")]
    [InlineData("The", "the")]
    [InlineData("", "")]
    [InlineData("\n\nx", "x")]
    [InlineData("𝒜B-1", "𝒜b 1")]
    public void Case_articles_and_punctuation_do_not_count(string text, string expected) =>
        Assert.Equal(expected, AnswerText.Normalise(text));

    [Theory]
    [InlineData("Guinea-Bissau, a small country", "guinea bissau")]
    [InlineData("guinea", "guinea")]
    [InlineData("I believe it is Papua New Guinea.", "papua new guinea")]
    [InlineData("Guineas", null)]
    [InlineData("", null)]
    public void The_longest_name_is_found(string answer, string? expected) =>
        Assert.Equal(expected, new NameLinker(["Guinea", "Guinea-Bissau", "Papua New Guinea", "New Guinea"]).Link(answer));
}
