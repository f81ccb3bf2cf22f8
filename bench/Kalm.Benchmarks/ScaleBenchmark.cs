using Kalm.Distributed;
using Kalm.Engine;
using Kalm.Evaluation;
using Kalm.Evaluation.Ranking;
using Kalm.Evaluation.Vectors;
using Kalm.Graph;
using Kalm.Language.Pretraining;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Benchmarks;

/// <summary>What a large graph costs: reading it, what training and ranking look up, drawing batches, whole steps, exact ranks.</summary>
internal static class ScaleBenchmark
{
    private const int TextsEncoded = 4096;
    private const int TriplesOfEntity = 3;

    public static IReadOnlyList<string> Options { get; } =
    [
        "--entities", "--triples", "--relations", "--queries", "--layout", "--folder", "--recipe", "--preset", "--steps", "--threads",
        "--seed", "--json", "--once",
    ];

    public static void Run(Arguments arguments)
    {
        if (arguments.Find("--once") is { } path)
        {
            OwnProcess.Tell(() => Measured.Seconds(() => KnowledgeGraph.Load(path)));
            return;
        }
        var entities = arguments.Whole("--entities", 1_000_000);
        var made = new MadeGraph(
            entities, arguments.Whole("--triples", TriplesOfEntity * entities), arguments.Whole("--relations", 800),
            arguments.Whole("--queries", 1000) / 2, arguments.Whole("--seed", 1));
        var folder = Directory.CreateDirectory(
            arguments.Find("--folder") ?? Path.Combine(Path.GetTempPath(), $"kalm-benchmark-{Guid.NewGuid():N}"));
        var isKept = arguments.Find("--folder") is not null;
        try
        {
            if (!folder.EnumerateFiles().Any())
                made.Write(folder.FullName, arguments.Find("--layout") ?? MadeGraph.Layouts[0]);
            var loading = OwnProcess.Measure("scale", folder.FullName);
            var peak = PeakMemory.During(() => Measure(made, folder.FullName, loading, arguments));
            Console.WriteLine($"peak of all that     {peak,10:N0} MiB");
        }
        finally
        {
            if (!isKept)
                folder.Delete(recursive: true);
        }
    }

    private static void Measure(MadeGraph made, string folder, OwnProcess loading, Arguments arguments)
    {
        var (steps, seed, threads) = (
            arguments.Whole("--steps", 20), arguments.Whole("--seed", 1), arguments.Whole("--threads", Environment.ProcessorCount));
        var options = arguments.Recipe(threads, seed);
        NativeEngine.Initialize();
        var machine = Machine.Measure(threads);
        using var model = MadeModel.Make(Few(made), ModelPreset.Find(arguments.Find("--preset") ?? "tiny"), seed);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var graph = KnowledgeGraph.Load(folder);
        var graphBytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        OurStep? step = null;
        var preparing = Measured.Seconds(() =>
        {
            step = new OurStep(model, graph, options);
            step.Draw();
        });
        using var our = step!;
        our.Take();
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before - graphBytes;
        var (drawing, taking) = (new List<double>(), new List<double>());
        for (var taken = 0; taken < steps; taken++)
        {
            drawing.Add(Measured.Seconds(our.Draw));
            taking.Add(Measured.Seconds(our.Take));
        }
        var ranking = Rank(graph, our, seed);
        var result = new ScaleResult(
            graph.Entities.Count, graph.Train.Count, loading.Figure, loading.PeakMebibytes, graphBytes / 1048576.0, preparing,
            bytes / 1048576.0, drawing.Median(), taking.Median(), taking[..((steps + 1) / 2)].Median(), taking[(steps / 2)..].Median(),
            drawing.Ratio(taking), ranking, machine, seed);
        Console.WriteLine(result);
        if (arguments.Find("--json") is { } file)
            Json.Write(file, result);
    }

    // What ranking takes does not depend on what the vectors are, and encoding all texts would take hours.
    private static RankingResult Rank(KnowledgeGraph graph, OurStep our, int seed)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var (texts, decoder) = (our.Texts, our.Decoder);
        var queries = CompletionQuery.Of(graph, graph.Test);
        var known = new KnownFacts(graph, graph.Train, graph.Valid, graph.Test);
        EncodedTexts? encoded = null;
        var textCount = Math.Min(TextsEncoded, texts.Descriptions.Count);
        var encodingTexts = Measured.Seconds(() =>
            Encoder.Encode(decoder, new Forest(texts, Enumerable.Range(0, textCount), []).Rows).Dispose());
        var encoding = Measured.Seconds(() => encoded = EncodedTexts.OfQueries(
            decoder, texts, queries.Select(query => texts.QueryText(query.Entity, query.DirectedRelation)), Alone.Instance, null, default));
        using var queryTexts = encoded!;
        using var generator = new Generator((ulong)seed);
        var vectors = empty([texts.Descriptions.Count, decoder.Config.HiddenSize], ScalarType.Float32).DetachFromDisposeScope();
        for (var start = 0; start < vectors.shape[0]; start += TextsEncoded)
        {
            using var block = NewDisposeScope();
            var count = Math.Min(TextsEncoded, vectors.shape[0] - start);
            vectors.narrow(0, start, count).copy_(
                Encoder.UnitLength(randn([count, vectors.shape[1]], ScalarType.Float32, generator: generator)));
        }
        using var candidates = new EntityVectorTensor(vectors);
        RankedQuery[] ranked = [];
        var seconds = Measured.Seconds(() => ranked = new BlockRanking(candidates, texts.EntityText, known, decoder.WorkerCount).Rank(
            queries, queryTexts.Queries(queries.Select(query => texts.QueryText(query.Entity, query.DirectedRelation))), null, default));
        return new RankingResult(ranked.Length, encoding, seconds, textCount / encodingTexts);
    }

    // The tokenizer learns the same words from few texts as from all.
    private static KnowledgeGraph Few(MadeGraph made)
    {
        var folder = Directory.CreateTempSubdirectory("kalm-benchmark-");
        try
        {
            made.Few.Write(folder.FullName, MadeGraph.Layouts[0]);
            return KnowledgeGraph.Load(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
