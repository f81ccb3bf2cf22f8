using Kalm.Completion;
using Kalm.Evaluation;
using Kalm.Representation;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class IndexTests(RunningServer server)
{
    private sealed class Silence : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) { }
    }

    [Fact]
    public void An_index_is_found_again_and_a_damaged_one_is_built_again()
    {
        using var model = new LoadedModel(OpenedModel.Open(server.Model), threads: 2);
        var root = server.File("kept");
        string vectors, calibration;
        using (var first = Open(model, root))
        {
            Assert.True(first.WasBuilt);
            (vectors, calibration) = (Path.Combine(first.Folder, "entities.safetensors"), Path.Combine(first.Folder, Calibration.FileName));
        }
        var whole = File.ReadAllBytes(vectors);
        using (var second = Open(model, root))
            Assert.False(second.WasBuilt);
        foreach (var damage in new Action[]
        {
            () => File.WriteAllBytes(vectors, whole[..^8]), () => File.Delete(vectors),
            () => File.WriteAllText(calibration, "{"), () => File.Delete(calibration),
        })
        {
            damage();
            using (var mended = Open(model, root))
                Assert.True(mended.WasBuilt);
            Assert.Equal(whole, File.ReadAllBytes(vectors));
        }
    }

    [Fact]
    public void A_start_that_is_interrupted_leaves_no_index_and_the_next_one_makes_it()
    {
        using var model = new LoadedModel(OpenedModel.Open(server.Model), threads: 2);
        var root = server.File("interrupted");
        using var ended = new CancellationTokenSource();
        ended.Cancel();
        Assert.Throws<OperationCanceledException>(() => Open(model, root, ended.Token));
        Assert.All(Directory.GetDirectories(root), folder => Assert.EndsWith(".part", folder, StringComparison.Ordinal));
        using var index = Open(model, root);
        Assert.Equal([index.Folder], Directory.GetDirectories(root));
    }

    [Fact]
    public void Another_text_triple_type_weight_or_wording_is_another_index()
    {
        using var folder = OpenedModel.Open(server.Model);
        using var files = FamilyGraph.Make();
        var keys = new List<string> { IndexKey.Of(folder, files.Load()) };
        Assert.Equal(IndexKey.Of(folder, server.Graph), keys[0]);
        keys.Add(IndexKey.Of(
            folder with { Settings = folder.Settings with { Wording = new WordingOptions(MaximumTextTokens: 49) } }, server.Graph));
        files.With("relationId2text.dict", "0\tkind of\n1\tlives near\n");
        keys.Add(IndexKey.Of(folder, files.Load()));
        files.With("valid.txt", "bird8\tkind_of\tbird\n");
        keys.Add(IndexKey.Of(folder, files.Load()));
        files.With("entityTypes.dict", string.Concat(Enumerable.Range(0, files.Load().Entities.Count).Select(row => $"{row}\tanimal\n")));
        keys.Add(IndexKey.Of(folder, files.Load()));
        var copy = Directory.CreateDirectory(server.File("copy")).FullName;
        foreach (var file in Directory.GetFiles(server.Model))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        Assert.Equal(keys[0], IndexKey.Of(OpenedModel.Open(copy), server.Graph));
        var weights = Path.Combine(copy, "model.safetensors");
        var bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        keys.Add(IndexKey.Of(OpenedModel.Open(copy), server.Graph));
        Assert.Equal(keys.Count, keys.Distinct().Count());
    }

    [Fact]
    public void Calibration_lowers_the_loss_on_the_split_it_is_fitted_to()
    {
        var calibration = server.Served.Index.Calibration;
        Assert.Equal(2 * server.Graph.Valid.Count, calibration.Queries);
        Assert.True(calibration.NegativeLogLikelihood < calibration.NegativeLogLikelihoodAsTrained);
    }

    [Fact]
    public void The_fitted_temperature_is_the_one_that_scores_were_drawn_at()
    {
        const double Temperature = 0.07;
        var random = new Random(3);
        var fit = new TemperatureFit();
        for (var query = 0; query < 4000; query++)
        {
            var scores = Enumerable.Range(0, 12).Select(_ => (float)(random.NextDouble() * 0.6)).ToArray();
            var weights = Array.ConvertAll(scores, score => Math.Exp(score / Temperature));
            weights[0] = 0;   // left out, whatever its score
            scores[0] = 1;
            var left = random.NextDouble() * weights.Sum();
            fit.Add(scores, Array.FindIndex(weights, weight => (left -= weight) < 0), [0]);
        }
        var best = fit.Best();
        Assert.InRange(best, Temperature * 0.95, Temperature * 1.05);
        Assert.True(fit.Loss(best) < fit.Loss(best * 1.1) && fit.Loss(best) < fit.Loss(best / 1.1));
    }

    private EntityIndex Open(LoadedModel model, string root, CancellationToken? cancellation = null) => EntityIndex.Open(
        root, model, server.Graph, new FactSplits(server.Graph), new Silence(), cancellation ?? RunningServer.Cancellation);
}
