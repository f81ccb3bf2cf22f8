using Kalm.Graph;
using Kalm.Graph.Checks;

namespace Kalm.Tests;

/// <summary>The sample graph is large enough to learn from, and its valid and test facts are neither given away nor out of reach.</summary>
public sealed class SampleWorldTests
{
    private const int MostWords = 25;

    private static readonly KnowledgeGraph World = KnowledgeGraph.Load(Path.Combine(RepositoryRoot(), "samples", "world"));

    [Fact]
    public void It_is_read_as_a_KaLM_folder_without_warnings()
    {
        Assert.StartsWith("KaLM folder", World.Format, StringComparison.Ordinal);
        Assert.Empty(World.Warnings);
        Assert.Equal(default, World.RepeatedTriples);
        Assert.Equal(default, World.TriplesAlsoInTrain);
    }

    [Fact]
    public void It_is_large_enough()
    {
        var distinct = Everything().Distinct().Count();
        Assert.Equal(World.Train.Count + World.Valid.Count + World.Test.Count, distinct);
        Assert.True(distinct >= 1500, $"{distinct} triples");
        Assert.True(World.Entities.Count >= 400, $"{World.Entities.Count} entities");
        Assert.InRange(World.Valid.Count, distinct * 4 / 100, distinct * 7 / 100);
        Assert.InRange(World.Test.Count, distinct * 8 / 100, distinct * 11 / 100);
    }

    [Fact]
    public void Names_are_unique_and_begin_their_descriptions()
    {
        Assert.Equal(World.Entities.Count, World.Entities.Select(entity => entity.Name.ToUpperInvariant()).Distinct().Count());
        Assert.All(World.Entities, entity =>
        {
            Assert.StartsWith(entity.Name + ", ", entity.Description, StringComparison.Ordinal);
            Assert.InRange(entity.Description.Split(' ').Length, 8, MostWords);
        });
    }

    [Fact]
    public void No_pair_stands_in_two_splits()
    {
        var train = World.Train.Select(Pair).ToHashSet();
        var valid = World.Valid.Select(Pair).ToHashSet();
        Assert.All(World.Valid, triple => Assert.False(train.Contains(Pair(triple)), Words(triple)));
        Assert.All(World.Test, triple => Assert.False(train.Contains(Pair(triple)) || valid.Contains(Pair(triple)), Words(triple)));
    }

    [Fact]
    public void No_text_gives_a_held_out_fact_away()
    {
        Assert.All(HeldOut(), triple =>
        {
            var (head, tail) = (World.Entities[triple.Head], World.Entities[triple.Tail]);
            Assert.DoesNotContain(tail.Name, head.Description, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(head.Name, tail.Description, StringComparison.OrdinalIgnoreCase);
            var relation = World.Relations[triple.Relation];
            Assert.DoesNotContain(tail.Name, relation.Text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(head.Name, relation.InverseText, StringComparison.OrdinalIgnoreCase);
        });
    }

    [Fact]
    public void No_query_is_leaked()
    {
        var leaked = new LeakedQueries(World);
        foreach (var triple in HeldOut())
            foreach (var side in new[] { Side.Tail, Side.Head })
                Assert.False(leaked.IsLeaked(World.Row(triple, side)), Words(triple));
    }

    [Fact]
    public void A_like_case_in_train_points_to_every_held_out_fact()
    {
        string[] continental = ["on_continent", "part_of_continent"];
        var near = World.Entities.Select(_ => new HashSet<int>()).ToArray();
        foreach (var triple in World.Train.Where(triple => !continental.Contains(World.Relations[triple.Relation].Id)))
        {
            near[triple.Head].Add(triple.Tail);
            near[triple.Tail].Add(triple.Head);
        }
        Assert.All(HeldOut(), triple => Assert.True(
            World.Train.Any(other => other.Relation == triple.Relation && other.Tail == triple.Tail &&
                (near[triple.Head].Contains(other.Head) || near[triple.Head].Overlaps(near[other.Head]))),
            Words(triple)));
    }

    [Fact]
    public void Borders_are_mutual_within_their_split()
    {
        var borders = World.RelationIndex("borders");
        Assert.True(World.Relations[borders].IsSymmetric);
        foreach (var split in new[] { World.Train, World.Valid, World.Test })
        {
            var facts = split.Where(triple => triple.Relation == borders).ToHashSet();
            Assert.All(facts, triple => Assert.True(facts.Contains(new Triple(triple.Tail, borders, triple.Head)), Words(triple)));
        }
    }

    [Theory]
    [InlineData("paris", "capital_of", "france")]
    [InlineData("portugal", "borders", "spain")]
    [InlineData("japan", "uses_currency", "yen")]
    [InlineData("western_africa", "part_of_continent", "africa")]
    public void It_knows_well_known_facts(string head, string relation, string tail)
    {
        Assert.Contains(new Triple(World.EntityIndex(head), World.RelationIndex(relation), World.EntityIndex(tail)), Everything());
    }

    private static IEnumerable<Triple> HeldOut() => World.Valid.Concat(World.Test);

    private static IEnumerable<Triple> Everything() => World.Train.Concat(HeldOut());

    private static (int, int) Pair(Triple triple) => (Math.Min(triple.Head, triple.Tail), Math.Max(triple.Head, triple.Tail));

    private static string Words(Triple triple) =>
        $"{World.Entities[triple.Head].Id} {World.Relations[triple.Relation].Id} {World.Entities[triple.Tail].Id}";

    private static string RepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Kalm.slnx")))
                return folder.FullName;
        throw new DirectoryNotFoundException($"no Kalm.slnx above {AppContext.BaseDirectory}");
    }
}
