using Kalm.Graph;
using Kalm.Graph.Checks;

namespace Kalm.Tests.Graph;

public sealed class RelationPatternTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Functional_inverse_functional_and_symmetric_relations_are_told_apart()
    {
        // Capitals are one each; a country borders several, mutually; a river flows through many, and many through a country.
        var graph = Load("""
            head,relation,tail
            Paris,capital of,France
            Berlin,capital of,Germany
            France,borders,Germany
            Germany,borders,France
            Germany,borders,Poland
            Poland,borders,Germany
            Poland,borders,Czechia
            Czechia,borders,Poland
            Rhine,flows through,Germany
            Rhine,flows through,France
            Oder,flows through,Germany
            Oder,flows through,Poland
            Oder,flows through,Czechia
            Seine,flows through,France
            Paris,in,France
            Lyon,in,France
            Berlin,in,Germany
            Bonn,in,Germany

            """);
        var patterns = RelationPattern.Of(graph).Zip(graph.Relations).ToDictionary(pair => pair.Second.Id, pair => pair.First);
        Assert.Equal(("1-1", 1, 1, 0.0), Numbers("capital of"));
        Assert.Equal(("N-N", 1.5, 1.5, 1.0), Numbers("borders"));
        Assert.True(patterns["borders"].IsSymmetric);
        Assert.Equal(("N-N", 2, 1.5, 0.0), Numbers("flows through"));
        Assert.Equal(("N-1", 1, 2, 0.0), Numbers("in"));
        // Without types the other relations that a side stands in tell what it is.
        Assert.Equal(new KindShare("in", 1), patterns["capital of"].Heads.Single());
        Assert.Contains(new KindShare("borders", 1), patterns["capital of"].Tails);
        Assert.Equal(new KindShare("capital of", 0.5), patterns["in"].Heads.Single());
        // A relation tells nothing of its own sides, and one that is read alike both ways counts once.
        Assert.DoesNotContain(patterns["borders"].Heads, kind => kind.Kind.Contains("borders", StringComparison.Ordinal));
        Assert.All(patterns.Values.SelectMany(pattern => pattern.Heads.Concat(pattern.Tails)), kind => Assert.InRange(kind.Share, 0, 1));

        (string, double, double, double) Numbers(string relation) => (patterns[relation].Cardinality, patterns[relation].TailsPerHead,
            patterns[relation].HeadsPerTail, patterns[relation].Symmetry);
    }

    [Fact]
    public void Types_tell_what_a_side_is_where_there_are_any()
    {
        var graph = KnowledgeGraph.Load(folder.Write("typed.nt", """
            <http://x/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://x/Person> .
            <http://x/b> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://x/Person> .
            <http://x/c> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://x/City> .
            <http://x/a> <http://x/lives_in> <http://x/c> .
            <http://x/b> <http://x/lives_in> <http://x/c> .
            <http://x/a> <http://x/knows> <http://x/b> .

            """));
        var livesIn = RelationPattern.Of(graph)[graph.RelationIndex("http://x/lives_in")];
        Assert.Equal([new KindShare(graph.Entities[graph.EntityIndex("http://x/a")].Types[0], 1)], livesIn.Heads);
        Assert.Equal([new KindShare(graph.Entities[graph.EntityIndex("http://x/c")].Types[0], 1)], livesIn.Tails);
    }

    [Fact]
    public void A_relation_without_train_facts_has_no_pattern()
    {
        using var files = SmallGraph.Kalm();
        var graph = files.Load();
        var used = graph.Train.Select(triple => triple.Relation).ToHashSet();
        foreach (var (index, pattern) in RelationPattern.Of(graph).Index())
            Assert.Equal(used.Contains(index), pattern.TailsPerHead > 0);
    }

    private KnowledgeGraph Load(string lines) => KnowledgeGraph.Load(folder.Write("own.csv", lines));

    public void Dispose() => folder.Dispose();
}
