using Kalm.Completion;
using Kalm.Completion.Reranking;
using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Language.Tokenization;
using Kalm.Representation;
using Kalm.Tests.Graph;

namespace Kalm.Tests.Completion.Reranking;

public sealed class VerdictTreesTests : IDisposable
{
    private static readonly VerdictShape Shape = new(50, 24, 3, 4, 1);
    private readonly SmallGraph files = FamilyGraph.Make(4);
    private readonly Tokenizer tokenizer = Tokenizer.Train(["a bird of number 12 lives with a frog, a kind of mammal"], 300);
    private readonly Wording wording;

    public VerdictTreesTests() => wording = new Wording(tokenizer, new WordingOptions());

    [Fact]
    public void No_fact_between_a_query_and_its_candidates_is_told_in_any_query_of_the_graph()
    {
        var graph = files.Load();
        var train = File.ReadAllLines(Path.Combine(files.Path, "train.txt"));
        foreach (var row in graph.Rows(graph.Train))
        {
            int[] candidates = [row.Tail, row.Head, (row.Tail + 3) % graph.Entities.Count, (row.Tail + 8) % graph.Entities.Count];
            var request = Request(graph, row, candidates);
            // The same words as if those facts were not there at all.
            var names = candidates.Select(candidate => graph.Entities[candidate].Id).ToHashSet();
            var own = graph.Entities[row.Head].Id;
            files.With("train.txt", string.Concat(train.Where(line => line.Split('\t') is var parts
                && !((parts[0] == own && names.Contains(parts[2])) || (parts[2] == own && names.Contains(parts[0]))))
                .Select(line => line + "\n")));
            var without = files.Load();
            Assert.True(without.Train.Count < graph.Train.Count);

            IsSame(Trees(without).Of(request), Trees(graph).Of(request));
        }
    }

    [Fact]
    public void A_candidate_reads_the_same_whoever_stands_beside_it_and_other_facts_are_told_at_another_time()
    {
        var graph = files.Load();
        var row = graph.Row(graph.Train[0], Side.Head);
        var (both, alone) = (Request(graph, row, [row.Tail, 9]), Request(graph, row, [9]));
        Assert.Equal(Trees(graph).Of(both).Branches[1].Tokens, Trees(graph).Of(alone).Branches[0].Tokens);
        IsSame(Trees(graph).Of(both), Trees(graph).Of(both));

        // A group has more facts than are told.
        var group = graph.EntityIndex("bird");
        var told = Enumerable.Range(0, 20).Select(turn => string.Join(' ', new Neighbourhood(graph, 2, 1).Of(group, _ => false, turn)))
            .Distinct().Count();
        Assert.True(told > 1);
    }

    [Fact]
    public void What_a_candidate_loses_is_not_told_of_it()
    {
        var graph = files.Load();
        var (entity, lost) = (graph.EntityIndex("bird8"), graph.EntityIndex("bird0"));
        var request = Request(graph, new DirectedRow(graph.EntityIndex("frog"), 1, entity), [entity]);
        Assert.Contains("lives with bird0", Words(null), StringComparison.Ordinal);
        Assert.DoesNotContain("lives with bird0", Words([lost]), StringComparison.Ordinal);

        string Words(int[]? lostOf) => tokenizer.Decode(Trees(graph, nameTokens: 20).Of(request, 0, lostOf).Branches[0].Tokens);
    }

    [Fact]
    public void A_text_that_would_not_fit_the_context_goes_without_facts()
    {
        var graph = files.Load();
        var request = Request(graph, graph.Row(graph.Train[0], Side.Tail), [8, 9, 10]);
        var roomy = Trees(graph).Of(request);
        var length = roomy.Prefix.Length + roomy.Branches.Max(branch => branch.Tokens.Length);
        var tight = new VerdictTrees(graph, wording, Shape, length - 1).Of(request);
        IsSame(new VerdictTrees(graph, wording, Shape with { Neighbours = 0 }, 1000).Of(request), tight);
        Assert.True(tight.Prefix.Length < roomy.Prefix.Length || tight.Branches[0].Tokens.Length < roomy.Branches[0].Tokens.Length);
    }

    [Fact]
    public void Facts_are_those_of_train_of_different_words_and_no_more_than_wanted()
    {
        var graph = files.Load();
        for (var entity = 0; entity < graph.Entities.Count; entity++)
            for (var most = 0; most < 4; most++)
            {
                var found = new Neighbourhood(graph, most, 7).Of(entity, other => other == 3);
                var all = graph.Rows(graph.Train).Where(row => row.Head == entity && row.Tail != 3)
                    .Select(row => (graph.DirectedRelationText(row.DirectedRelation), row.Tail)).ToHashSet();
                Assert.Equal(Math.Min(most, all.Count), found.Count);
                Assert.Equal(found.Count, found.Select(fact => (graph.DirectedRelationText(fact.DirectedRelation), fact.Other))
                    .Distinct().Count(all.Contains));
            }
    }

    private static RerankRequest Request(KnowledgeGraph graph, DirectedRow row, int[] candidates) => new(
        QueryEntity.Of(graph, row.Head), row.DirectedRelation, [.. candidates.Select(candidate => QueryEntity.Of(graph, candidate))],
        new float[candidates.Length]);

    private VerdictTrees Trees(KnowledgeGraph graph, int nameTokens = 4) =>
        new(graph, wording, Shape with { NeighbourTokens = nameTokens }, 1000);

    private static void IsSame(TextTree expected, TextTree found)
    {
        Assert.Equal(expected.Prefix, found.Prefix);
        Assert.Equal(expected.Branches.Select(branch => branch.Tokens), found.Branches.Select(branch => branch.Tokens));
    }

    public void Dispose() => files.Dispose();
}
