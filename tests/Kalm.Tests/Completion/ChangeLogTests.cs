using Kalm.Completion;
using Kalm.Graph;

namespace Kalm.Tests.Completion;

public sealed class ChangeLogTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly KnowledgeGraph graph;
    private readonly string root;

    public ChangeLogTests()
    {
        using var files = FamilyGraph.Make();
        (graph, root) = (files.Load(), folder.File("index"));
        Directory.CreateDirectory(root);
    }

    [Fact]
    public void A_line_that_was_broken_off_anywhere_is_never_read_and_the_next_writer_cuts_it_off()
    {
        var before = Written(Catalog.Open(graph, root), Added("one"), Added("two"));
        var path = before.Log.Path;
        var sound = File.ReadAllBytes(path);
        var last = Written(before, Added("three", "bird, \u00e9, \ud83d\udc26 of the last line"));
        var whole = File.ReadAllBytes(path);
        Assert.Equal(["one", "two", "three"], Catalog.Open(graph, root).Added.Select(entity => entity.Id));
        for (var length = sound.Length; length < whole.Length; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            var opened = Catalog.Open(graph, root);
            Assert.Null(opened.Log.Damage);
            Assert.Equal(["one", "two"], opened.Added.Select(entity => entity.Id));
            // One who had read it whole finds that it is no longer there.
            Assert.Contains("bytes; expected", last.Follow().Catalog.Log.Damage, StringComparison.Ordinal);
            Written(opened, Added("four"));
            Assert.Equal(["one", "two", "four"], Catalog.Open(graph, root).Added.Select(entity => entity.Id));
            Assert.Equal(3, File.ReadAllLines(path).Length);
        }
    }

    [Fact]
    public void A_follower_reads_a_line_once_it_is_whole()
    {
        var follower = Catalog.Open(graph, root);
        var writer = Written(follower, Added("one"));
        var whole = File.ReadAllBytes(writer.Log.Path);
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(writer.Log.Path, whole[..length]);
            follower = follower.Follow().Catalog;
            Assert.Equal((0, null), (follower.Number, follower.Log.Damage));
        }
        File.WriteAllBytes(writer.Log.Path, whole);
        (follower, var touched) = follower.Follow();
        Assert.Equal([graph.Entities.Count], touched);
        Assert.True(follower.Log.IsCurrent);
    }

    [Theory]
    [InlineData("{", "found what is no change")]
    [InlineData("null", "found null; expected the change 2")]
    [InlineData("""{"number":7,"time":"2026-01-31T12:00:00Z","kind":"entity_deleted","id":"one"}""", "found the change 7; expected the change 2")]
    [InlineData("""{"number":2,"time":"2026-01-31T12:00:00Z","kind":"entity_burnt","id":"one"}""", "found what is no change")]
    [InlineData("""{"number":2,"time":"2026-01-31T12:00:00Z","kind":"entity_deleted","id":"one","why":1}""", "found what is no change")]
    [InlineData("""{"number":2,"time":"2026-01-31T12:00:00Z","kind":"entity_added","id":"bird","name":"b","text":"b"}""", "is not there")]
    [InlineData("""{"number":2,"time":"2026-01-31T12:00:00Z","kind":"entity_added","id":"x","name":"b"}""", "text: found none")]
    [InlineData("""{"number":2,"time":"2026-01-31T12:00:00Z","kind":"entity_edited","id":"x","name":"b","text":"b"}""", "no entity 'x'")]
    [InlineData("""{"number":2,"time":"2026-01-31T12:00:00Z","kind":"fact_deleted","fact":1}""", "no reviewed fact 1")]
    [InlineData(
        """{"number":2,"time":"2026-01-31T12:00:00Z","kind":"fact_accepted","head":"bird","relation":"x","tail":"fish"}""", "relation")]
    [InlineData("{\"number\":2,\"id\":\"\\ud800\"}", "found what is no change")]
    [InlineData("\u0000\u0000", "found what is no change")]
    public void A_damaged_line_is_named_and_what_stands_before_it_counts(string line, string fault)
    {
        var path = Written(Catalog.Open(graph, root), Added("one")).Log.Path;
        File.AppendAllText(path, line + "\n");
        File.AppendAllText(path, """{"number":3,"time":"2026-01-31T12:00:00Z","kind":"entity_deleted","id":"one"}""" + "\n");
        var content = File.ReadAllBytes(path);
        var opened = Catalog.Open(graph, root);
        Assert.StartsWith($"{path}(2): ", opened.Log.Damage, StringComparison.Ordinal);
        Assert.Contains(fault, opened.Log.Damage, StringComparison.Ordinal);
        Assert.Equal(["one"], opened.Added.Select(entity => entity.Id));
        Assert.Throws<KalmException>(() => Written(opened, Added("two")));
        Assert.Equal(content, File.ReadAllBytes(path));

        // Mended, it is read on.
        File.WriteAllLines(path, [File.ReadAllLines(path)[0]]);
        Assert.Null(opened.Follow().Catalog.Log.Damage);
    }

    [Fact]
    public void A_log_that_was_changed_before_what_was_read_of_it_is_not_gone_on_with()
    {
        var read = Written(Catalog.Open(graph, root), Added("one"), Added("two"));
        var text = File.ReadAllText(read.Log.Path);
        File.WriteAllText(read.Log.Path, text.Replace("of one", "of number one", StringComparison.Ordinal));
        Assert.False(read.Log.IsCurrent);
        Assert.Contains("changed otherwise than by adding", read.Follow().Catalog.Log.Damage, StringComparison.Ordinal);
        File.Delete(read.Log.Path);
        Assert.Contains("found no file", read.Follow().Catalog.Log.Damage, StringComparison.Ordinal);
        File.WriteAllText(read.Log.Path, text);
        Assert.Null(read.Follow().Catalog.Log.Damage);
    }

    [Fact]
    public void What_an_earlier_version_added_is_taken_over_once()
    {
        var path = Path.Combine(root, $"added-{graph.TextsFingerprint()[..16]}.json");
        File.WriteAllText(path, """
            { "entities": [ { "id": "one", "name": "one", "description": "one, a bird", "types": [], "attributes": [] },
              { "id": "two", "name": "two", "description": "two, a fish" } ] }
            """);
        var opened = Catalog.Open(graph, root);
        Assert.Equal([new("one", "one", "one, a bird"), new("two", "two", "two, a fish")], opened.Added);
        Assert.Equal(2, File.ReadAllLines(opened.Log.Path).Length);
        Written(opened, new Change(3, default, ChangeKind.EntityDeleted, "one"));
        Assert.Equal(["two"], Catalog.Open(graph, root).Added.Select(entity => entity.Id));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{ "entities": [ { "id": "bird", "name": "one", "description": "one" } ] }""")]
    [InlineData("""{ "entities": [ null ] }""")]
    public void What_an_earlier_version_added_is_not_passed_over_when_it_is_not_sound(string content)
    {
        var path = Path.Combine(root, $"added-{graph.TextsFingerprint()[..16]}.json");
        File.WriteAllText(path, content);
        Assert.Contains(path, Assert.Throws<KalmException>(() => Catalog.Open(graph, root)).Message, StringComparison.Ordinal);
        Assert.Equal([path], Directory.GetFiles(root));
    }

    private static Change Added(string id, string? text = null) =>
        new(0, default, ChangeKind.EntityAdded, id, id, text ?? $"{id}, a bird of {id}");

    private static Catalog Written(Catalog catalog, params Change[] changes)
    {
        List<Change> numbered = [.. changes.Select((change, index) => change with { Number = catalog.Number + index + 1 })];
        return numbered.Aggregate(catalog, (before, change) => before.With(change, new SortedSet<int>())).Appended(numbered);
    }

    public void Dispose() => folder.Dispose();
}
