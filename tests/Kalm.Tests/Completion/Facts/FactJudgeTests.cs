using Kalm.Completion;
using Kalm.Completion.Facts;
using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Tests.Completion.Facts;

public sealed class FactJudgeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly KnowledgeGraph graph;
    private readonly LoadedModel model;
    private readonly Completer completer;

    public FactJudgeTests()
    {
        using var files = FamilyGraph.Make(40);
        graph = files.Load();
        model = new LoadedModel(OpenedModel.Open(TinyModel.Make(folder, graph)), threads: 2);
        completer = Completer.Open(
            model, Catalog.Open(graph, folder.File("index")), folder.File("index"), null, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_side_knows_its_members_and_how_many_answers_they_have()
    {
        var sides = completer.Judge.Sides;
        for (var directed = 0; directed < 2 * graph.RelationCount; directed++)
        {
            var answers = graph.Train.SelectMany(triple => new[] { (triple.Head, triple.Relation, triple.Tail),
                (triple.Tail, graph.InverseOf(triple.Relation), triple.Head) }).Where(fact => fact.Item2 == directed).ToList();
            var members = answers.Select(fact => fact.Item1).Distinct().ToList();
            Assert.Equal(answers.Distinct().Count() / (double)members.Count, sides.MeanAnswers(directed), 1e-12);
            foreach (var entity in new[] { members[0], 3, graph.Entities.Count - 1 })
            {
                var vector = completer.Index.Vectors.Row(entity).ToArray();
                var cosines = members.Where(member => member != entity)
                    .Select(member => (double)EntityVectors.Dot(completer.Index.Vectors.Row(member), vector));
                Assert.Equal(
                    cosines.OrderDescending().Take(3).Average(), sides.Near(vector, directed, entity, completer.Index.Vectors), 1e-5);
                Assert.True(!members.Contains(entity) || sides.Admits(directed, entity));
            }
        }
        // A group stands in no relation that animals stand in: it lives with nobody.
        Assert.False(sides.Admits(1, 0));
    }

    // Countries stand in a region, and so do rivers, mountains and lakes: a side of several kinds admits each of them.
    [Fact]
    public void Sides_admit_the_ends_of_facts_that_train_does_not_hold()
    {
        var world = KnowledgeGraph.Load(Path.Combine(LayeringTests.RepositoryRoot(), "samples", "world"));
        var sides = new RelationSides(world);
        var ends = world.Valid.Concat(world.Test)
            .SelectMany(fact => new (int Relation, int Entity)[]
            {
                (fact.Relation, fact.Head), (world.InverseOf(fact.Relation), fact.Tail),
            }).ToList();
        Assert.InRange(ends.Count(end => sides.Admits(end.Relation, end.Entity)) / (double)ends.Count, 0.99, 1);
        var region = Number(world.Relations.Select(relation => relation.Id), "in_region");
        var entities = world.Entities.Select(entity => entity.Id).ToList();
        Assert.True(sides.Admits(region, Number(entities, "bolivia")));
        Assert.False(sides.Admits(region, Number(entities, "spanish")));
        var random = new Random(1);
        var others = ends.Select(end => (end.Relation, Entity: random.Next(entities.Count))).ToList();
        Assert.InRange(others.Count(end => sides.Admits(end.Relation, end.Entity)) / (double)others.Count, 0, 0.5);

        static int Number(IEnumerable<string> ids, string wanted) => ids.ToList().IndexOf(wanted);
    }

    [Fact]
    public void A_rule_counts_the_pairs_that_two_relations_join()
    {
        var rules = new PairRules(graph);
        // lives_with reads the same both ways but is written once, so train never shows the reverse.
        Assert.Null(rules.Best(0, 0, 1));
        using var small = Graph.SmallGraph.Kalm().With("valid.txt", "a\tparent\tb\n").With("test.txt", "a\tparent\tb\n")
            .With("entities.dict", "0\ta\n1\tb\n2\tc\n3\td\n").With("entityId2text.dict", "0\ta, a\n1\tb, b\n2\tc, c\n3\td, d\n")
            .With("relations.dict", "0\tparent\n1\tchild\n").With("relationId2text.dict", "0\tis parent of\n1\tis child of\n")
            .With("relationId2text_inverse.dict", "0\thas parent\n1\thas child\n")
            .With("train.txt", "a\tparent\tb\nb\tchild\ta\na\tparent\tc\nc\tchild\ta\na\tparent\td\n");
        var family = small.Load();
        var counted = new PairRules(family);
        // Of three pairs that parent joins, child joins two the other way; two are added for doubt.
        Assert.Equal((family.InverseOf(0), 2 / 5.0), counted.Best(3, 1, 0));
        // Of two pairs that child joins, parent joins both.
        Assert.Equal((family.InverseOf(1), 2 / 4.0), counted.Best(0, 0, 1));
    }

    [Fact]
    public void The_signs_hold_what_the_completer_answers_both_ways()
    {
        foreach (var triple in graph.Test.Take(5).Concat(graph.Train.Take(3)).Append(new Triple(9, 0, 3)))
        {
            var signs = Judged(FactClaim.Of(graph, triple))[0].Signs;
            var forward = Asked(triple.Head, triple.Relation, triple.Tail);
            var backward = Asked(triple.Tail, graph.InverseOf(triple.Relation), triple.Head);
            Assert.Equal(forward.Score, signs.Forward, 1e-5);
            Assert.Equal(backward.Score, signs.Backward, 1e-5);
            Assert.Equal(Math.Log(forward.Probability), signs.ForwardLog, 1e-3);
            Assert.Equal(Math.Log(backward.Probability), signs.BackwardLog, 1e-3);
        }

        EntityCandidate Asked(int entity, int relation, int answer) => completer.Entities(
            QueryEntity.Of(graph, entity), relation, int.MaxValue).Single(candidate => candidate.Entity == answer);
    }

    [Fact]
    public void A_fact_has_one_probability_from_whichever_side_it_is_asked()
    {
        Assert.NotNull(completer.Index.Calibration.Facts);
        foreach (var triple in graph.Test.Take(4))
        {
            var whole = Judged(FactClaim.Of(graph, triple))[0].Probability;
            Assert.NotNull(whole);
            foreach (var (entity, relation, answer) in new[]
            {
                (triple.Head, triple.Relation, triple.Tail), (triple.Tail, graph.InverseOf(triple.Relation), triple.Head),
            })
            {
                var asked = QueryEntity.Of(graph, entity);
                var judged = completer.Judged(completer.Entities(asked, relation, int.MaxValue), asked, relation);
                Assert.Equal(whole.Value, judged.Single(candidate => candidate.Entity == answer).Fact!.Probability!.Value, 1e-4);
            }
        }
    }

    [Fact]
    public void A_sample_holds_every_triple_once_and_nothing_false_that_a_split_knows()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var sample = FactSample.Draw(model, graph, completer.Index.Vectors, completer.Facts, graph.Test, 5, cancellation);
        Assert.Equal(graph.Test, sample.Facts.Where((_, place) => sample.Labels[place]));
        Assert.Equal(sample.Facts.Count, sample.Facts.Distinct().Count());
        Assert.True(sample.Labels.Count(label => !label) > 4 * graph.Test.Count);
        foreach (var (place, fact) in sample.Facts.Index())
            Assert.Equal(sample.Labels[place], completer.Facts.Of(fact.Head, fact.Relation, fact.Tail) is not null);
        Assert.Equal(sample.Facts,
            FactSample.Draw(model, graph, completer.Index.Vectors, completer.Facts, graph.Test, 5, cancellation).Facts);
        Assert.NotEqual(sample.Facts,
            FactSample.Draw(model, graph, completer.Index.Vectors, completer.Facts, graph.Test, 6, cancellation).Facts);
    }

    [Fact]
    public void What_was_fitted_is_kept_and_measured()
    {
        var measured = FactEvaluation.Of(completer, graph.Test, 1, null, TestContext.Current.CancellationToken);
        Assert.Equal(measured.Facts, measured.Reliability.Sum(bin => bin.Facts));
        Assert.Equal(measured.Facts, measured.ReliabilityBefore.Sum(bin => bin.Facts));
        Assert.Equal(ReliabilityBins.Error(measured.Reliability), measured.Error);
        Assert.Equal(graph.Test.Count, measured.TrueFacts);
        Assert.InRange(measured.AreaUnderCurve, 0.5, 1);
        var kept = Json.Read<Calibration>(Path.Combine(completer.Index.Folder, Calibration.FileName)).Facts!;
        var signs = Judged(FactClaim.Of(graph, graph.Test[0]))[0].Signs;
        Assert.Equal(completer.Index.Calibration.Facts!.Probability("kind_of", signs), kept.Probability("kind_of", signs));
    }

    [Fact]
    public void Facts_are_measured_among_the_graphs_own_entities_when_others_were_added()
    {
        for (var twin = 0; twin < 20; twin++)
        {
            var (text, touched) = (graph.Entities[graph.Test[twin].Head].Description, new SortedSet<int>());
            var change = new Change(completer.Catalog.Number + 1, default, ChangeKind.EntityAdded, $"twin{twin}", $"twin{twin}", text);
            completer.Take(completer.Catalog.With(change, touched).Appended([change]), touched);
        }
        var measured = FactEvaluation.Of(completer, graph.Test, 1, null, TestContext.Current.CancellationToken);
        Assert.Equal(graph.Test.Count, measured.TrueFacts);
    }

    [Fact]
    public void What_the_graph_holds_is_true_and_what_contradicts_a_function_is_not()
    {
        var held = graph.Test.First(triple => triple.Relation == 0);
        Assert.Equal((Verdict.True, "test"), Told(held));
        // An animal is of one kind.
        var wrong = held with { Tail = held.Tail == 0 ? 1 : 0 };
        var judged = Judged(FactClaim.Of(graph, wrong))[0];
        Assert.NotEqual(Verdict.True, judged.Verdict);
        Assert.Equal([held], judged.Contradictions);
        var reasons = FactWords.Reasons(completer.Catalog, FactClaim.Of(graph, wrong), judged);
        Assert.Contains(reasons.Against, reason => reason.Contains("has one tail for a head", StringComparison.Ordinal));

        (Verdict, string?) Told(Triple triple)
        {
            var judgement = Judged(FactClaim.Of(graph, triple))[0];
            return (judgement.Verdict, judgement.Split);
        }
    }

    [Fact]
    public void A_text_that_the_graph_does_not_hold_can_be_part_of_a_fact()
    {
        var claim = new FactClaim(new QueryEntity(null, "frog99, a frog of number 99"), 0, QueryEntity.Of(graph, 5));
        var judged = Judged(claim, FactClaim.Of(graph, graph.Test[0]));
        Assert.Null(judged[0].Split);
        Assert.InRange(judged[0].Probability!.Value, 0, 1);
        var both = new FactClaim(new QueryEntity(null, "a frog"), 1, new QueryEntity(null, "a toad"));
        Assert.InRange(Judged(both)[0].Probability!.Value, 0, 1);
    }

    [Fact]
    public void Strict_types_leave_out_what_never_stands_there()
    {
        var entity = QueryEntity.Of(graph, 20);
        var all = completer.Entities(entity, 0, completer.Search(entity, 0, int.MaxValue));
        var strict = completer.Entities(entity, 0, completer.Search(entity, 0, int.MaxValue, strictTypes: true));
        Assert.NotEqual(all.Count, strict.Count);
        Assert.Equal(all.Where(candidate => completer.Judge.Sides.Admits(graph.InverseOf(0), candidate.Entity)).Select(candidate => (candidate.Entity, candidate.Probability)),
            strict.Select(candidate => (candidate.Entity, candidate.Probability)));
    }

    private IReadOnlyList<FactJudgement> Judged(params IReadOnlyList<FactClaim> claims) =>
        completer.Verify(claims, TestContext.Current.CancellationToken);

    public void Dispose()
    {
        completer.Dispose();
        model.Dispose();
        folder.Dispose();
    }
}
