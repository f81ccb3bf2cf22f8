using Kalm.Engine;
using Kalm.Evaluation;
using Kalm.Language.Execution;
using Kalm.Language.Sources.Config;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Tests.Evaluation;

public class TextPerplexityTests : TorchTest
{
    private const int Vocabulary = 60;

    [Fact]
    public void Windows_give_the_independently_computed_likelihoods()
    {
        foreach (var given in Fixture.Load("text_perplexity.json").GetProperty("cases").EnumerateArray())
        {
            using var model = FixtureModel.Load(given.GetProperty("model").GetString()!);
            using var pool = new DecoderPool(model, null, null, 2);
            var ids = given.GetProperty("ids").Integers();
            var (window, stride) = (given.GetProperty("window").GetInt32(), given.GetProperty("stride").GetInt32());

            var measured = Measure(pool, ids, window, stride);

            Assert.Equal((ids.Length, ids.Length - 1), (measured.Tokens, measured.Predicted));
            var expected = given.GetProperty("nll").GetDouble();
            Assert.Equal(expected, measured.NegativeLogLikelihood, 1e-5 * expected);
            Assert.Equal(Math.Exp(expected / (ids.Length - 1)), measured.Perplexity, 1e-3);
        }
    }

    [Theory]
    [InlineData(100, 50)]
    [InlineData(17, 16)]
    [InlineData(2, 1)]
    public void A_model_that_knows_nothing_has_the_perplexity_of_its_vocabulary(int window, int stride)
    {
        using var model = FixtureModel.Load("llama_untied");
        model.Weights[TensorNames.Head].zero_();
        using var pool = new DecoderPool(model, null, null, 2);
        var random = new Random(4);

        var measured = Measure(pool, [.. Enumerable.Range(0, 2000).Select(_ => random.Next(Vocabulary))], window, stride);

        Assert.Equal(1999, measured.Predicted);
        Assert.Equal(Vocabulary, measured.Perplexity, 1e-4);
    }

    [Fact]
    public void Likelihoods_of_a_tree_are_those_of_its_branches_apart()
    {
        using var model = FixtureModel.Load("llama_tiny");
        using var pool = new DecoderPool(model, null, null, 2);
        int[] prefix = [4, 8, 15, 16];
        int[][] branches = [[23, 42, 7], [23, 42], [1], [9, 9, 9, 2]];
        int[] labels = [42, 7, 5, 0, 11, 30, 31, 32, 33, 34];
        var rows = new TextTree(prefix, [.. branches.Select(branch => new Branch(branch, 0))]).ToRows(100).ToList();
        Assert.Single(rows);

        var together = pool.LogLikelihoods(rows, [labels])[0];

        var at = 0;
        foreach (var branch in branches)
        {
            int[] own = labels[at..(at += branch.Length)];
            int[] reads = [.. Enumerable.Range(prefix.Length, branch.Length)];
            var alone = pool.LogLikelihoods([TokenRow.Sequence([.. prefix, .. branch], reads)], [own])[0];
            Assert.All(alone.Zip(together[(at - branch.Length)..at]), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
        }
    }

    [Fact]
    public void The_head_takes_any_number_of_states_in_portions()
    {
        using var model = FixtureModel.Load("llama_tiny");
        using var decoder = new Decoder(model.Config, model.Weights, null, null, CPU);
        using var states = randn(70, model.Config.HiddenSize);
        var labels = Enumerable.Range(0, 70).Select(index => (long)(index * 13 % Vocabulary)).ToArray();

        // A vocabulary said to be huge makes every portion a single state.
        var one = LabelLikelihoods.Of(decoder, states, labels, int.MaxValue);
        var all = LabelLikelihoods.Of(decoder, states, labels, Vocabulary);

        Assert.All(one.Zip(all), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
        using var logits = decoder.Logits(states);
        using var expected = logits.log_softmax(1).gather(1, tensor(labels, [70, 1])).sum();
        Assert.Equal(expected.ReadNumber(), all.Sum(value => (double)value), 1e-3);
    }

    [Fact]
    public void A_damaged_model_is_named_as_such()
    {
        using var model = FixtureModel.Load("llama_untied");
        model.Weights[TensorNames.Head].fill_(float.NaN.ToScalar());
        using var pool = new DecoderPool(model, null, null, 1);
        Assert.Contains("not finite", Assert.Throws<KalmException>(() => Measure(pool, [1, 2, 3], 3, 1)).Message, StringComparison.Ordinal);
    }

    private static TextPerplexity Measure(DecoderPool pool, int[] ids, int window, int stride) =>
        TextPerplexity.Measure(pool, ids, window, stride, null, TestContext.Current.CancellationToken);
}
