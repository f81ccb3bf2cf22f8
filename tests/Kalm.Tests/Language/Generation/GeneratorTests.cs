using Kalm.Language.Execution;
using Kalm.Language.Generation;
using Kalm.Language.Model;

namespace Kalm.Tests.Language.Generation;

public class GeneratorTests : TorchTest
{
    private static readonly GenerationOptions Sampled = new()
    {
        MaximumNewTokens = 20, Temperature = 0.9, TopK = 30, TopP = 0.95, RepetitionPenalty = 1.1, Seed = 4,
    };

    public static IEnumerable<TheoryDataRow<string>> Names() => FixtureModel.Names();

    [Theory]
    [MemberData(nameof(Names))]
    public void Prompts_together_are_continued_as_each_would_be_alone(string name)
    {
        using var model = FixtureModel.Load(name);
        using var pool = new DecoderPool(model, null, null, 2);
        var generator = new Generator(pool, FixtureModel.Tokenizer);
        var random = new Random(2);
        var opening = FixtureModel.Ids(random, 12);
        foreach (var shared in new[] { true, false })
        {
            var prompts = Enumerable.Range(0, 100).Select(_ => FixtureModel.Ids(random, random.Next(1, 25)))
                .Select(ids => shared ? [.. opening, .. ids] : ids).ToArray();
            foreach (var options in new[] { new GenerationOptions { MaximumNewTokens = 20 }, Sampled })
            {
                var together = generator.Continue(prompts, options, cancellation: TestContext.Current.CancellationToken);

                for (var index = 0; index < prompts.Length; index++)
                    Assert.Equal(Alone(model, prompts[index], index, options), together[index].Tokens);
            }
        }
    }

    [Fact]
    public void The_likeliest_token_is_written_until_the_end_token()
    {
        using var model = FixtureModel.Load("llama3");
        using var pool = new DecoderPool(model, null, null, 1);
        var random = new Random(9);
        var ended = 0;
        var prompts = Enumerable.Range(0, 200).Select(_ => FixtureModel.Ids(random, 5)).ToArray();
        foreach (var (continuation, prompt) in new Generator(pool, FixtureModel.Tokenizer)
            .Continue(prompts, new() { MaximumNewTokens = 30 }, cancellation: TestContext.Current.CancellationToken).Zip(prompts))
        {
            Assert.Equal(continuation.End == GenerationEnd.Length, continuation.Tokens.Count == 30);
            Assert.DoesNotContain(0, continuation.Tokens);
            ended += continuation.End == GenerationEnd.Stop ? 1 : 0;
            if (continuation.End == GenerationEnd.Stop)
                Assert.Equal(0, TokenSampler.Likeliest(FixtureModel.Logits(model, [.. prompt, .. continuation.Tokens])[^1]));
        }
        Assert.InRange(ended, 1, 199);
    }

    [Fact]
    public void An_end_token_that_is_ignored_is_written_like_any_other()
    {
        using var model = FixtureModel.Load("llama3");
        using var pool = new DecoderPool(model, null, null, 1);
        var random = new Random(9);
        var prompts = Enumerable.Range(0, 200).Select(_ => FixtureModel.Ids(random, 5)).ToArray();
        var generator = new Generator(pool, FixtureModel.Tokenizer);
        var ended = generator.Continue(prompts, new() { MaximumNewTokens = 30 }, cancellation: TestContext.Current.CancellationToken);
        var whole = generator.Continue(
            prompts, new() { MaximumNewTokens = 30, IgnoreEnd = true }, cancellation: TestContext.Current.CancellationToken);

        Assert.All(whole, continuation => Assert.Equal((30, GenerationEnd.Length), (continuation.Tokens.Count, continuation.End)));
        Assert.Contains(whole, continuation => continuation.Tokens.Contains(0));
        foreach (var (first, second) in ended.Zip(whole))
            Assert.Equal(first.Tokens, second.Tokens.Take(first.Tokens.Count));
    }

    [Fact]
    public void A_stream_gives_the_text_of_the_whole()
    {
        using var model = FixtureModel.Load("qwen2");
        using var pool = new DecoderPool(model, null, null, 2);
        var generator = new Generator(pool, FixtureModel.Tokenizer);
        int[] prompt = [5, 9, 3];
        var whole = generator.Continue([prompt], Sampled, cancellation: TestContext.Current.CancellationToken)[0];
        var pieces = generator.Stream(prompt, Sampled, TestContext.Current.CancellationToken).ToList();

        Assert.Equal(whole.Text, string.Concat(pieces));
        Assert.DoesNotContain(pieces, piece => piece.Length == 0);
    }

    [Fact]
    public void A_prompt_that_fills_the_context_is_refused_and_one_that_nearly_does_ends_there()
    {
        using var model = FixtureModel.Load("mistral", context: 16);
        using var pool = new DecoderPool(model, null, null, 1);
        var generator = new Generator(pool, FixtureModel.Tokenizer);
        var error = Assert.Throws<KalmException>(() => generator.Continue(
            [FixtureModel.Ids(new Random(1), 16)], new(), cancellation: TestContext.Current.CancellationToken));
        Assert.Contains("16 tokens", error.Message, StringComparison.Ordinal);
        Assert.Throws<KalmException>(() => generator.Continue([[]], new(), cancellation: TestContext.Current.CancellationToken));
        Assert.InRange(generator.Continue([FixtureModel.Ids(new Random(1), 13)], new(),
            cancellation: TestContext.Current.CancellationToken)[0].Tokens.Count, 0, 3);
    }

    [Theory]
    [InlineData(-1.0, null, 1.0, 1.0)]
    [InlineData(1.0, 0, 1.0, 1.0)]
    [InlineData(1.0, null, 0.0, 1.0)]
    [InlineData(1.0, null, 1.0, 0.0)]
    public void Options_without_sense_are_refused(double temperature, int? topK, double topP, double penalty) =>
        Assert.Throws<KalmException>(
            () => new GenerationOptions { Temperature = temperature, TopK = topK, TopP = topP, RepetitionPenalty = penalty }.Validated());

    /// <summary>Without a cache: the whole text is computed again for every token.</summary>
    private static List<int> Alone(CausalModel model, int[] prompt, int number, GenerationOptions options)
    {
        var sampler = new TokenSampler(options, number);
        var written = new List<int>();
        while (written.Count < options.MaximumNewTokens)
        {
            var token = sampler.Choose(FixtureModel.Logits(model, [.. prompt, .. written])[^1], new HashSet<int>([.. prompt, .. written]));
            if (token == 0)
                break;
            written.Add(token);
        }
        return written;
    }
}
