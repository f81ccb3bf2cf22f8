using System.Security.Cryptography;
using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Alignment.Reranking;
using Kalm.Completion;
using Kalm.Completion.Reranking;
using Kalm.Evaluation;
using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using Kalm.Language.Sources.Safetensors;
using Kalm.Representation;
using Kalm.Tests.Graph;
using TorchSharp;

namespace Kalm.Tests.Alignment.Reranking;

public sealed class RerankRunTests : IDisposable
{
    private static readonly RerankOptions Quick = new()
    {
        Steps = 40, Queries = 16, Depth = 20, LearningRate = 3e-3, ValidTriples = 100,
    };

    private readonly TemporaryFolder folder = new();
    private readonly SmallGraph files = FamilyGraph.Make();
    private readonly KnowledgeGraph graph;

    public RerankRunTests() => graph = files.Load();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(AlignmentMethod.Full)]
    [InlineData(AlignmentMethod.Lora)]
    public void A_run_gets_a_reranker_that_orders_its_candidates_and_leaves_the_run_as_it_was(AlignmentMethod method)
    {
        var run = Align(method);
        var before = Contents(run);
        var made = Rerank(run, Quick);

        Assert.Equal(before, Contents(run).Where(file => !file.Key.StartsWith(Reranker.FolderName, StringComparison.Ordinal)));
        Assert.Equal(40, made.Steps);
        Assert.True(made.Weights.AreZero() || made.Valid.After >= made.Valid.Before + WeightFit.LeastGain, $"{made.Weights}, {made.Valid}");
        Weigh(run, new RerankWeights(0.7, 0.5, 2));
        using var model = new LoadedModel(OpenedModel.Open(run), threads: 2);
        using var reranker = Reranker.Open(model, graph);
        Assert.Null(reranker.Refusal);

        var texts = new TextIndex(graph, model.Wording);
        var known = new KnownFacts(graph, graph.Train, graph.Valid);
        var ranked = CompletionEvaluation.Rank(
            model.Decoder, graph, texts, CompletionQuery.Of(graph, graph.Valid), known, null, Cancellation, depth: 20);
        var after = reranker.Rank(ranked, null, Cancellation);
        Assert.Equal(ranked.Select(item => item.Query), after.Select(item => item.Query));
        Assert.NotEqual(ranked.Select(item => item.Rank), after.Select(item => item.Rank));
        foreach (var (old, item) in ranked.Zip(after))
        {
            var signals = reranker.Signals([RerankedRanks.Request(graph, old)])[0];
            var fused = signals.Fused(reranker.Description.Weights);
            Assert.Equal(old.Nearest[Array.IndexOf(fused, fused.Max())].Entity, item.BestCandidate);
            if (old.Nearest.All(candidate => candidate.Entity != old.Query.Answer))
                Assert.Equal(old.Rank, item.Rank);
        }
    }

    [Fact]
    public void A_tree_of_candidates_gives_the_verdicts_and_cosines_of_each_by_itself()
    {
        var run = Align(AlignmentMethod.Full);
        Rerank(run, Quick with { Steps = 5 });
        Weigh(run, new RerankWeights(1, 1, 1));
        using var model = new LoadedModel(OpenedModel.Open(run), threads: 2);
        using var reranker = Reranker.Open(model, graph);
        var row = graph.Row(graph.Test.First(triple => triple.Relation == 1), Side.Head);
        var request = new RerankRequest(
            QueryEntity.Of(graph, row.Head), row.DirectedRelation,
            [.. Enumerable.Range(0, 40).Select(entity => QueryEntity.Of(graph, entity))], new float[40]);
        var together = reranker.Signals([request, request])[1];

        // The query's own facts depend on who else is a candidate, so the words are taken from the whole tree.
        using var judge = new LoadedModel(OpenedModel.Open(reranker.Folder), threads: 1);
        using var file = SafetensorsFile.Open(Path.Combine(reranker.Folder, RerankerDescription.VerdictName));
        using var verdict = SourceTensors.Read(file, RerankerDescription.TensorName, torch.CPU);
        var tree = new VerdictTrees(graph, judge.Wording, reranker.Description.Shape, 256).Of(request);
        foreach (var (place, branch) in tree.Branches.Index())
        {
            int[] text = [.. tree.Prefix, .. branch.Tokens];
            using var states = judge.Decoder.Read([TokenRow.Sequence(text, [text.Length - 1])], null, TestContext.Current.CancellationToken);
            var expected = states.data<float>().ToArray().Zip(verdict.data<float>().ToArray(), (left, right) => (double)left * right).Sum();
            Assert.Equal(expected, together.Verdicts[place], 1e-4);
            var views = new ViewForest(model.Wording, [
                new ViewRequest(model.Wording.Description(graph.Entities[place].Description), false,
                    [model.Wording.Relation(graph.DirectedRelationText(graph.InverseOf(row.DirectedRelation)))]),
                new ViewRequest(model.Wording.Description(request.Entity.Description), true, [])]);
            using var vectors = Encoder.Encode(model.Decoder, views.Rows, null, TestContext.Current.CancellationToken);
            var numbers = vectors.data<float>().ToArray().Chunk((int)vectors.shape[1]).ToArray();
            var cosine = EntityVectors.Dot(numbers[views.Reads(0)[0]], numbers[views.Reads(1)[0]]);
            Assert.Equal(cosine / model.Temperature, together.Backward[place], 1e-3);
            // lives_with reads the same both ways.
            Assert.Equal(graph.Train.Contains(new Triple(row.Head, 1, place)) ? 1 : 0, together.Mirrored[place]);
        }
    }

    [Fact]
    public void The_completer_orders_as_the_reranker_and_keeps_what_the_embeddings_said()
    {
        var run = Align(AlignmentMethod.Full);
        Rerank(run, Quick with { Steps = 5 });
        // After so few steps verdicts are small.
        Weigh(run, new RerankWeights(1000, 0, 0));
        using var model = new LoadedModel(OpenedModel.Open(run), threads: 2);
        using var completer = Completer.Open(model, graph, cancellation: Cancellation);
        var entity = QueryEntity.Of(graph, 30);
        var before = completer.Entities(entity, 0, 20);
        var after = completer.Rerank(before, entity, 0);
        Assert.Equal(before, after.Select(candidate => candidate with { Reranked = null }).OrderBy(candidate => candidate.Rank));
        Assert.Equal(after.OrderByDescending(candidate => candidate.Reranked!.Score), after);
        Assert.NotEqual(before.Select(candidate => candidate.Entity), after.Select(candidate => candidate.Entity));
        foreach (var candidate in after)
            Assert.Equal(candidate.Score / model.Temperature + 1000 * candidate.Reranked!.Verdict, candidate.Reranked.Score, 1e-3);
        Assert.Empty(completer.Rerank([], entity, 0));
        var free = new QueryEntity(null, "frog99, a frog that nobody knew");
        Assert.Equal(9, completer.Rerank(completer.Entities(free, 1, 9), free, 1).Count);
    }

    [Fact]
    public void Without_a_gain_the_order_stays_and_that_is_told()
    {
        var run = Align(AlignmentMethod.Full);
        Rerank(run, Quick with { Steps = 1 });
        Weigh(run, new RerankWeights(0, 0, 0));
        using var model = new LoadedModel(OpenedModel.Open(run), threads: 2);
        using var completer = Completer.Open(model, graph, cancellation: Cancellation);
        var before = completer.Entities(QueryEntity.Of(graph, 30), 0, 20);
        Assert.Same(before, completer.Rerank(before, QueryEntity.Of(graph, 30), 0));
        Assert.Contains("gained nothing on the validation split", completer.Reranker.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_a_reranker_of_the_run_is_named()
    {
        var run = Align(AlignmentMethod.Full);
        using (var bare = new LoadedModel(OpenedModel.Open(run), threads: 2))
            Assert.Contains(
                "has no re-ranker", Assert.Throws<KalmException>(() => Reranker.Open(bare, graph)).Message, StringComparison.Ordinal);
        Rerank(run, Quick with { Steps = 1 });
        var path = Path.Combine(run, Reranker.FolderName);
        Assert.Contains("--force", Assert.Throws<KalmException>(() => Rerank(run, Quick)).Message, StringComparison.Ordinal);
        Assert.Equal(2, Rerank(run, Quick with { Steps = 2 }, replaces: true).Steps);

        Weigh(run, new RerankWeights(0.7, 0, 0));
        var description = Path.Combine(path, RerankerDescription.FileName);
        var sound = File.ReadAllText(description);
        Fault(sound.Replace("\"depth\": 20", "\"depth\": 0", StringComparison.Ordinal), description, "Depth = 0");
        Fault(sound.Replace("0.7", "-0.7", StringComparison.Ordinal), description, "0 or more");
        Fault(sound[..(sound.Length / 2)], description);
        Fault(sound.Replace("\"vectors\": \"", "\"vectors\": \"0", StringComparison.Ordinal), path, "other weights");
        Fault("{}", description, "shape");
        File.WriteAllText(description, sound);
        var verdict = Path.Combine(path, RerankerDescription.VerdictName);
        var bytes = File.ReadAllBytes(verdict);
        File.WriteAllBytes(verdict, bytes[..^4]);
        Fault(sound, verdict);
        File.Delete(verdict);
        Fault(sound, verdict);

        void Fault(string content, params string[] mentioned)
        {
            File.WriteAllText(description, content);
            using var model = new LoadedModel(OpenedModel.Open(run), threads: 2);
            var message = Assert.Throws<KalmException>(() => Reranker.Open(model, graph)).Message;
            foreach (var words in mentioned)
                Assert.Contains(words, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Stopping_leaves_nothing_and_a_graph_without_valid_is_refused()
    {
        var run = Align(AlignmentMethod.Full);
        var before = Contents(run);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Assert.ThrowsAny<OperationCanceledException>(() => RerankRun.Execute(
            OpenedModel.Open(run), graph, Inputs(run, Quick), new StepWatch(step =>
            {
                if (step == 3)
                    stop.Cancel();
            }), stop.Token));
        Assert.Equal(before, Contents(run));
        files.With("valid.txt", "");
        var fault = Assert.Throws<KalmException>(
            () => RerankRun.Execute(OpenedModel.Open(run), files.Load(), Inputs(run, Quick), cancellation: Cancellation));
        Assert.Contains("valid split", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_wrong_candidate_loses_a_fact_as_the_answer_does_and_no_train_answer_is_wrong()
    {
        using var model = new LoadedModel(OpenedModel.Open(TinyModel.Make(folder, graph)), threads: 2);
        var mined = CompletionEvaluation.Rank(
            model.Decoder, graph, new TextIndex(graph, model.Wording), CompletionQuery.Of(graph, graph.Train), graph.TrainFacts, null,
            Cancellation, depth: 30);
        var sampler = new RerankSampler(graph, mined, Quick, 5);
        var lessons = Enumerable.Range(0, 40).SelectMany(sampler.Batch).ToList();
        Assert.Equal(mined.Count, lessons.Take(mined.Count).Select(lesson => (lesson.Request.Entity.Entity, lesson.Request.DirectedRelation,
            lesson.Request.Candidates[0].Entity)).Distinct().Count());
        foreach (var (request, lost) in lessons)
        {
            var (entity, relation) = (request.Entity.Entity!.Value, request.DirectedRelation);
            int[] candidates = [.. request.Candidates.Select(candidate => candidate.Entity!.Value)];
            Assert.True(graph.TrainFacts.Contains(entity, relation, candidates[0]));
            Assert.Equal(candidates.Length, candidates.Distinct().Count());
            Assert.InRange(candidates.Length, 2, 1 + Quick.Negatives + Quick.RandomNegatives);
            Assert.All(candidates[1..], wrong => Assert.False(graph.TrainFacts.Contains(entity, relation, wrong)));
            // lives_with reads the same both ways.
            if (graph.Relations[relation % graph.RelationCount].IsSymmetric)
                Assert.All(candidates[1..], wrong => Assert.False(graph.TrainFacts.Contains(wrong, relation, entity)));
            Assert.Equal(-1, lost[0]);
            foreach (var (wrong, other) in candidates.Zip(lost).Skip(1))
                Assert.True(other == -1 ? graph.TrainFacts.FactsOf(wrong).Tails.Length == 0
                    : graph.TrainFacts.FactsOf(wrong).Tails.ToArray().Contains(other));
        }
        var again = new RerankSampler(graph, mined, Quick, 5).Batch(0);
        Assert.Equal(lessons.Take(16).Select(lesson => lesson.Lost), again.Select(lesson => lesson.Lost));
    }

    private string Align(AlignmentMethod method)
    {
        var run = folder.File("run");
        AlignmentRun.Execute(new AlignmentInputs(TinyModel.Make(folder, graph), files.Path, run), new AlignmentOptions
        {
            Method = method, Threads = 2, Budget = new BudgetOptions { Steps = 20, Validations = 1 },
            Batches = new BatchOptions { Triples = 24 },
        }, cancellation: Cancellation);
        return run;
    }

    private RerankerDescription Rerank(string run, RerankOptions options, bool replaces = false) => RerankRun.Execute(
        OpenedModel.Open(run), graph, Inputs(run, options, replaces), cancellation: Cancellation);

    private static RerankInputs Inputs(string run, RerankOptions options, bool replaces = false) =>
        new(run, RunFolder.Describe(run).Options with { Rerank = options, Threads = 2 }, replaces);

    private static void Weigh(string run, RerankWeights weights)
    {
        var path = Path.Combine(run, Reranker.FolderName, RerankerDescription.FileName);
        Json.Write(path, Json.Read<RerankerDescription>(path) with { Weights = weights });
    }

    private static Dictionary<string, string> Contents(string run) => Directory
        .EnumerateFiles(run, "*", SearchOption.AllDirectories)
        .Where(file => !file.Contains("index", StringComparison.Ordinal))
        .ToDictionary(file => Path.GetRelativePath(run, file), file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))));

    public void Dispose()
    {
        files.Dispose();
        folder.Dispose();
    }
}
