using Kalm.Graph;

namespace Kalm.Tests.Graph;

public sealed class TripleDivisionTests : IDisposable
{
    private static readonly SplitShares Usual = new(0.8, 0.1, 0.1);
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(-5_000_000_000)]
    public void All_triples_of_two_entities_stay_in_one_split_and_every_relation_in_train(long seed)
    {
        var graph = Load(RandomLines(), Usual, seed);
        var whole = KnowledgeGraph.Load(graph.Path);
        var splits = new[] { graph.Train, graph.Valid, graph.Test };
        Assert.Equal(whole.Train.Order(ByIds), splits.SelectMany(split => split).Order(ByIds));
        var splitOf = new Dictionary<(int, int), int>();
        for (var index = 0; index < splits.Length; index++)
            foreach (var triple in splits[index])
            {
                var pair = (Math.Min(triple.Head, triple.Tail), Math.Max(triple.Head, triple.Tail));
                Assert.Equal(index, splitOf.GetValueOrDefault(pair, index));
                splitOf[pair] = index;
            }
        Assert.Equal(Enumerable.Range(0, graph.RelationCount), graph.Train.Select(triple => triple.Relation).Distinct().Order());
        Assert.InRange(graph.Valid.Count, (whole.Train.Count / 10) - 2, (whole.Train.Count / 10) + 1);
        Assert.InRange(graph.Test.Count, (whole.Train.Count / 10) - 2, (whole.Train.Count / 10) + 1);
        Assert.All(splits, split => Assert.Equal(split, whole.Train.Where(split.ToHashSet().Contains)));
    }

    [Fact]
    public void The_same_seed_gives_the_same_split_and_another_seed_another()
    {
        Assert.Equal(Load(RandomLines(), Usual, 3).Fingerprint(), Load(RandomLines(), Usual, 3).Fingerprint());
        Assert.NotEqual(Load(RandomLines(), Usual, 3).Fingerprint(), Load(RandomLines(), Usual, 4).Fingerprint());
    }

    [Fact]
    public void The_format_tells_of_the_split()
    {
        Assert.Equal("table of facts, split 0.8,0.1,0.1 by seed 3", Load(RandomLines(), Usual, 3).Format);
    }

    [Fact]
    public void Every_entity_keeps_a_triple_in_train()
    {
        var graph = Load(RandomLines(), Usual, 2);
        var seen = graph.Train.SelectMany(triple => new[] { triple.Head, triple.Tail }).ToHashSet();
        Assert.Equal(graph.Entities.Count, seen.Count);
    }

    [Fact]
    public void An_inductive_split_keeps_entities_that_train_has_never_seen()
    {
        var graph = Load(RandomLines(), new SplitShares(0.5, 0.25, 0.25) { IsInductive = true }, 2);
        Assert.Equal(300, graph.Train.Count + graph.Valid.Count + graph.Test.Count);
        var seen = graph.Train.SelectMany(triple => new[] { triple.Head, triple.Tail }).ToHashSet();
        Assert.NotEmpty(graph.Test);
        Assert.All(graph.Valid.Concat(graph.Test), triple => Assert.False(seen.Contains(triple.Head) && seen.Contains(triple.Tail)));
        var shares = new SplitShares(0.8, 0.1, 0.1) { IsInductive = true };
        Assert.Equal(shares, SplitShares.Parse("inductive"));
        Assert.Equal(shares, SplitShares.Parse(shares.ToString()));
    }

    [Fact]
    public void A_share_of_zero_leaves_its_split_empty()
    {
        var graph = Load(RandomLines(), new SplitShares(0.9, 0, 0.1), 1);
        Assert.Empty(graph.Valid);
        Assert.NotEmpty(graph.Test);
        Assert.Empty(graph.Warnings);
        Assert.Empty(Load(RandomLines(), new SplitShares(1, 0, 0), 1).Test);
    }

    [Fact]
    public void A_few_triples_still_give_every_split_one()
    {
        var graph = Load("a\tr\tb\nb\tr\tc\nc\tr\ta\na\tr\td\nb\tr\td\n", Usual, 1);
        Assert.Equal((3, 1, 1), (graph.Train.Count, graph.Valid.Count, graph.Test.Count));
    }

    [Fact]
    public void Triples_that_train_cannot_spare_are_not_held_out_and_a_warning_says_so()
    {
        var graph = Load("a\tr\tb\nb\ts\tc\nc\ts\tb\n", Usual, 1);
        Assert.Equal(3, graph.Train.Count);
        Assert.Equal(
            ["split 0.8,0.1,0.1: no triple for valid; the 3 triples are too few, or train needs each for its entities or its relation",
                "split 0.8,0.1,0.1: no triple for test; the 3 triples are too few, or train needs each for its entities or its relation"], graph.Warnings);
    }

    [Fact]
    public void A_folder_without_valid_and_test_can_be_split()
    {
        using var files = SmallGraph.KgBert().Without("dev.tsv").With("test.tsv", "");
        var graph = KnowledgeGraph.Load(files.Path, new GraphOptions { Split = new SplitShares(0.5, 0, 0.5) });
        Assert.Equal((2, 0, 1), (graph.Train.Count, graph.Valid.Count, graph.Test.Count));
        Assert.Equal("KG-BERT folder (.tsv and .txt), split 0.5,0,0.5 by seed 1", graph.Format);
    }

    [Fact]
    public void A_graph_that_is_split_already_is_a_fault()
    {
        using var files = SmallGraph.Kalm();
        var message = Assert.Throws<KalmException>(() => KnowledgeGraph.Load(files.Path, new GraphOptions { Split = Usual })).Message;
        Assert.Equal($"split 0.8,0.1,0.1: {files.Path} has 1 valid and 1 test triples already; expected a graph without them", message);
    }

    [Theory]
    [InlineData(0.8, 0.1, 0.2)]
    [InlineData(0, 0.5, 0.5)]
    [InlineData(1.1, -0.1, 0)]
    [InlineData(double.NaN, 0.5, 0.5)]
    public void Shares_that_do_not_divide_are_a_fault(double train, double valid, double test)
    {
        var shares = new SplitShares(train, valid, test);
        var message = Assert.Throws<KalmException>(() => Load(RandomLines(), shares, 1)).Message;
        Assert.Equal($"split: found {shares}; expected three shares that sum to 1, the first above 0, such as 0.8,0.1,0.1, with inductive "
            + "before them or alone for unseen test entities, or none", message);
        Assert.Null(SplitShares.Parse(shares.ToString()));
    }

    [Fact]
    public void By_default_train_alone_is_divided_and_everything_stays_seen()
    {
        var graph = Load(RandomLines(), SplitShares.Default, 3);
        Assert.Equal((240, 30, 30), (graph.Train.Count, graph.Valid.Count, graph.Test.Count));
        Assert.Equal(new GraphOptions { Split = Usual, Seed = 3 }, graph.ReadAs);
        Assert.Equal(graph.Entities.Count, graph.Train.SelectMany(triple => new[] { triple.Head, triple.Tail }).Distinct().Count());
        Assert.Equal(graph.RelationCount, graph.Train.Select(triple => triple.Relation).Distinct().Count());
        Assert.Contains(
            "held out by seed 3: 30 triples for valid and 30 for test", Assert.Single(graph.Warnings), StringComparison.Ordinal);
        Assert.Equal(graph.Fingerprint(), KnowledgeGraph.Load(graph.Path, graph.ReadAs).Fingerprint());
    }

    [Fact]
    public void By_default_at_most_ten_thousand_triples_are_held_out_for_each()
    {
        var random = new Random(7);
        var lines = Enumerable.Range(0, 150_000).Select(index => $"e{random.Next(3000)}\tr{index % 5}\te{3000 + random.Next(3000)}\n");
        var graph = Load(string.Concat(lines.Distinct()), SplitShares.Default, 1);
        Assert.InRange(graph.Test.Count, 9_990, 10_010);
        Assert.InRange(graph.Valid.Count, 9_990, 10_010);
        Assert.Equal(graph.ReadAs.Split, SplitShares.Parse($"{graph.ReadAs.Split}"));
    }

    [Fact]
    public void By_default_a_graph_that_is_split_stays_so_and_none_holds_nothing_out()
    {
        using var files = SmallGraph.Kalm();
        var graph = KnowledgeGraph.Load(files.Path, new GraphOptions { Split = SplitShares.Default, Seed = 9 });
        Assert.Equal(KnowledgeGraph.Load(files.Path).Fingerprint(), graph.Fingerprint());
        Assert.Equal(new GraphOptions(), graph.ReadAs);
        Assert.Equal(300, Load(RandomLines(), SplitShares.None, 3).Train.Count);
        Assert.Equal(SplitShares.None, SplitShares.Parse("none"));
        var one = Load("a\tr\tb\n", SplitShares.Default, 1);
        Assert.Single(one.Train);
        Assert.Null(one.ReadAs.Split);
        Assert.Contains("nothing is held out", Assert.Single(one.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Shares_read_as_they_are_written()
    {
        Assert.Equal(Usual, SplitShares.Parse(Usual.ToString()));
        Assert.Null(SplitShares.Parse("0.8,0.2"));
        Assert.Null(SplitShares.Parse("most,some,few"));
    }

    /// <summary>Triples of 40 entities and 6 relations, one of them rare, many of them with their reverse.</summary>
    private static string RandomLines()
    {
        var random = new Random(5);
        var lines = new HashSet<string> { "e0\trare\te1\n" };
        while (lines.Count < 300)
        {
            var (head, tail, relation) = (random.Next(40), random.Next(40), random.Next(5));
            lines.Add($"e{head}\tr{relation}\te{tail}\n");
            if (random.Next(3) == 0)
                lines.Add($"e{tail}\tr{relation}\te{head}\n");
        }
        return string.Concat(lines);
    }

    private static readonly Comparer<Triple> ByIds = Comparer<Triple>.Create((left, right) =>
        (left.Head, left.Relation, left.Tail).CompareTo((right.Head, right.Relation, right.Tail)));

    private KnowledgeGraph Load(string lines, SplitShares shares, long seed) =>
        KnowledgeGraph.Load(folder.Write("own.tsv", lines), new GraphOptions { Split = shares, Seed = seed });

    public void Dispose() => folder.Dispose();
}
