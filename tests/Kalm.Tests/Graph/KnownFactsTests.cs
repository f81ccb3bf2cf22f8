using Kalm.Graph;

namespace Kalm.Tests.Graph;

public class KnownFactsTests
{
    [Fact]
    public void Answers_queries_in_both_directions_sorted_and_distinct()
    {
        using var files = SmallGraph.Kalm()
            .With("train.txt", "car\t_has_part\tspoke\ncar\t_has_part\twheel\ntruck\t_has_part\twheel\ncar\t_similar_to\ttruck\n")
            .With("test.txt", "car\t_has_part\twheel\nwheel\t_has_part\tspoke\n");
        var graph = files.Load();
        var facts = new KnownFacts(graph, graph.Train, graph.Valid, graph.Test);
        Assert.Equal([1, 2], facts.Answers(0, 0).ToArray());
        Assert.Equal([0, 3], facts.Answers(1, 2).ToArray());
        Assert.Equal([0, 1], facts.Answers(2, 2).ToArray());
        Assert.True(facts.Answers(2, 0).IsEmpty);
        Assert.True(facts.Contains(1, 2, 3));
        Assert.False(facts.Contains(1, 0, 3));
    }

    [Fact]
    public void A_symmetric_relation_is_known_only_as_written()
    {
        // The evaluation protocol goes by ids; that both directions read the same is for the training mask, which goes by texts.
        using var files = SmallGraph.Kalm();
        var graph = files.Load();
        var facts = new KnownFacts(graph, graph.Train);
        Assert.Equal([3], facts.Answers(0, 1).ToArray());
        Assert.Equal([0], facts.Answers(3, 3).ToArray());
        Assert.True(facts.Answers(3, 1).IsEmpty);
        Assert.True(facts.Answers(0, 3).IsEmpty);
    }

    [Fact]
    public void Holds_only_the_splits_it_was_built_from()
    {
        using var files = SmallGraph.Kalm();
        var graph = files.Load();
        Assert.False(new KnownFacts(graph, graph.Train).Contains(3, 0, 1));
        Assert.True(new KnownFacts(graph, graph.Train, graph.Valid).Contains(3, 0, 1));
        Assert.True(new KnownFacts(graph).Answers(0, 0).IsEmpty);
    }

    [Fact]
    public void Agrees_with_a_plain_set_on_random_triples()
    {
        var random = new Random(7);
        using var files = SmallGraph.Kalm();
        var graph = files.Load();
        for (var round = 0; round < 50; round++)
        {
            var triples = Enumerable.Range(0, random.Next(12))
                .Select(_ => new Triple(random.Next(4), random.Next(2), random.Next(4))).ToArray();
            var rows = triples.SelectMany(triple => new[] { graph.Row(triple, Side.Tail), graph.Row(triple, Side.Head) }).ToHashSet();
            var facts = new KnownFacts(graph, triples);
            for (var entity = 0; entity < 4; entity++)
                for (var directed = 0; directed < 4; directed++)
                    Assert.Equal(
                        rows.Where(row => row.Head == entity && row.DirectedRelation == directed).Select(row => row.Tail).Order(),
                        facts.Answers(entity, directed).ToArray());
        }
    }
}
