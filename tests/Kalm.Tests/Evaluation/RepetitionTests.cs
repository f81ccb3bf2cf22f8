using Kalm.Evaluation;

namespace Kalm.Tests.Evaluation;

public class RepetitionTests
{
    [Fact]
    public void Repeated_ngrams_count_once_within_their_text()
    {
        string[][] texts = [["a", "b", "a", "b"], ["a", "c"], []];
        Assert.Equal(4 / 6.0, Repetition.Distinct(texts, 1), 12);
        Assert.Equal(3 / 4.0, Repetition.Distinct(texts, 2), 12);
        Assert.Equal(1, Repetition.Distinct(texts, 3), 12);
        Assert.Equal(1, Repetition.Distinct(texts, 5), 12);
    }
}
