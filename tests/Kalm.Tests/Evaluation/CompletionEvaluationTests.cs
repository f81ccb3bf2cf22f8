using Kalm.Distributed;
using Kalm.Evaluation;
using Kalm.Evaluation.Vectors;
using Kalm.Representation;
using TorchSharp;

namespace Kalm.Tests.Evaluation;

public class CompletionEvaluationTests : TorchTest
{
    [Fact]
    public void Entities_whose_vectors_are_there_rank_as_those_that_are_encoded_for_it()
    {
        using var folder = new TemporaryFolder();
        using var files = FamilyGraph.Make();
        var graph = files.Load();
        using var model = new LoadedModel(OpenedModel.Open(TinyModel.Make(folder, graph)), threads: 2);
        var texts = new TextIndex(graph, model.Wording);
        var queries = CompletionQuery.Of(graph, graph.Test);
        var cancellation = TestContext.Current.CancellationToken;
        using var encoded = EncodedTexts.WithEntities(model.Decoder, texts, [], Alone.Instance, null, cancellation);

        var expected = CompletionEvaluation.Rank(model.Decoder, graph, texts, queries, graph.TrainFacts, null, cancellation);
        var ranked = CompletionEvaluation.Rank(
            model.Decoder, graph, texts, encoded.Entities!, queries, graph.TrainFacts, null, cancellation);

        Assert.Equal(queries, ranked.Select(item => item.Query));
        Assert.Equal(expected.Select(item => (item.Rank, item.BestCandidate)), ranked.Select(item => (item.Rank, item.BestCandidate)));
        foreach (var (first, second) in expected.Zip(ranked))
            Assert.Equal(first.GoldScore, second.GoldScore, 1e-5);
        using var few = new EntityVectorTensor(torch.ones([3, 128]));
        Assert.Contains("found 3 vectors", Assert.Throws<KalmException>(() => CompletionEvaluation.Rank(
            model.Decoder, graph, texts, few, queries, graph.TrainFacts, null, cancellation)).Message, StringComparison.Ordinal);
    }
}
