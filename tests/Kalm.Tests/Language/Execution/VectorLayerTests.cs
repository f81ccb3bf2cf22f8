using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using Kalm.Language.Sources.Gguf;
using Kalm.Representation;
using TorchSharp;

namespace Kalm.Tests.Language.Execution;

using FixtureModel = Kalm.Tests.Language.Generation.FixtureModel;

public sealed class VectorLayerTests : TorchTest
{
    [Theory]
    [InlineData("llama3")]
    [InlineData("qwen3")]
    [InlineData("qwen2_window")]
    public void Vectors_of_a_layer_are_those_of_the_model_cut_behind_it(string name)
    {
        using var model = FixtureModel.Load(name);
        Assert.True(model.Config.LayerCount > 1);
        using var scope = torch.NewDisposeScope();
        var shorter = model.Config with { LayerCount = 1 };
        using var cut = new CausalModel(
            shorter, model.Tokenizer,
            shorter.TensorShapes().ToDictionary(tensor => tensor.Name, tensor => model.Weights[tensor.Name].clone()),
            torch.CPU);
        TokenRow[] rows = [TokenRow.Sequence([3, 1, 4, 1, 5], [1, 4]), TokenRow.Sequence([9, 2, 6], [2])];
        using var whole = new DecoderPool(cut, null, null, 1);
        using var middle = new DecoderPool(model, null, null, 2, vectorLayer: 1);
        using var last = new DecoderPool(model, null, null, 2);
        var stop = TestContext.Current.CancellationToken;
        Assert.True(middle.Read(rows, null, stop).allclose(whole.Read(rows, null, stop), 1e-5, 1e-6));
        Assert.False(last.Read(rows, null, stop).allclose(whole.Read(rows, null, stop), 1e-2, 1e-2));
        // What is written goes through all layers.
        int[] labels = [7, 2];
        Assert.Equal(last.LogLikelihoods(rows[..1], [labels])[0], middle.LogLikelihoods(rows[..1], [labels])[0]);
    }

    [Fact]
    public void A_layer_that_is_not_there_or_not_trained_is_refused()
    {
        using var model = FixtureModel.Load("llama3");
        var layers = model.Config.LayerCount;
        var error = Assert.Throws<KalmException>(() => new DecoderPool(model, null, null, 1, vectorLayer: layers + 1));
        Assert.Contains($"found {layers + 1}; expected 1..{layers}", error.Message);
        var options = new AlignmentOptions
        {
            Explicit = new ExplicitOptions { VectorLayer = 1 }, Lora = new LoraOptions { TrainedLayers = layers - 1 },
        };
        error = Assert.Throws<KalmException>(() => new AlignmentModel(model, null, options));
        Assert.Contains("vector_layer: found 1; expected more than 1", error.Message);
    }

    [Theory]
    [InlineData(AlignmentMethod.Full)]
    [InlineData(AlignmentMethod.Lora)]
    public void A_run_trains_the_layer_and_every_reader_of_it_takes_that_layer(AlignmentMethod method)
    {
        using var folder = new TemporaryFolder();
        using var graphFolder = FamilyGraph.Make();
        var graph = graphFolder.Load();
        var options = new AlignmentOptions
        {
            Method = method, Threads = 2, Budget = new BudgetOptions { Steps = 40, Validations = 2 },
            Batches = new BatchOptions { Triples = 24 },
            Optimizer = new OptimizerOptions { WarmupSteps = 2, LearningRate = 0.01 }, Implicit = new ImplicitOptions { Share = 0 },
            Explicit = new ExplicitOptions { VectorLayer = 1 },
        };
        var run = AlignmentRun.Execute(
            new AlignmentInputs(TinyModel.Make(folder, graph), graphFolder.Path, folder.File("run")), options,
            cancellation: TestContext.Current.CancellationToken);
        Assert.True(run.Validations[^1].MeanReciprocalRank > run.Validations[0].MeanReciprocalRank, string.Join(' ', run.Validations));

        using var model = new LoadedModel(OpenedModel.Open(folder.File("run")));
        Assert.Equal(1, model.Opened.Settings.VectorLayer);
        var measured = Measure(model, graph);
        Assert.Equal(run.Validations.Max(validation => validation.MeanReciprocalRank), measured, 1e-3);

        using var opened = OpenedModel.Open(folder.File("run"));
        ModelExport.ToHuggingFace(opened, folder.File("hf"), cancellation: TestContext.Current.CancellationToken);
        using var exported = new LoadedModel(OpenedModel.Open(folder.File("hf")));
        Assert.Equal(measured, Measure(exported, graph), 1e-3);
        Assert.Contains("behind layer 1 of", File.ReadAllText(folder.File("hf/README.md")), StringComparison.Ordinal);
        Assert.Contains(
            ModelExport.ToGguf(opened, folder.File("run.gguf"), GgufTensorType.F32, null,
                TestContext.Current.CancellationToken),
            note => note.Contains("behind layer 1", StringComparison.Ordinal));
    }

    private static double Measure(LoadedModel model, KnowledgeGraph graph)
    {
        var ranked = CompletionEvaluation.Rank(
            model.Decoder, graph, new TextIndex(graph, model.Wording), CompletionQuery.Of(graph, graph.Valid),
            new KnownFacts(graph, graph.Train, graph.Valid), null, default);
        return CompletionMetrics.Of(ranked.Select(item => item.Rank))!.MeanReciprocalRank;
    }
}
