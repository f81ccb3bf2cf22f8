using Kalm.Language.Sources.Config;
using Kalm.Tests.Alignment;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Sources.Adapters;

/// <summary>Counts every tensor of the process, so nothing else may run beside it.</summary>
[Collection(nameof(LeakTests))]
public class AdapterLeakTests
{
    [Fact]
    public void Merging_leaves_no_tensors_behind()
    {
        using var folder = new TemporaryFolder();
        AdapterFiles.For(ModelConfig.Load(Path.Combine(Fixture.Folder, "llama_tiny"))).Set("modules_to_save", """["embed_tokens"]""")
            .Put("base_model.model.model.embed_tokens.weight", 60, 32).Write(folder.Path);
        Merge();
        var before = Tensor.TotalCount;
        Merge();
        // Fewer when the finalizer meets what an earlier test left.
        Assert.InRange(Tensor.TotalCount, 0, before);

        void Merge()
        {
            using var model = SourceWeights.LoadAdapted(Path.Combine(Fixture.Folder, "llama_tiny"), folder.Path, FixtureModel.AnyTokenizer);
            Assert.False(model.Config.TieWordEmbeddings);
            Assert.Equal(model.Config.TensorShapes().Count(), model.Weights.Count);
        }
    }
}
