using Kalm.Language.Generation;
using Kalm.Tests.Alignment;
using TorchSharp;

namespace Kalm.Tests.Language.Generation;

/// <summary>Counts every tensor of the process, so nothing else may run beside it.</summary>
[Collection(nameof(LeakTests))]
public class GenerationLeakTests
{
    [Fact]
    public void Sequences_that_came_went_and_were_given_up_leave_no_tensors_behind()
    {
        using var model = new BatchModel();
        // What is kept for all models is made the first time.
        Write(model);
        var before = torch.Tensor.TotalCount;
        for (var round = 0; round < 3; round++)
            Write(model);
        // Fewer when the finalizer meets what an earlier test left.
        Assert.InRange(torch.Tensor.TotalCount, 0, before);
    }

    private static void Write(BatchModel model)
    {
        using var batch = model.Batch(200_000);
        var options = new GenerationOptions { MaximumNewTokens = 12, Temperature = 1, Seed = 2 };
        var open = new List<OpenGeneration>();
        for (var step = 0; step < 40; step++)
        {
            if (step % 2 == 0 && step < 20)
                open.Add(model.Generator.Open(step == 6 ? [100_000] : model.Ids(1 + (step * 15)), 1 + (step % 3), options));
            batch.Step(open);
            // A client leaves in the middle.
            if (step == 9)
            {
                open[1].Dispose();
                open.RemoveAt(1);
            }
        }
        open.ForEach(generation => generation.Dispose());
    }
}
