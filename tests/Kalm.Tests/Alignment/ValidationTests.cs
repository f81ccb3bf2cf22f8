using Kalm.Alignment;
using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Language.Model;
using Kalm.Representation;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Alignment;

public class ValidationTests : TorchTest
{
    [Fact]
    public void Validation_removes_the_facts_of_train_and_valid_but_never_those_of_test()
    {
        using var folder = new TemporaryFolder();
        using var files = SmallGraph.Kalm()
            .With("entities.dict", string.Concat(Enumerable.Range(0, 20).Select(index => $"{index}\te{index}\n")))
            .With("entityId2text.dict",
                string.Concat(Enumerable.Range(0, 20).Select(index => $"{index}\tthing {index * index}, the {index}th of its kind\n")))
            .With("train.txt", "e0\t_has_part\te1\n")
            .With("valid.txt", "e0\t_has_part\te2\ne0\t_has_part\te3\n")
            .With("test.txt", string.Concat(Enumerable.Range(4, 16).Select(index => $"e0\t_has_part\te{index}\n")));
        var graph = files.Load();
        using var model = CausalModel.Load(TinyModel.Make(folder, graph));
        using var decoder = new DecoderPool(model, null, null, 1);
        var texts = new TextIndex(graph, new Wording(model.Tokenizer, new WordingOptions()));

        var measured = new Validation(decoder, graph, texts, new AlignmentOptions()).Measure(null, TestContext.Current.CancellationToken);

        Assert.Equal(Ranked(graph.Train, graph.Valid), measured);
        Assert.NotEqual(Ranked(graph.Train, graph.Valid, graph.Test), measured);

        CompletionMetrics Ranked(params IReadOnlyList<Triple>[] splits) => CompletionMetrics.Of(CompletionEvaluation.Rank(
            decoder, graph, texts, CompletionQuery.Of(graph, graph.Valid), new KnownFacts(graph, splits), null, default)
            .Select(item => item.Rank))!;
    }
}
