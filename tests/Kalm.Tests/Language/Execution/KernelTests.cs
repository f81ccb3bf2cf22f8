using System.Runtime.Intrinsics;
using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Execution.Kernels;
using Kalm.Language.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Execution;

/// <summary>The hand-written operations against the engine's own, value and gradient.</summary>
public class KernelTests : TorchTest
{
    public static IEnumerable<TheoryDataRow<string>> Models() =>
        new[]
        {
            "llama_tiny", "llama_untied", "architectures/llama3", "architectures/llama_biased", "architectures/mistral",
            "architectures/qwen2", "architectures/qwen2_window", "architectures/qwen3", "architectures/qwen3_window",
        }
            .Select(name => new TheoryDataRow<string>(name));

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(37)]
    [InlineData(128)]
    public void The_norm_equals_the_plain_operations(int width)
    {
        var (states, weight) = (Leaf(5, width), Leaf(width));
        using var epsilon = 1e-5.ToScalar();

        AssertSame(
            [states, weight], RootMeanSquareNorm.Apply(states, weight, 1e-5f),
            () => states * (states * states).mean([-1], keepdim: true).Plus(epsilon).rsqrt() * weight);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(53)]
    public void The_gate_equals_the_plain_operations(int width)
    {
        using var factor = 4.ToScalar();
        var (gate, up) = (randn(3, width).mul(factor).requires_grad_(), Leaf(3, width));

        AssertSame([gate, up], SwiGlu.Apply(gate, up), () => nn.functional.silu(gate) * up);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(16)]
    [InlineData(100_003)]
    public void The_dropped_sum_drops_its_share_by_the_seed_and_the_gradient_drops_the_same(int count)
    {
        var (states, added) = (Leaf(count), ones(count).requires_grad_());

        var sum = ResidualDropout.Apply(states, added, 0.2, 7);
        sum.sum().backward();

        var drawn = (sum - states).detach().data<float>().ToArray();
        Assert.All(drawn, value => Assert.True(Math.Abs(value) < 1e-5 || Math.Abs(value - 1.25) < 1e-5));
        Assert.Equal(drawn.Select(value => value > 0.5), added.grad!.data<float>().Select(value => value == 1.25f));
        Assert.All(states.grad!.data<float>().ToArray(), value => Assert.Equal(1, value));
        Assert.Equal(sum.data<float>().ToArray(), ResidualDropout.Apply(states, added, 0.2, 7).data<float>().ToArray());
        if (count < 1000)
            return;
        Assert.NotEqual(sum.data<float>().ToArray(), ResidualDropout.Apply(states, added, 0.2, 8).data<float>().ToArray());
        Assert.Equal(0.2, drawn.Count(value => value < 0.5) / (double)count, 0.005);
        // Neighbours, and the same lane of the next vector, fall independently.
        foreach (var distance in new[] { 1, 16 })
            Assert.Equal(0.04,
                Enumerable.Range(0, count - distance).Count(at => drawn[at] < 0.5 && drawn[at + distance] < 0.5) / (double)count, 0.003);
    }

    [Fact]
    public void The_exponential_is_right_to_the_last_bits_and_never_more_than_finite()
    {
        for (var x = -86f; x < 88; x += 0.0137f)
            Assert.Equal(1, Numbers.Exp(Vector512.Create(x))[7] / Math.Exp(x), 3e-7);
        Assert.Equal(0, Numbers.Exp(Vector512.Create(float.NegativeInfinity))[0]);
        Assert.Equal(0, Numbers.Exp(Vector512.Create(-1e9f))[0]);
        Assert.True(float.IsFinite(Numbers.Exp(Vector512.Create(1e9f))[0]));
        Assert.Equal(1, Numbers.Exp(Vector512<float>.Zero)[3]);
        Assert.Equal(0.5f, Numbers.Sigmoid(Vector512<float>.Zero)[0]);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_packed_forest_has_the_states_and_gradients_of_the_plain_operations(string name)
    {
        using var model = FixtureModel.Load(name);
        using var learned = new ParameterSet(model.Weights, CPU);
        var random = new Random(4);
        TokenRow[] rows = [.. Trees(random, model.Config.VocabularySize)];
        using var weights = randn(rows.Sum(row => row.Reads.Length), model.Config.HiddenSize);

        var (states, gradient) = Run(fused: true);
        var (plainStates, plainGradient) = Run(fused: false);

        Assert.True(((states - plainStates).abs().max() / plainStates.abs().max()).ReadNumber() < 1e-5);
        Assert.True(((gradient - plainGradient).abs().max() / plainGradient.abs().max()).ReadNumber() < 1e-5);

        (Tensor States, Tensor Gradient) Run(bool fused)
        {
            using var replica = learned.CreateReplica();
            using var decoder = new Decoder(
                model.Config, model.Weights, replica, null, CPU,
                kernels: fused ? null : new TorchKernels(model.Config));
            using var block = decoder.Block(rows);
            Assert.Equal(fused, block.IsPacked);
            var found = decoder.Read(decoder.Embed(block.Tokens), block);
            (found * weights).sum().backward();
            return (found.detach(), replica.Gradient.clone());
        }
    }

    [Fact]
    public void A_row_that_is_no_tree_is_padded_and_read_all_the_same()
    {
        using var model = FixtureModel.Load("llama_tiny");
        using var decoder = new Decoder(model.Config, model.Weights, null, null, CPU);
        // A token of the prefix behind a branch.
        var row = new TokenRow([1, 2, 3, 4], [0, 1, 2, 2], [0, 0, 1, 0], [0, 1, 2, 3]);
        using var block = decoder.Block([row]);
        using var plain = new Decoder(model.Config, model.Weights, null, null, CPU, kernels: new TorchKernels(model.Config));

        Assert.False(block.IsPacked);
        Assert.True((decoder.Read(decoder.Embed(block.Tokens), block) - plain.Read(plain.Embed(block.Tokens), block)).abs()
            .max().ReadNumber() < 1e-5);
    }

    private static IEnumerable<TokenRow> Trees(Random random, int vocabulary)
    {
        foreach (var prefix in new[] { 0, 1, 7, 16, 17, 33 })
        {
            var branches = Enumerable.Range(0, random.Next(1, 6)).Select(_ => Branch.ReadAtEnd(Ids(random.Next(1, 24)))).ToList();
            foreach (var row in new TextTree(Ids(prefix), branches).ToRows(60))
                yield return row;
        }
        yield return TokenRow.Sequence(Ids(48), [0, 20, 47]);

        int[] Ids(int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(vocabulary))];
    }

    private static Tensor Leaf(params long[] shape) => randn(shape).requires_grad_();

    private static void AssertSame(Tensor[] leaves, Tensor found, Func<Tensor> plain)
    {
        using var weights = randn(found.shape);
        var gradients = Gradients(found);
        var expected = plain();
        Assert.True((found - expected).abs().max().ReadNumber() < 1e-5);
        foreach (var (mine, theirs) in gradients.Zip(Gradients(expected)))
            Assert.True((mine - theirs).abs().max().ReadNumber() < 1e-5 * Math.Max(1, theirs.abs().max().ReadNumber()));

        Tensor[] Gradients(Tensor output)
        {
            (output * weights).sum().backward();
            var copies = leaves.Select(leaf => leaf.grad!.clone()).ToArray();
            foreach (var leaf in leaves)
                leaf.grad!.zero_();
            return copies;
        }
    }
}
