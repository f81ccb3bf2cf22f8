using Kalm.Language.Generation;

namespace Kalm.Tests.Language.Generation;

public class TokenSamplerTests
{
    private static readonly HashSet<int> None = [];

    [Theory]
    [InlineData(1.0, null, 1.0, new[] { 0.4, 0.3, 0.2, 0.1 })]
    [InlineData(1.0, 2, 1.0, new[] { 4 / 7.0, 3 / 7.0, 0, 0 })]
    [InlineData(1.0, null, 0.65, new[] { 4 / 7.0, 3 / 7.0, 0, 0 })]
    [InlineData(1.0, 3, 0.5, new[] { 4 / 7.0, 3 / 7.0, 0, 0 })]
    [InlineData(0.5, null, 1.0, new[] { 16 / 30.0, 9 / 30.0, 4 / 30.0, 1 / 30.0 })]
    public void Tokens_come_as_often_as_the_options_say(double temperature, int? topK, double topP, double[] shares)
    {
        var sampler = new TokenSampler(new() { Temperature = temperature, TopK = topK, TopP = topP }, 0);
        const int Draws = 20_000;
        var counts = new int[4];
        for (var draw = 0; draw < Draws; draw++)
            counts[sampler.Choose(Logits(), None)]++;
        for (var token = 0; token < 4; token++)
            Assert.InRange(counts[token] / (double)Draws, shares[token] - 0.015, shares[token] + 0.015);
        if (shares[2] == 0)
            Assert.Equal(0, counts[2] + counts[3]);
    }

    [Fact]
    public void Without_temperature_the_likeliest_is_taken_and_the_first_of_equals() =>
        Assert.Equal(1, new TokenSampler(new(), 0).Choose([1, 3, 3, 2], None));

    [Fact]
    public void The_penalty_makes_seen_tokens_less_likely_whatever_their_sign()
    {
        float[] logits = [2, -1, 1.5f, -3];
        Assert.Equal(2, new TokenSampler(new() { RepetitionPenalty = 2 }, 0).Choose(logits, new HashSet<int> { 0, 1 }));
        Assert.Equal([1, -2, 1.5f, -3], logits);
    }

    private static float[] Logits() => [.. new[] { 0.4, 0.3, 0.2, 0.1 }.Select(share => (float)Math.Log(share))];
}
