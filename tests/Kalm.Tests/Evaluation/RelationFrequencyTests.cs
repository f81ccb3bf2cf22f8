using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Evaluation;

public class RelationFrequencyTests
{
    [Fact]
    public void A_candidate_ranks_by_how_often_it_answers_the_relation_in_train()
    {
        // Of has_part, wheel is the answer twice and spoke once; nothing else is.
        using var folder = SmallGraph.Kalm()
            .With("train.txt", "car\t_has_part\twheel\ntruck\t_has_part\twheel\nwheel\t_has_part\tspoke\n")
            .With("valid.txt", "").With("test.txt", "spoke\t_has_part\tspoke\ncar\t_has_part\tspoke\ncar\t_has_part\ttruck\n");
        var graph = folder.Load();
        var queries = CompletionQuery.Of(graph, graph.Test).Where(query => query.Side == Side.Tail).ToList();
        var ranks = RelationFrequency.Rank(graph, queries, new KnownFacts(graph, graph.Train));
        // Nothing is known of spoke, so wheel is before its answer; of car wheel is known and left out; car and truck tie below spoke.
        Assert.Equal([new FilteredRank(2, 2), new FilteredRank(1, 1), new FilteredRank(2, 3)], ranks);
    }

    [Theory]
    [InlineData("car", "a CAR with parts", true)]
    [InlineData("car", "a cart and a scar", false)]
    [InlineData("truck", "has wheel", false)]
    public void An_answer_is_held_when_its_name_stands_in_the_text_as_whole_words(string answer, string text, bool isHeld)
    {
        using var folder = SmallGraph.Kalm().With("entityId2text.dict", $"0\tcar\n1\twheel\n2\tspoke, {text}\n3\ttruck\n");
        var graph = folder.Load();
        var query = new CompletionQuery(default, Side.Tail, graph.EntityIndex("spoke"), 0, graph.EntityIndex(answer), false);
        Assert.Equal(isHeld, AnswerInText.Holds(graph, query));
    }
}
