using Kalm.Alignment;
using Kalm.Graph;

namespace Kalm.Tests.Graph.Readers;

public sealed class NeighbourTextsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private KnowledgeGraph Load(int most, string? texts = null, long seed = 1) => KnowledgeGraph.Load(
        folder.Write("g.tsv", People.Lines(fact => $"{fact.Head}\t{fact.Relation}\t{fact.Tail}")),
        new GraphOptions { NeighboursInText = most, Texts = texts, Seed = seed });

    [Fact]
    public void Facts_describe_what_has_no_description_and_are_not_asked_about()
    {
        var graph = Load(2);
        People.AssertRead(graph);
        var inTexts = graph.Train.Except(graph.Asked).ToList();
        Assert.NotEmpty(inTexts);
        Assert.Equal(graph.Train.Where(fact => !inTexts.Contains(fact)), graph.Asked);
        foreach (var entity in graph.Entities)
            Assert.StartsWith(entity.Name, entity.Description, StringComparison.Ordinal);
        // Each fact in a text stands at one end at least, and no text holds any other.
        var said = graph.Entities.SelectMany(entity => entity.Description.Split(", ").Skip(1).Select(words => (entity.Name, words)))
            .ToHashSet();
        Assert.All(inTexts, fact => Assert.True(said.Overlaps(Words(graph, fact))));
        Assert.Subset(inTexts.SelectMany(fact => Words(graph, fact)).ToHashSet(), said);
        Assert.All(graph.Entities, entity => Assert.InRange(entity.Description.Split(", ").Length, 1, 3));
        // Half of what is known of each entity and relation stays to be asked about.
        foreach (var (all, asked) in new[] { Uses(graph.Train).Zip(Uses(graph.Asked)) }.SelectMany(pairs => pairs))
            Assert.InRange(asked, (all + 1) / 2, all);
        Assert.Contains($"{inTexts.Count} of 68", Assert.Single(graph.Warnings), StringComparison.Ordinal);

        int[] Uses(IReadOnlyList<Triple> facts) =>
        [
            .. graph.Entities.Select((_, entity) => facts.Count(fact => fact.Head == entity) + facts.Count(fact => fact.Tail == entity)),
            .. graph.Relations.Select((_, relation) => facts.Count(fact => fact.Relation == relation)),
        ];
    }

    [Fact]
    public void No_question_of_training_holds_its_answer()
    {
        var graph = Load(4);
        var sampler = new RowSampler(graph, 8, true, 1);
        var rows = Enumerable.Range(0, 40).SelectMany(step => new InducedFacts(graph).AddTo(sampler.Batch(step))).ToList();
        Assert.All(rows, row => Assert.DoesNotContain(
            $"{graph.DirectedRelationText(row.DirectedRelation)} {graph.Entities[row.Tail].Name}",
            graph.Entities[row.Head].Description.Split(", ")));
        Assert.Equal(graph.Asked.Count, rows.Where(row => row.DirectedRelation < graph.RelationCount).Distinct().Count());
    }

    [Fact]
    public void What_has_a_description_keeps_it_and_the_seed_decides()
    {
        var graph = Load(2, folder.Write("texts.tsv", "City 1\tCity 1, by the river\n"));
        Assert.Equal("City 1, by the river", graph.Entities[graph.EntityIndex("City 1")].Description);
        Assert.Equal(Load(2).Asked, Load(2).Asked);
        Assert.NotEqual(Load(2).Asked, Load(2, seed: 2).Asked);
        var plain = Load(0);
        Assert.Same(plain.Train, plain.Asked);
    }

    private static (string, string)[] Words(KnowledgeGraph graph, Triple fact) =>
    [
        (graph.Entities[fact.Head].Name, $"{graph.Relations[fact.Relation].Text} {graph.Entities[fact.Tail].Name}"),
        (graph.Entities[fact.Tail].Name, $"{graph.Relations[fact.Relation].InverseText} {graph.Entities[fact.Head].Name}"),
    ];

    public void Dispose() => folder.Dispose();
}
