using System.Globalization;
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

    [Theory]
    [InlineData("Q{0}", true)]
    [InlineData("/m/0{0}rn", true)]
    [InlineData("CHEBI:{0}", true)]
    [InlineData("{0}", true)]
    [InlineData("3f2a9bcd-{0}", true)]
    [InlineData("Person{1} the {0}th", false)]
    [InlineData("Paris", false)]
    [InlineData("東京{1}", false)]
    public void Codes_without_a_description_are_described_by_facts_unless_told_otherwise(string pattern, bool isCode)
    {
        // {0} is a number, {1} letters of its own.
        string[] ids = [.. Enumerable.Range(100, 150).Select(number => string.Format(CultureInfo.InvariantCulture, pattern, number,
            new string([.. $"{number}".Select(digit => (char)('a' + digit - '0'))])) + (pattern == "Paris" ? new string('s', number - 99) : ""))];
        var lines = string.Concat(ids.Select((id, index) => $"{id}\tknows\t{ids[(index + 1) % 150]}\n{id}\tlikes\t{ids[(index + 7) % 150]}\n"));
        var path = folder.Write("codes.tsv", lines);
        var graph = KnowledgeGraph.Load(path);
        Assert.Equal(isCode ? 4 : 0, graph.NeighboursInText);
        Assert.Equal(isCode, graph.Asked.Count < graph.Train.Count);
        Assert.Equal(isCode, graph.Warnings.Any(warning => warning.Contains("--neighbours-in-text 0", StringComparison.Ordinal)));
        Assert.Equal(0, KnowledgeGraph.Load(path, new GraphOptions { NeighboursInText = 0 }).NeighboursInText);
        Assert.Equal(0, KnowledgeGraph.Load(path, new GraphOptions { Texts = folder.Write("t.tsv", $"{ids[0]}\ta text\n") }).NeighboursInText);
    }

    [Fact]
    public void Codes_of_which_much_is_known_are_learned_as_they_are()
    {
        var lines = Enumerable.Range(0, 120)
            .SelectMany(head => Enumerable.Range(1, 25).Select(step => $"Q{head}\tknows\tQ{(head + step) % 120}\n"));
        var path = folder.Write("dense.tsv", string.Concat(lines));
        Assert.Equal(0, KnowledgeGraph.Load(path).NeighboursInText);
        Assert.Equal(4, KnowledgeGraph.Load(path, new GraphOptions { NeighboursInText = 4 }).NeighboursInText);
    }

    [Fact]
    public void Codes_that_no_fact_can_be_spared_for_are_as_if_nothing_was_asked()
    {
        var graph = KnowledgeGraph.Load(folder.Write("one.tsv", "Q1\tknows\tQ2\n"));
        Assert.Equal(0, graph.NeighboursInText);
        Assert.Single(graph.Asked);
        Assert.DoesNotContain(graph.Warnings, warning => warning.Contains("neighbours", StringComparison.Ordinal));
    }

    private static (string, string)[] Words(KnowledgeGraph graph, Triple fact) =>
    [
        (graph.Entities[fact.Head].Name, $"{graph.Relations[fact.Relation].Text} {graph.Entities[fact.Tail].Name}"),
        (graph.Entities[fact.Tail].Name, $"{graph.Relations[fact.Relation].InverseText} {graph.Entities[fact.Head].Name}"),
    ];

    public void Dispose() => folder.Dispose();
}
