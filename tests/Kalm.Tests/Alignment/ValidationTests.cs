using Kalm.Alignment;
using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Language.Execution;
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

        var measured = new Validation(decoder, graph, texts, new AlignmentOptions()).Measure(null, TestContext.Current.CancellationToken)!;

        Assert.Equal(Ranked(graph.Train, graph.Valid), measured);
        Assert.NotEqual(Ranked(graph.Train, graph.Valid, graph.Test), measured);

        CompletionMetrics Ranked(params IReadOnlyList<Triple>[] splits) => CompletionMetrics.Of(CompletionEvaluation.Rank(
            decoder, graph, texts, CompletionQuery.Of(graph, graph.Valid), new KnownFacts(graph, splits), null, default)
            .Select(item => item.Rank))!;
    }

    [Fact]
    public void Ranks_among_some_entities_are_those_of_all_vectors_with_the_others_left_out()
    {
        using var folder = new TemporaryFolder();
        var graph = KnowledgeGraph.Load(folder.Write("g.tsv", string.Concat(Enumerable.Range(0, 60).Select(
            index => $"thing {index * index}\tknows\tthing {(index + 1) * (index + 1)}\n"))),
            new GraphOptions { Split = SplitShares.Parse("0.8,0.1,0.1") });
        using var model = CausalModel.Load(TinyModel.Make(folder, graph));
        using var decoder = new DecoderPool(model, null, null, 1);
        var texts = new TextIndex(graph, new Wording(model.Tokenizer, new WordingOptions()));
        var (queries, known) = (CompletionQuery.Of(graph, graph.Valid), new KnownFacts(graph, graph.Train, graph.Valid));
        int[] among = [.. queries.Select(query => query.Answer).Concat(Enumerable.Range(0, 20)).Distinct().Order()];
        var stop = TestContext.Current.CancellationToken;

        var expected = CompletionEvaluation.Rank(decoder, graph, texts, queries, known, null, stop, among).Select(item => item.Rank);
        Assert.Equal(expected, CompletionEvaluation.RankAmong(decoder, texts, queries, known, among, null, stop).Select(item => item.Rank));

        var options = new AlignmentOptions();
        Assert.Null(new Validation(decoder, graph, texts, options).Note);
        var few = new Validation(decoder, graph, texts, options with { Budget = options.Budget with { ValidationCandidates = 30 } });
        Assert.Contains("among 30 of 61 entities", few.Note, StringComparison.Ordinal);
        var all = new Validation(decoder, graph, texts, options);
        Assert.True(few.Measure(null, stop)!.MeanReciprocalRank >= all.Measure(null, stop)!.MeanReciprocalRank);
    }
}
