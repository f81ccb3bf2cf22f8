using Kalm.Completion;
using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Tests.Completion;

public sealed class ChangedEntitiesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly KnowledgeGraph graph;
    private readonly LoadedModel model;

    public ChangedEntitiesTests()
    {
        using var files = FamilyGraph.Make();
        graph = files.Load();
        model = new LoadedModel(OpenedModel.Open(TinyModel.Make(folder, graph)), threads: 2);
    }

    private static Change[] Changes { get; } =
    [
        new(0, default, ChangeKind.EntityAdded, "new", "frog99", "frog99, a frog that nobody knew"),
        new(0, default, ChangeKind.EntityEdited, "bird16", "bird16", "bird16, a fish of its own"),
        new(0, default, ChangeKind.EntityDeleted, "fish"),
        new(0, default, ChangeKind.EntityAdded, "gone", "gone", "gone, a worm"),
        new(0, default, ChangeKind.EntityEdited, "new", "frog98", "frog98, a frog that somebody knew"),
        new(0, default, ChangeKind.EntityDeleted, "gone"),
        new(0, default, ChangeKind.EntityDeleted, "bird24"),
        new(0, default, ChangeKind.EntityEdited, "bird24", "bird24", "bird24, back again"),
        new(0, default, ChangeKind.FactAccepted, Head: "new", Relation: "kind_of", Tail: "frog"),
        new(0, default, ChangeKind.FactRejected, Head: "bird16", Relation: "kind_of", Tail: "worm"),
        new(0, default, ChangeKind.EntityEdited, "crab", "crab", "crab, a group of animals with shells"),
    ];

    [Fact]
    public void One_who_follows_the_log_and_one_who_opens_it_give_the_same_answers_to_the_last_digit()
    {
        using var following = Open();
        foreach (var change in Changes)
            Make(following, change);
        using var opened = Open();
        // Without the vectors that were kept, each text is encoded again.
        File.Delete(Path.Combine(opened.Index.Folder, "changed.vectors"));
        using var encoded = Open();
        Assert.False(opened.Index.WasBuilt);
        foreach (var entity in new[] { "bird16", "new", "bird", "crab", "mammal3" })
            for (var relation = 0; relation < 4; relation++)
            {
                var expected = following.Entities(following.Catalog.Find(entity), relation, int.MaxValue);
                Assert.Equal(expected, opened.Entities(opened.Catalog.Find(entity), relation, int.MaxValue));
                Assert.Equal(expected, encoded.Entities(encoded.Catalog.Find(entity), relation, int.MaxValue));
            }
    }

    [Fact]
    public void A_vector_that_was_kept_serves_all_who_share_the_index_and_a_spoilt_one_nobody()
    {
        const string Text = "gull, a bird of the sea";
        using var first = Open();
        var (number, kept, own) = (graph.EntityIndex("bird16"), first.VectorOf("something else"), first.VectorOf(Text));
        first.Keep([(Text, kept)]);
        Make(first, new(0, default, ChangeKind.EntityEdited, "bird16", "gull", Text));
        var path = Path.Combine(first.Index.Folder, "changed.vectors");
        var whole = File.ReadAllBytes(path);
        IsThere(kept);
        var spoilt = (byte[])whole.Clone();
        spoilt[whole.Length / 2] ^= 1;
        foreach (var content in new[] { whole[..^1], whole[..1], [], spoilt })
        {
            File.WriteAllBytes(path, content);
            IsThere(own);
            Assert.Equal(0, new FileInfo(path).Length % whole.Length);
            IsThere(own);
        }

        void IsThere(float[] vector)
        {
            using var opened = Open();
            Assert.Equal(vector, opened.Index.Vectors.Row(number).ToArray());
        }
    }

    [Fact]
    public void What_is_gone_is_never_found_and_has_no_share_in_the_probabilities()
    {
        using var completer = Open();
        var query = QueryEntity.Of(graph, graph.EntityIndex("bird16"));
        var before = completer.Entities(query, 0, int.MaxValue);
        var best = before.First(candidate => candidate.Split is null).Entity;
        Make(completer, new(0, default, ChangeKind.EntityDeleted, graph.Entities[best].Id));
        var after = completer.Entities(query, 0, int.MaxValue);

        Assert.Equal(
            before.Where(candidate => candidate.Entity != best).Select(candidate => (candidate.Entity, candidate.Score)),
            after.Select(candidate => (candidate.Entity, candidate.Score)));
        Assert.Equal(1, after.Where(candidate => candidate.Split is null).Sum(candidate => candidate.Probability), 1e-5);
        Assert.Equal(graph.Entities.Count - 1, completer.Catalog.Count);
        Assert.Null(completer.Catalog.WithId(graph.Entities[best].Id));
        Assert.Null(completer.Catalog.Find(graph.Entities[best].Name).Entity);
        Assert.DoesNotContain(best, completer.Catalog.Search(graph.Entities[best].Name, 200));
        foreach (var answer in after.Take(9))
            Assert.DoesNotContain(
                completer.Explanations.Of(completer.VectorOf(query.Description), query.Entity, 0, [answer.Entity], 200)[0],
                explanation => explanation.Triple.Head == best || explanation.Triple.Tail == best);

        Make(completer, new(0, default, ChangeKind.EntityEdited, graph.Entities[best].Id, graph.Entities[best].Name,
            graph.Entities[best].Description));
        Assert.Equal(before, completer.Entities(query, 0, int.MaxValue));
        Assert.Equal(0, completer.Catalog.ChangedCount);
    }

    [Fact]
    public void An_edited_text_has_the_vector_of_that_text_and_its_old_name_means_nothing()
    {
        using var completer = Open();
        Make(completer, new(0, default, ChangeKind.EntityEdited, "bird16", "gull", "gull, a bird of the sea"));
        var number = graph.EntityIndex("bird16");
        Assert.Equal(completer.VectorOf("gull, a bird of the sea"), completer.Index.Vectors.Row(number).ToArray());
        Assert.Equal(number, completer.Catalog.Find("Gull").Entity);
        Assert.Equal(number, completer.Catalog.Find("gull, a bird of the sea").Entity);
        Assert.Equal("bird16, a bird of number 16", completer.Catalog.Find("bird16, a bird of number 16").Description);
        Assert.Null(completer.Catalog.Find("bird16, a bird of number 16").Entity);
        Assert.Equal([number], completer.Catalog.Search("gull", 9));
        Assert.Equal(graph.Entities.Count - 1, completer.Entities(completer.Catalog.Of(number), 0, int.MaxValue).Count);
    }

    [Fact]
    public void An_accepted_fact_is_known_and_a_rejected_one_no_candidate()
    {
        using var completer = Open();
        var (bird, worm) = (graph.EntityIndex("bird16"), graph.EntityIndex("worm"));
        var before = completer.Entities(completer.Catalog.Of(bird), 0, int.MaxValue);
        Make(completer, new(0, default, ChangeKind.FactAccepted, Head: "bird16", Relation: "kind_of", Tail: "worm"));
        Assert.Equal("added", completer.Entities(completer.Catalog.Of(bird), 0, int.MaxValue).Single(candidate =>
            candidate.Entity == worm).Split);
        Assert.Equal("added", completer.Relations(completer.Catalog.Of(bird), completer.Catalog.Of(worm), 9)
            .Single(candidate => candidate.DirectedRelation == 0).Split);
        Make(completer, new(0, default, ChangeKind.FactDeleted, Fact: 1));
        Assert.Equal(before, completer.Entities(completer.Catalog.Of(bird), 0, int.MaxValue));

        // Of a relation that reads the same both ways, both ways.
        Make(completer, new(0, default, ChangeKind.FactRejected, Head: "bird16", Relation: "lives_with", Tail: "worm"));
        foreach (var (entity, answer) in new[] { (bird, worm), (worm, bird) })
        {
            var left = completer.Entities(completer.Catalog.Of(entity), 1, int.MaxValue);
            Assert.DoesNotContain(left, candidate => candidate.Entity == answer);
            Assert.Equal(1, left.Where(candidate => candidate.Split is null).Sum(candidate => candidate.Probability), 1e-5);
            Assert.DoesNotContain(completer.Relations(completer.Catalog.Of(entity), completer.Catalog.Of(answer), 9),
                candidate => candidate.DirectedRelation == 1);
        }
    }

    [Fact]
    public void The_number_of_what_is_gone_is_given_again_when_nobody_can_mean_it_any_more()
    {
        var (catalog, touched) = (Catalog.Open(graph, folder.File("index")), new SortedSet<int>());
        for (var turn = 0; turn < 6000; turn++)
            foreach (var kind in new[] { ChangeKind.EntityAdded, ChangeKind.EntityDeleted })
                catalog = catalog.With(new Change(catalog.Number + 1, default, kind, $"new{turn}", "new", "new"), touched);
        Assert.Equal(graph.Entities.Count, catalog.Count);
        Assert.InRange(catalog.Numbers - graph.Entities.Count, 2000, 2100);
    }

    [Fact]
    public void Pages_hold_every_entity_once()
    {
        var catalog = Catalog.Open(graph, folder.File("index"));
        foreach (var change in Changes)
            catalog = catalog.With(change with { Number = catalog.Number + 1 }, new SortedSet<int>());
        var (seen, after) = (new List<string>(), (string?)null);
        while (catalog.Page(after, 7) is { Count: > 0 } page)
        {
            Assert.InRange(page.Count, 1, 7);
            seen.AddRange(page.Select(number => catalog[number].Id));
            after = seen[^1];
        }
        Assert.Equal(catalog.Count, seen.Count);
        Assert.Equal(graph.Entities.Select(entity => entity.Id).Append("new").Except(["fish"]).Order(StringComparer.Ordinal), seen);
    }

    private Completer Open() =>
        Completer.Open(model, Catalog.Open(graph, folder.File("index")), folder.File("index"), null, TestContext.Current.CancellationToken);

    private static void Make(Completer completer, Change change)
    {
        var touched = new SortedSet<int>();
        var numbered = change with { Number = completer.Catalog.Number + 1 };
        completer.Take(completer.Catalog.With(numbered, touched).Appended([numbered]), touched);
    }

    public void Dispose()
    {
        model.Dispose();
        folder.Dispose();
    }
}
