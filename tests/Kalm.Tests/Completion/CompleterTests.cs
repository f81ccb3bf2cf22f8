using Kalm.Completion;
using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Representation;

namespace Kalm.Tests.Completion;

public sealed class CompleterTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly KnowledgeGraph graph;
    private readonly LoadedModel model;
    private readonly Completer completer;

    public CompleterTests()
    {
        using var files = FamilyGraph.Make();
        graph = files.Load();
        model = new LoadedModel(OpenedModel.Open(TinyModel.Make(folder, graph)), threads: 2);
        completer = Open();
    }

    private Completer Open() =>
        Completer.Open(model, Catalog.Open(graph, folder.File("index")), folder.File("index"), null, TestContext.Current.CancellationToken);

    [Fact]
    public void The_best_entities_are_those_that_the_evaluation_ranks_first()
    {
        var queries = CompletionQuery.Of(graph, graph.Test);
        // Nothing but the answer is left out of the evaluation, which counts the query's own entity.
        var ranked = CompletionEvaluation.Rank(
            model.Decoder, graph, new TextIndex(graph, model.Wording), queries,
            new KnownFacts(graph), null, TestContext.Current.CancellationToken);
        foreach (var item in ranked)
        {
            var all = completer.Entities(QueryEntity.Of(graph, item.Query.Entity), item.Query.DirectedRelation, int.MaxValue);

            Assert.Equal(graph.Entities.Count - 1, all.Count);
            Assert.DoesNotContain(all, candidate => candidate.Entity == item.Query.Entity);
            Assert.Equal(Enumerable.Range(1, all.Count), all.Select(candidate => candidate.Rank));
            Assert.Equal(all.OrderByDescending(candidate => candidate.Score), all);
            Assert.Equal(item.GoldScore, all.Single(candidate => candidate.Entity == item.Query.Answer).Score, 1e-5);
            if (item.BestCandidate != item.Query.Entity)
                Assert.Equal(item.BestCandidate, all[0].Entity);
        }
    }

    [Fact]
    public void Probabilities_of_what_is_new_are_a_softmax_and_known_answers_stand_beside_it()
    {
        var temperature = completer.Index.Calibration.Temperature;
        var all = completer.Entities(QueryEntity.Of(graph, 10), 0, int.MaxValue);
        var fresh = all.Where(candidate => candidate.Split is null).ToList();
        Assert.NotEqual(all.Count, fresh.Count);
        Assert.Equal(1, fresh.Sum(candidate => candidate.Probability), 1e-5);
        Assert.Equal((fresh[0].Score - fresh[5].Score) / temperature, Math.Log(fresh[0].Probability / fresh[5].Probability), 1e-6);
        var rivals = fresh.Sum(candidate => Math.Exp(candidate.Score / temperature));
        foreach (var known in all.Where(candidate => candidate.Split is not null))
        {
            var own = Math.Exp(known.Score / temperature);
            Assert.Equal(own / (own + rivals), known.Probability, 1e-5);
        }
        Assert.Equal(fresh.Select(candidate => (candidate.Entity, candidate.Probability)),
            completer.Entities(QueryEntity.Of(graph, 10), 0, int.MaxValue, withKnown: false)
                .Select(candidate => (candidate.Entity, candidate.Probability)));
    }

    [Fact]
    public void An_index_that_is_found_gives_the_answers_of_the_one_that_was_made()
    {
        Assert.True(completer.Index.WasBuilt);
        using var again = Open();
        Assert.False(again.Index.WasBuilt);
        for (var entity = 0; entity < 20; entity++)
            Assert.Equal(completer.Entities(QueryEntity.Of(graph, entity), entity % 4, 9),
                again.Entities(QueryEntity.Of(graph, entity), entity % 4, 9));
        Assert.Equal(completer.Relations(QueryEntity.Of(graph, 3), QueryEntity.Of(graph, 9), 9),
            again.Relations(QueryEntity.Of(graph, 3), QueryEntity.Of(graph, 9), 9));
    }

    [Fact]
    public void What_was_added_is_a_candidate_like_any_other()
    {
        var added = new Entity("new", "frog99", "frog99, a frog that nobody knew");
        File.WriteAllText(completer.Catalog.Log.Path, $$"""
            {"number":1,"time":"2026-01-31T12:00:00Z","kind":"entity_added","id":"new","name":"frog99","text":"{{added.Description}}"}

            """);
        using var again = Open();
        var all = again.Entities(QueryEntity.Of(graph, 10), 0, int.MaxValue);
        Assert.Equal(graph.Entities.Count, all.Count);
        Assert.Equal(added, again.Catalog[Assert.Single(all, candidate => again.Catalog.IsAdded(candidate.Entity)).Entity]);
        Assert.Equal(all.Count, again.Entities(again.Catalog.Find("frog99"), 0, int.MaxValue).Count);
    }

    [Fact]
    public void A_text_that_the_graph_does_not_hold_is_a_query_like_any_other()
    {
        var known = QueryEntity.Of(graph, 12);
        var free = new QueryEntity(null, known.Description);
        var ofEntity = completer.Entities(known, 1, int.MaxValue);
        var ofText = completer.Entities(free, 1, int.MaxValue);

        Assert.Equal(ofEntity.Count + 1, ofText.Count);
        Assert.Equal(ofEntity.Select(candidate => (candidate.Entity, candidate.Score)),
            ofText.Where(candidate => candidate.Entity != 12).Select(candidate => (candidate.Entity, candidate.Score)));
        Assert.All(ofText, candidate => Assert.Null(candidate.Split));
        Assert.NotEqual(ofText.Select(candidate => candidate.Score),
            completer.Entities(new QueryEntity(null, "something else"), 1, int.MaxValue).Select(candidate => candidate.Score));
    }

    [Fact]
    public void What_a_split_holds_is_told_from_what_is_new()
    {
        foreach (var (name, split) in new[] { ("train", graph.Train), ("valid", graph.Valid), ("test", graph.Test) })
        {
            var triple = split.First(triple => graph.Relations[triple.Relation].Id == "lives_with");
            // lives_with reads the same both ways, so the fact answers both queries read either way.
            foreach (var (entity, relation, answer) in new[]
            {
                (triple.Head, triple.Relation, triple.Tail),
                (triple.Tail, triple.Relation + graph.RelationCount, triple.Head), (triple.Tail, triple.Relation, triple.Head),
            })
                Assert.Equal(name, completer.Entities(QueryEntity.Of(graph, entity), relation, int.MaxValue)
                    .Single(candidate => candidate.Entity == answer).Split);
        }
        var kind = graph.Train.First(triple => graph.Relations[triple.Relation].Id == "kind_of");
        var tails = completer.Entities(QueryEntity.Of(graph, kind.Head), kind.Relation, int.MaxValue);
        Assert.Equal([kind.Tail], tails.Where(candidate => candidate.Split is not null).Select(candidate => candidate.Entity));
        Assert.DoesNotContain(
            completer.Entities(QueryEntity.Of(graph, kind.Tail), kind.Relation, int.MaxValue), candidate => candidate.Split is not null);
    }

    [Fact]
    public void A_relation_scores_the_mean_of_both_directions()
    {
        var (head, tail) = (QueryEntity.Of(graph, 20), new QueryEntity(null, "a frog nobody knows"));
        var relations = completer.Relations(head, tail, int.MaxValue);

        // kind_of and its inverse, and lives_with once, because it is symmetric.
        Assert.Equal([0, 1, 2], relations.Select(candidate => candidate.DirectedRelation).Order());
        Assert.Equal(1, relations.Sum(candidate => candidate.Probability), 1e-5);
        Assert.Equal(relations.OrderByDescending(candidate => candidate.Score), relations);
        foreach (var candidate in relations)
        {
            var there = Cosine(head.Description, candidate.DirectedRelation, tail.Description);
            var back = Cosine(tail.Description, graph.InverseOf(candidate.DirectedRelation), head.Description);
            Assert.Equal((there + back) / 2, candidate.Score, 1e-5);
        }
        var known = graph.Train[0];
        var found = completer.Relations(QueryEntity.Of(graph, known.Head), QueryEntity.Of(graph, known.Tail), int.MaxValue);
        Assert.Equal(
            ["train"], found.Where(candidate => candidate.DirectedRelation == known.Relation).Select(candidate => candidate.Split));
    }

    [Fact]
    public async Task Several_threads_get_the_answers_of_one()
    {
        var expected = Enumerable.Range(0, 24).Select(Ask).ToList();
        var found = await Task.WhenAll(Enumerable.Range(0, 24).Select(index => Task.Run(() => Ask(index))));
        Assert.Equal(expected, found);

        string Ask(int index)
        {
            var best = completer.Entities(QueryEntity.Of(graph, index), index % 4, 5);
            var relations = completer.Relations(QueryEntity.Of(graph, index), QueryEntity.Of(graph, index + 1), 3);
            return string.Join(
                ' ', [.. best.Select(candidate => candidate.Entity), .. relations.Select(candidate => candidate.DirectedRelation)]);
        }
    }

    private double Cosine(string head, int directedRelation, string tail)
    {
        var wording = model.Wording;
        TextTree[] trees =
        [
            .. wording.Views(wording.Description(head), false, [wording.Relation(graph.DirectedRelationText(directedRelation))]),
            .. wording.Views(wording.Description(tail), true, []),
        ];
        using var vectors = Encoder.Encode(model.Decoder, [.. trees.SelectMany(tree => tree.ToRows(1000))]);
        var numbers = vectors.data<float>().ToArray().Chunk((int)vectors.shape[1]).ToArray();
        return numbers[0].Zip(numbers[1], (left, right) => (double)left * right).Sum();
    }

    public void Dispose()
    {
        completer.Dispose();
        model.Dispose();
        folder.Dispose();
    }
}
