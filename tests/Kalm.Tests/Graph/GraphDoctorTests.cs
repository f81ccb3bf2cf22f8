using Kalm.Graph;
using Kalm.Graph.Checks;

namespace Kalm.Tests.Graph;

public class GraphDoctorTests
{
    [Fact]
    public void Finds_nothing_in_a_clean_graph()
    {
        using var files = PlantedGraph.Clean();
        Assert.Empty(GraphDoctor.Examine(files.Load()));
    }

    [Theory]
    [InlineData("duplicate triples", FindingSeverity.Note, "train.txt(63): (e0, _links, e1)")]
    [InlineData("held-out triples in train", FindingSeverity.Serious, "test (e1, _links, e2)")]
    [InlineData("reverse pairs in train", FindingSeverity.Note, "(e3, _links, e4) and (e4, _likes, e3)")]
    [InlineData("relations that are mostly symmetric", FindingSeverity.Note, "_near: 100 % of 1 pairs")]
    [InlineData("text twins", FindingSeverity.Warning, "e6 = e7: 'a thing like another'", 2)]
    [InlineData("truncated texts", FindingSeverity.Note, "e8: 40")]
    [InlineData("queries that hold their answer", FindingSeverity.Warning, "'the one before E10, links to' holds 'e10'")]
    [InlineData("entities unseen in train", FindingSeverity.Warning, "e12")]
    [InlineData("hubs", FindingSeverity.Note, "hub: 51 (72.9 %)")]
    public void Finds_each_planted_fault(string name, FindingSeverity severity, string example, int count = 1)
    {
        using var files = PlantedGraph.Faulty();
        var finding = Assert.Single(GraphDoctor.Examine(files.Load()), finding => finding.Name == name);
        Assert.Equal(count, finding.Count);
        Assert.Equal(severity, finding.Severity);
        Assert.Equal([example], finding.Examples);
        Assert.NotEmpty(finding.Explanation);
    }

    [Fact]
    public void Finds_no_fault_that_was_not_planted()
    {
        using var files = PlantedGraph.Faulty();
        Assert.Equal(9, GraphDoctor.Examine(files.Load()).Count);
    }

    [Fact]
    public void Shows_three_examples_at_most_and_tells_where_answers_are_held()
    {
        using var files = FamilyGraph.Make();
        var graph = files.Load();
        var finding = Assert.Single(GraphDoctor.Examine(graph), finding => finding.Name == "queries that hold their answer");
        Assert.Equal(3, finding.Examples.Count);
        var kinds = new[] { graph.Train, graph.Valid, graph.Test }.Select(split => split.Count(triple => triple.Relation == 0)).ToArray();
        Assert.Equal(kinds.Sum(), finding.Count);
        Assert.EndsWith($"train {kinds[0]}, valid {kinds[1]}, test {kinds[2]}", finding.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void Texts_can_be_measured_otherwise()
    {
        using var files = PlantedGraph.Clean();
        var finding = Assert.Single(GraphDoctor.Examine(files.Load(), new TextLimit(20, "letters", text => text.Length)));
        Assert.Equal("truncated texts", finding.Name);
        Assert.StartsWith("descriptions longer than 20 letters;", finding.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void A_relation_with_equal_texts_is_said_to_be_so()
    {
        using var files = SmallGraph.Kalm();
        var finding = Assert.Single(GraphDoctor.Examine(files.Load()), finding => finding.Name == "relations that are mostly symmetric");
        Assert.Equal(["_similar_to: 100 % of 1 pairs, and its texts are equal"], finding.Examples);
    }
}
