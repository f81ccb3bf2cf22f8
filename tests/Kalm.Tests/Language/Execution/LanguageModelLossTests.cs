using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Execution.Kernels;
using Kalm.Language.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Execution;

public class LanguageModelLossTests : TorchTest
{
    [Fact]
    public void The_divergence_from_another_model_and_its_gradient_are_those_of_the_definition()
    {
        using var model = Generation.FixtureModel.Load("llama3");
        using var learned = new ParameterSet(model.Weights, CPU);
        using var pool = new DecoderPool(model, learned, null, 2);
        using var other = new DecoderPool(model, null, null, 2);
        var random = new Random(3);
        var rows = Enumerable.Range(0, 5).Select(_ => Generation.FixtureModel.Ids(random, random.Next(3, 12)))
            .Select(ids => TokenRow.Sequence(ids, [.. Enumerable.Range(1, ids.Length - 1)])).ToList();
        List<Tensor> expected = [.. rows.Select(row => other.Read([row]))];

        pool.ZeroGradients();
        Assert.Equal(0, pool.DivergencePass(rows, other, expected, 1, 1), 1e-6);
        Assert.True(pool.SumGradients().abs().max().ReadNumber() < 1e-6);

        // Now the model moves away, and the other one stays where it was.
        using var generator = new torch.Generator(1);
        Move(randn(learned.Values.shape, generator: generator), 0.02);
        var count = rows.Sum(row => row.Reads.Length);
        var direct = Direct();
        pool.ZeroGradients();
        var found = pool.DivergencePass(rows, other, expected, 0.5, 1);
        var gradient = pool.SumGradients().clone();
        Assert.True(direct > 1e-4);
        Assert.Equal(direct, found, direct * 1e-3);

        // A small step along the gradient lowers the weighed divergence by its squared length.
        const double Step = 1e-4;
        Move(gradient, -Step / gradient.norm().ReadNumber());
        Assert.Equal(gradient.norm().ReadNumber() * Step, 0.5 * (direct - Direct()), gradient.norm().ReadNumber() * Step * 0.2);
        foreach (var states in expected)
            states.Dispose();

        void Move(Tensor direction, double length)
        {
            using var noGradient = no_grad();
            using var factor = length.ToScalar();
            learned.Values.PlusInPlace(direction.mul(factor));
        }

        double Direct()
        {
            using var scope = NewDisposeScope();
            var sum = 0.0;
            for (var index = 0; index < rows.Count; index++)
            {
                var states = pool.Read([rows[index]]);
                var theirs = expected[index];
                var mine = pool.OnFirst(decoder => decoder.Logits(states).log_softmax(1).DetachFromDisposeScope());
                var target = other.OnFirst(decoder => decoder.Logits(theirs).log_softmax(1).DetachFromDisposeScope());
                sum += (target.exp() * (target - mine)).sum().ReadNumber();
            }
            return sum / count;
        }
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(4, 5)]
    [InlineData(4, 16)]
    public void Logits_in_portions_have_the_loss_and_the_gradient_of_all_at_once(int multiple, int reads)
    {
        using var model = Generation.FixtureModel.Load("llama3");
        using var learned = new ParameterSet(model.Weights, CPU);
        using var pool = new DecoderPool(model, learned, null, 1);
        using var generator = new torch.Generator(1);
        using var scope = NewDisposeScope();
        var values = randn(37, model.Config.HiddenSize, generator: generator);
        var labels = randint(0, model.Config.VocabularySize, 37, generator: generator).to(ScalarType.Int64);
        var (whole, wholeGradient) = Pass(37);
        var (parts, gradient) = Pass(reads);
        Assert.Equal(whole, parts, whole * 1e-6);
        Assert.True(allclose(wholeGradient, gradient, 1e-5, 1e-7));

        (double Loss, Tensor Gradient) Pass(int count)
        {
            var states = values.clone().requires_grad_();
            var loss = pool.OnFirst(decoder =>
            {
                using var gradients = enable_grad();
                return HeadPortions.Backward(decoder, states, multiple, Loss, count * model.Config.VocabularySize);
            });
            var gradient = cat([states.grad!.flatten(), pool.SumGradients()]);
            pool.ZeroGradients();
            return (loss, gradient);
        }

        double Loss(Tensor logits, int start, int count)
        {
            Assert.Equal(0, logits.shape[0] % multiple);
            using var leaf = logits.clone().requires_grad_();
            using var loss = nn.functional.cross_entropy(
                leaf.narrow(0, 0, count), labels.narrow(0, start, count), reduction: nn.Reduction.Sum);
            loss.backward();
            logits.copy_(leaf.grad!);
            return loss.ReadNumber();
        }
    }

    public static IEnumerable<TheoryDataRow<bool, int>> Bodies() =>
        from isOwn in new[] { true, false } from vocabulary in new[] { 5, 16, 333 } select new TheoryDataRow<bool, int>(isOwn, vocabulary);

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Every_body_has_the_losses_and_gradients_that_the_engine_derives(bool isOwn, int vocabulary)
    {
        using var model = Generation.FixtureModel.Load("llama3");
        using IDecoderKernels kernels = isOwn ? new CpuKernels(model.Config) : new TorchKernels(model.Config);
        using var scope = NewDisposeScope();
        using var generator = new torch.Generator(2);
        using var spread = 6.ToScalar();
        var logits = randn(4, vocabulary, generator: generator).mul(spread);
        var theirs = randn(4, vocabulary, generator: generator).mul(spread);
        long[] labels = [vocabulary - 1, 0, 3];
        float[] shares = [0.5f, 2, 0];
        foreach (var given in new[] { null, shares })
        {
            var leaf = logits.clone().requires_grad_();
            var losses = nn.functional.cross_entropy(leaf.narrow(0, 0, 3), tensor(labels), reduction: nn.Reduction.None);
            var expected = (given is null ? losses : losses * tensor(given)).sum();
            using var factor = 0.25.ToScalar();
            expected.mul(factor).backward();
            var found = logits.clone();
            Assert.Equal(expected.ReadNumber(), kernels.LabelGradient(found, labels, given, 0.25), 1e-4);
            Assert.True(allclose(leaf.grad!, found, 1e-5, 1e-7));
        }

        var own = logits.clone().requires_grad_();
        var divergence = nn.functional.kl_div(
            own.log_softmax(1), theirs.log_softmax(1), log_target: true, reduction: nn.Reduction.Sum);
        divergence.backward();
        var gradient = logits.clone();
        Assert.Equal(divergence.ReadNumber(), kernels.DivergenceGradient(gradient, theirs.clone(), 1), divergence.ReadNumber() * 1e-5);
        Assert.True(allclose(own.grad!, gradient, 1e-5, 1e-6));
    }
}
