using Kalm.Graph;
using Kalm.Graph.Checks;

namespace Kalm.Tests.Graph;

public class LeakedQueriesTests
{
    [Fact]
    public void Both_queries_of_a_reversed_symmetric_triple_are_leaked()
    {
        using var files = SmallGraph.Kalm();   // train: car similar to truck; test: truck similar to car
        var graph = files.Load();
        var leaked = new LeakedQueries(graph);
        Assert.True(leaked.IsLeaked(graph.Row(graph.Test[0], Side.Tail)));
        Assert.True(leaked.IsLeaked(graph.Row(graph.Test[0], Side.Head)));
    }

    [Fact]
    public void A_reversed_triple_of_a_relation_with_two_texts_is_not_leaked()
    {
        using var files = SmallGraph.Kalm().With("test.txt", "wheel\t_has_part\tcar\n");   // train: car has part wheel
        var graph = files.Load();
        Assert.False(new LeakedQueries(graph).IsLeaked(1, 0, 0));
        Assert.False(new LeakedQueries(graph).IsLeaked(0, 2, 1));
    }

    [Fact]
    public void A_symmetric_triple_that_is_not_in_train_is_not_leaked()
    {
        using var files = SmallGraph.Kalm().With("test.txt", "wheel\t_similar_to\tcar\n");   // train: car has part wheel
        var graph = files.Load();
        Assert.False(new LeakedQueries(graph).IsLeaked(graph.Row(graph.Test[0], Side.Tail)));
    }

    [Fact]
    public void A_relation_whose_text_is_the_inverse_text_of_another_leaks()
    {
        using var files = SmallGraph.Kalm()
            .With("relations.dict", "0\t_has_part\n1\t_similar_to\n2\t_part_of\n")
            .With("relationId2text.dict", "0\thas part\n1\tsimilar to\n2\tpart of\n")
            .With("relationId2text_inverse.dict", "0\tpart of\n1\tsimilar to\n2\tcontains\n")
            .With("test.txt", "wheel\t_part_of\tcar\n");   // train: car has part wheel
        var graph = files.Load();
        var leaked = new LeakedQueries(graph);
        Assert.True(leaked.IsLeaked(graph.Row(graph.Test[0], Side.Tail)));    // wheel, part of -> car is read off train
        Assert.False(leaked.IsLeaked(graph.Row(graph.Test[0], Side.Head)));   // car, contains -> wheel is worded otherwise
    }
}
