using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Alignment.Reranking;
using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Representation;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Tests.Alignment.Reranking;

public class VerdictLossTests : TorchTest
{
    private static readonly TextTree[] Trees =
    [
        new([1, 40, 41], [Branch.ReadAtEnd([50, 51]), Branch.ReadAtEnd([52]), Branch.ReadAtEnd([53, 54, 55])]),
        new([1, 60], [Branch.ReadAtEnd([61]), Branch.ReadAtEnd([62, 63])]),
    ];

    [Theory]
    [InlineData(AlignmentMethod.Full)]
    [InlineData(AlignmentMethod.Lora)]
    public void The_gradient_of_everything_that_learns_is_that_of_the_loss(AlignmentMethod method)
    {
        using var folder = new TemporaryFolder();
        using var files = FamilyGraph.Make(2);
        using var opened = OpenedModel.Open(TinyModel.Make(folder, files.Load()));
        using var loaded = opened.Load();
        using var model = new AlignmentModel(loaded, opened.Source, new AlignmentOptions
        {
            Method = method, Threads = 2, Lora = new LoraOptions { Dropout = 0 },
        }, withVerdict: true);
        // From zero nothing but the direction itself would learn in the first step.
        using (var random = randn(model.Learned.Count, generator: new Generator(3)))
        using (var small = 0.05.ToScalar())
        using (no_grad())
            model.Learned.Values.PlusInPlace(random.mul(small));

        model.Decoder.ZeroGradients();
        var (loss, accuracy) = VerdictLoss.Add(model.Decoder, model.Verdict!, Trees, 1);
        using var gradient = model.Decoder.SumGradients().clone();
        Assert.InRange(accuracy, 0, 1);
        Assert.Equal(Expected(), loss, 1e-4);

        foreach (var slice in model.Learned.Slices.Where(slice => slice.Name != "log_inverse_temperature"))
        {
            using var values = model.Learned[slice.Name];
            using var own = gradient.narrow(0, slice.Offset, slice.Count).view(slice.Shape);
            using var norm = own.norm();
            Assert.True(norm.ReadNumber() > 0, $"{slice.Name} learns nothing");
            // Along its gradient a slice changes the loss by the gradient's length.
            using var length = 1e-2.ToScalar();
            using var step = own.div(norm).mul(length);
            using var back = step.neg();
            var (above, below) = (Moved(values, step), Moved(values, back));
            Assert.Equal(norm.ReadNumber(), (above - below) / 2e-2, Math.Max(2e-3, 0.05 * norm.ReadNumber()));
        }

        double Moved(Tensor values, Tensor step)
        {
            using var noGradient = no_grad();
            using var kept = values.clone();
            values.PlusInPlace(step);
            var found = Expected();
            values.copy_(kept);
            return found;
        }

        // Each branch read behind its prefix as a text of its own.
        double Expected()
        {
            using var direction = model.Learned[AlignmentModel.VerdictName];
            return Trees.Average(tree =>
            {
                var scores = tree.Branches.Select(branch =>
                {
                    int[] text = [.. tree.Prefix, .. branch.Tokens];
                    using var states = model.Decoder.Read([TokenRow.Sequence(text, [text.Length - 1])]);
                    using var score = states[0].dot(direction);
                    return score.ReadNumber();
                }).ToArray();
                return Math.Log(scores.Sum(Math.Exp)) - scores[0];
            });
        }
    }
}
