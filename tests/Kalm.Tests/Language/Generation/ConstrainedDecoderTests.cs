using Kalm.Language.Execution;
using Kalm.Language.Generation;
using Kalm.Language.Model;

namespace Kalm.Tests.Language.Generation;

public class ConstrainedDecoderTests : TorchTest
{
    private static readonly int[] Terminators = [0, 7];

    [Theory]
    [InlineData("llama3")]
    [InlineData("mistral")]
    [InlineData("qwen3")]
    public void Answers_never_leave_the_trie_and_their_probabilities_are_those_of_their_tokens(string name)
    {
        using var model = FixtureModel.Load(name);
        using var pool = new DecoderPool(model, null, null, 2);
        var random = new Random(8);
        for (var round = 0; round < 6; round++)
        {
            // Few tokens, so that texts share openings and end inside one another.
            var texts = Enumerable.Range(0, 30)
                .Select(_ => Enumerable.Range(0, random.Next(1, 6)).Select(_ => random.Next(1, 6)).ToArray()).ToList();
            var trie = new TokenTrie(texts);
            var prompts = Enumerable.Range(0, 9).Select(_ => FixtureModel.Ids(random, random.Next(1, 12))).ToArray();

            var all = new ConstrainedDecoder(pool, trie, Terminators).Best(
                prompts, 100, 100, cancellation: TestContext.Current.CancellationToken);
            var few = new ConstrainedDecoder(pool, trie, Terminators).Best(
                prompts, 3, 100, cancellation: TestContext.Current.CancellationToken);
            var greedy = new ConstrainedDecoder(pool, trie, Terminators).Best(
                prompts, 1, 1, cancellation: TestContext.Current.CancellationToken);

            for (var prompt = 0; prompt < prompts.Length; prompt++)
            {
                Assert.Equal(trie.Count, all[prompt].Count);
                Assert.Equal(1, all[prompt].Sum(answer => Math.Exp(answer.LogProbability)), 1e-6);
                foreach (var answer in all[prompt])
                    Assert.Equal(Direct(model, prompts[prompt], texts[answer.Text], texts), answer.LogProbability, 1e-3);
                Assert.Equal(all[prompt].Take(3).Select(answer => answer.Text), few[prompt].Select(answer => answer.Text));
                Assert.InRange(Assert.Single(greedy[prompt]).Text, 0, texts.Count - 1);
            }
        }
    }

    [Fact]
    public void What_a_text_is_likely_by_itself_is_taken_off_its_score()
    {
        using var model = FixtureModel.Load("qwen3");
        using var pool = new DecoderPool(model, null, null, 2);
        var random = new Random(9);
        var texts = Enumerable.Range(0, 40)
            .Select(_ => Enumerable.Range(0, random.Next(1, 6)).Select(_ => random.Next(1, 6)).ToArray()).ToList();
        var trie = new TokenTrie(texts);
        int[] neutral = [.. FixtureModel.Ids(random, 5)];
        var prompts = Enumerable.Range(0, 4).Select(_ => FixtureModel.Ids(random, random.Next(1, 12))).Append(neutral).ToArray();
        var cancellation = TestContext.Current.CancellationToken;
        var prior = TriePrior.Of(pool, trie, Terminators, neutral, cancellation);

        var plain = new ConstrainedDecoder(pool, trie, Terminators).Best(prompts, 100, 100, cancellation: cancellation);
        var corrected = new ConstrainedDecoder(pool, trie, Terminators, prior).Best(prompts, 100, 100, cancellation: cancellation);

        var itself = plain[^1].ToDictionary(answer => answer.Text, answer => answer.LogProbability);
        for (var prompt = 0; prompt < prompts.Length; prompt++)
        {
            var before = plain[prompt].ToDictionary(answer => answer.Text, answer => answer.LogProbability);
            Assert.Equal(before.Count, corrected[prompt].Count);
            Assert.All(corrected[prompt], answer =>
            {
                Assert.Equal(before[answer.Text], answer.LogProbability, 1e-4);
                Assert.Equal(before[answer.Text] - itself[answer.Text], answer.Score, 1e-3);
            });
            Assert.Equal(corrected[prompt].OrderByDescending(answer => answer.Score), corrected[prompt]);
        }
    }

    [Fact]
    public void Equal_texts_count_as_the_first()
    {
        var trie = new TokenTrie([[1, 2], [3], [1, 2]]);
        Assert.Equal(2, trie.Count);
        Assert.Equal(0, trie.TextAt(trie.Follow(trie.Follow(TokenTrie.Root, 1), 2)));
        Assert.Equal(-1, trie.Follow(TokenTrie.Root, 2));
    }

    /// <summary>The log-probability from logits computed without a cache.</summary>
    private static double Direct(CausalModel model, int[] prompt, int[] text, List<int[]> texts)
    {
        var logits = FixtureModel.Logits(model, [.. prompt, .. text]);
        var sum = 0.0;
        for (var at = 0; at <= text.Length; at++)
        {
            var following = texts.Where(other => other.Length > at && other.AsSpan(0, at).SequenceEqual(text.AsSpan(0, at)))
                .Select(other => other[at]).Distinct().ToList();
            var ending = texts.Any(other => other.AsSpan().SequenceEqual(text.AsSpan(0, at)))
                ? Terminators.Except(following).ToArray() : [];
            var line = logits[prompt.Length + at - 1];
            var total = following.Concat(ending).Sum(token => Math.Exp(line[token]));
            sum += Math.Log((at < text.Length ? Math.Exp(line[text[at]]) : ending.Sum(token => Math.Exp(line[token]))) / total);
        }
        return sum;
    }
}
