using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using TorchSharp;

namespace Kalm.Tests.Language.Execution;

using FixtureModel = Kalm.Tests.Language.Generation.FixtureModel;

public sealed class FrozenLayersTests : TorchTest
{
    [Theory]
    [MemberData(nameof(Families))]
    public void States_that_were_kept_give_the_loss_and_the_gradient_that_the_whole_way_gives(string name)
    {
        using var folder = new TemporaryFolder();
        using var model = FixtureModel.Load(name);
        var options = new AlignmentOptions
        {
            Threads = 2, Lora = new LoraOptions { Targets = ["all-linear"], TrainedLayers = 1, Dropout = 0 },
        };
        using var learner = new AlignmentModel(model, null, options);
        var pool = learner.Decoder;
        Assert.Equal(model.Config.LayerCount - 1, pool.FrozenLayers);
        var rows = Rows(out var tokens);
        var whole = Pass(pool, learner.Learned, [.. rows.Select(row => row with { StatesAt = [] })]);
        using (var file = new StateFile(folder.File("states"), tokens, model.Config.HiddenSize))
        {
            pool.KeepBelow(rows, file);
            file.Finish();
            pool.Below = file;
            var kept = Pass(pool, learner.Learned, rows);
            pool.Below = null;
            // BF16 has 8 bits.
            Assert.InRange(Math.Abs(kept.Loss - whole.Loss), 0, 1e-3 * Math.Max(1, Math.Abs(whole.Loss)));
            Assert.InRange(Distance(kept.Gradient, whole.Gradient), 0, 0.02);
            Assert.Contains(whole.Gradient, number => number != 0);
        }
        Assert.False(File.Exists(folder.File("states")));
    }

    public static IEnumerable<TheoryDataRow<string>> Families() => FixtureModel.Names();

    // Two trees, the second of which needs two rows; branches lie behind their descriptions.
    private static List<TokenRow> Rows(out long tokens)
    {
        var random = new Random(5);
        var rows = new List<TokenRow>();
        tokens = 0;
        foreach (var (prefix, branches) in new[] { (4, 3), (6, 4) })
        {
            var start = tokens;
            tokens += prefix;
            var made = new List<Branch>();
            for (var branch = 0; branch < branches; branch++)
            {
                made.Add(Branch.ReadAtEnd(FixtureModel.Ids(random, 2 + branch)) with { StatesAt = tokens });
                tokens += 2 + branch;
            }
            rows.AddRange(new TextTree(FixtureModel.Ids(random, prefix), made) { StatesAt = start }.ToRows(16));
        }
        return rows;
    }

    private static (double Loss, float[] Gradient) Pass(DecoderPool pool, ParameterSet learned, List<TokenRow> rows)
    {
        pool.ZeroGradients();
        using var scope = torch.NewDisposeScope();
        using var pass = pool.Forward(rows, 1);
        var directions = torch.linspace(-1, 1, pass.States.numel()).view(pass.States.shape);
        var loss = (pass.States * directions).mean();
        loss.backward();
        pass.Backward();
        Assert.Equal(learned.Count, pool.SumGradients().numel());
        return (loss.item<float>(), pool.SumGradients().data<float>().ToArray());
    }

    private static double Distance(float[] found, float[] expected) =>
        Math.Sqrt(found.Zip(expected, (a, b) => Math.Pow(a - b, 2)).Sum() / expected.Sum(number => (double)number * number));
}
