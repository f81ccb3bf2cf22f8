using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Language.Sources.Gguf;
using Kalm.Representation;

namespace Kalm.Tests.Alignment;

public sealed class PrefixAttentionTests : TorchTest
{
    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    public void A_run_trains_it_and_every_reader_takes_it(int? trainedLayers)
    {
        using var folder = new TemporaryFolder();
        using var files = FamilyGraph.Make();
        var graph = files.Load();
        var options = new AlignmentOptions
        {
            Method = trainedLayers is null ? AlignmentMethod.Full : AlignmentMethod.Lora,
            Threads = 2, Budget = new BudgetOptions { Steps = 40, Validations = 2 },
            Batches = new BatchOptions { Triples = 24 },
            Lora = new LoraOptions { TrainedLayers = trainedLayers },
            Optimizer = new OptimizerOptions { WarmupSteps = 2, LearningRate = 0.01 },
            Wording = new WordingOptions(Attention: DescriptionAttention.Prefix),
        };
        var run = AlignmentRun.Execute(
            new AlignmentInputs(TinyModel.Make(folder, graph), files.Path, folder.File("run")), options,
            cancellation: TestContext.Current.CancellationToken);
        Assert.True(run.Validations[^1].MeanReciprocalRank > run.Validations[0].MeanReciprocalRank, string.Join(' ', run.Validations));

        using var opened = OpenedModel.Open(folder.File("run"));
        using var model = new LoadedModel(opened);
        Assert.Equal(DescriptionAttention.Prefix, opened.Settings.Wording.Attention);
        var texts = new TextIndex(graph, model.Wording);
        var ranked = CompletionEvaluation.Rank(
            model.Decoder, graph, texts, CompletionQuery.Of(graph, graph.Valid), new KnownFacts(graph, graph.Train, graph.Valid), null,
            TestContext.Current.CancellationToken);
        Assert.Equal(
            run.Validations.Max(validation => validation.MeanReciprocalRank),
            CompletionMetrics.Of(ranked.Select(item => item.Rank))!.MeanReciprocalRank, 1e-3);

        // What a server encodes of a text that it is given is what the graph's text has; causally read it is another vector.
        var one = Vector(model.Wording);
        using var expected = Encoder.Encode(
            model.Decoder, new Forest(texts, [texts.EntityText[0]], []).Rows, null, TestContext.Current.CancellationToken);
        Assert.Equal(expected.data<float>().ToArray(), one, (left, right) => Math.Abs(left - right) < 1e-5);
        var causal = Vector(new Wording(model.Model.Tokenizer, opened.Settings.Wording with { Attention = null }));
        Assert.True(one.Zip(causal, (left, right) => Math.Abs(left - right)).Max() > 1e-3);

        Assert.Contains(
            ModelExport.ToGguf(opened, folder.File("run.gguf"), GgufTensorType.F32, null, TestContext.Current.CancellationToken),
            note => note.Contains("other programs' vectors are causal", StringComparison.Ordinal));

        float[] Vector(Wording wording)
        {
            var request = new ViewRequest(wording.Description(graph.Entities[0].Description), true, []);
            using var vectors = Encoder.Encode(
                model.Decoder, new ViewForest(wording, [request]).Rows, null, TestContext.Current.CancellationToken);
            return vectors.data<float>().ToArray();
        }
    }

    [Fact]
    public void The_strings_of_the_paper_share_no_description_to_see() => Assert.Contains(
        "wording.attention: found prefix; expected causal",
        Assert.Throws<KalmException>(() => new AlignmentOptions
        {
            Wording = new WordingOptions(WordingStyle.Compat, Attention: DescriptionAttention.Prefix),
        }.Validated()).Message, StringComparison.Ordinal);
}
