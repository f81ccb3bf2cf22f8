using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Engine;
using Kalm.Language.Execution;
using TorchSharp;

namespace Kalm.Tests.Alignment;

using FixtureModel = Kalm.Tests.Language.Generation.FixtureModel;

public class KeepShareTests : TorchTest
{
    [Theory]
    [InlineData(AlignmentMethod.Lora)]
    [InlineData(AlignmentMethod.Full)]
    public void A_share_lies_on_the_straight_way_from_the_base(AlignmentMethod method)
    {
        using var model = FixtureModel.Load("llama3");
        using var learner = new AlignmentModel(
            model, null, new AlignmentOptions { Method = method, Threads = 1, Lora = new LoraOptions { Targets = ["all-linear"] } });
        var row = TokenRow.Sequence([5, 6, 7, 8], [3]);
        var start = Weight();
        using (torch.no_grad())
            learner.Learned.Values.PlusInPlace(torch.linspace(-0.2, 0.2, learner.Learned.Count));
        var (learned, temperature) = (Weight(), learner.Temperature);
        learner.KeepShare(1);
        Assert.Equal(learned, Weight());
        learner.KeepShare(0.25);
        var kept = Weight();
        for (var number = 0; number < kept.Length; number++)
            Assert.Equal(start[number] + 0.25f * (learned[number] - start[number]), kept[number], 1e-5);
        Assert.Equal(temperature, learner.Temperature);
        Assert.All(
            learner.Decoder.Read([row], null, TestContext.Current.CancellationToken).data<float>().ToArray(),
            number => Assert.True(float.IsFinite(number)));

        // A matrix as the model multiplies by it.
        float[] Weight()
        {
            const string Name = "model.layers.0.mlp.gate_proj";
            if (method == AlignmentMethod.Full)
                return learner.Learned[Name + ".weight"].data<float>().ToArray();
            var (down, up) = (Matrix('A'), Matrix('B'));
            var product = up.mm(down);
            return model.Weights[Name + ".weight"].Plus(product).data<float>().ToArray();

            torch.Tensor Matrix(char which) => learner.Learned[$"base_model.model.{Name}.lora_{which}.weight"];
        }
    }
}
