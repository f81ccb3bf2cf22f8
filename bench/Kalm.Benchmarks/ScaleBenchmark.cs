using System.Globalization;
using Kalm.Engine;
using Kalm.Graph;
using Kalm.Language.Pretraining;

namespace Kalm.Benchmarks;

/// <summary>What a large graph costs beside its texts: memory for what training looks up, and time to draw and build batches.</summary>
internal static class ScaleBenchmark
{
    private const int RelationCount = 20;
    private const int WordCount = 20_000;
    private const int WordsOfText = 14;
    private const int TriplesOfEntity = 3;

    public static IReadOnlyList<string> Options { get; } =
    [
        "--entities", "--recipe", "--preset", "--steps", "--threads", "--seed", "--json",
    ];

    public static void Run(Arguments arguments)
    {
        var (entities, steps, seed) = (arguments.Whole("--entities", 1_000_000),
            arguments.Whole("--steps", 20), arguments.Whole("--seed", 1));
        var threads = arguments.Whole("--threads", Environment.ProcessorCount);
        var options = arguments.Recipe(threads, seed);
        var graph = Made(entities, seed);
        NativeEngine.Initialize();
        var machine = Machine.Measure(threads);
        using var model = MadeModel.Make(Few(seed), ModelPreset.Find(arguments.Find("--preset") ?? "tiny"), seed);
        var graphBytes = GC.GetTotalMemory(forceFullCollection: true);
        using var our = new OurStep(model, graph, options);
        our.Draw();
        our.Take();
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - graphBytes;
        var (drawing, taking) = (new List<double>(), new List<double>());
        for (var step = 0; step < steps; step++)
        {
            drawing.Add(Measured.Seconds(our.Draw));
            taking.Add(Measured.Seconds(our.Take));
        }
        var result = new ScaleResult(
            graph.Entities.Count, graph.Train.Count, graphBytes / 1048576.0, bytes / 1048576.0,
            drawing.Median(), taking.Median(), drawing.Ratio(taking), machine, seed);
        Console.WriteLine(
            $"{result.Entities:N0} entities, {result.Triples:N0} triples, seed {seed}; {machine}\n"
            + $"graph and texts      {result.GraphMebibytes,10:N0} MiB\n"
            + $"beyond them          {result.BeyondMebibytes,10:N0} MiB\n"
            + $"drawing and building {result.DrawingSeconds * 1000,10:N1} ms a batch\n"
            + $"a whole step         {result.StepSeconds * 1000,10:N1} ms\n"
            + $"share                {result.Share,10:P1}");
        if (arguments.Find("--json") is { } file)
            Json.Write(file, result);
    }

    /// <summary>A graph of made-up words, read from a folder as any other.</summary>
    private static KnowledgeGraph Made(int entities, int seed)
    {
        var folder = Directory.CreateTempSubdirectory("kalm-benchmark-");
        try
        {
            Write(folder.FullName, entities, new Random(seed));
            return KnowledgeGraph.Load(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // The tokenizer learns the same words from few texts as from all.
    private static KnowledgeGraph Few(int seed) => Made(2 * WordCount / WordsOfText, seed);

    private static void Write(string folder, int entities, Random random)
    {
        var words = Enumerable.Range(0, WordCount).Select(_ => Word(random)).ToArray();
        Lines("entities.dict", entities, index => $"{index}\te{index}");
        Lines("entityId2text.dict", entities,
            index => $"{index}\t{words[random.Next(WordCount)]} {index}, {string.Join(' ', random.GetItems(words, WordsOfText))}");
        Lines("relations.dict", RelationCount, index => $"{index}\tr{index}");
        Lines("relationId2text.dict", RelationCount, index => $"{index}\t{words[index]} of");
        // Few entities are met often, most hardly ever, as in graphs that grew.
        Lines("train.txt", entities * TriplesOfEntity, index =>
            $"e{index / TriplesOfEntity}\tr{random.Next(RelationCount)}\te{(int)(entities * Math.Pow(random.NextDouble(), 3))}");

        void Lines(string name, int count, Func<int, string> line) =>
            File.WriteAllLines(Path.Combine(folder, name), Enumerable.Range(0, count).Select(line));
    }

    private static string Word(Random random) =>
        string.Create(CultureInfo.InvariantCulture,
            $"{(char)('a' + random.Next(26))}{new string(random.GetItems("aeiourstlnm".AsSpan(), random.Next(2, 9)))}");
}

/// <summary>What the scale benchmark writes.</summary>
/// <param name="Entities">Entities, each with a text.</param>
/// <param name="Triples">Train triples.</param>
/// <param name="GraphMebibytes">Managed memory of the graph with its texts.</param>
/// <param name="BeyondMebibytes">Managed memory of what training looks up besides: encoded texts, known facts, order.</param>
/// <param name="DrawingSeconds">Drawing and building a batch, the median.</param>
/// <param name="StepSeconds">A whole step, its batch included, the median.</param>
/// <param name="Share">Drawing over the step, the median of the ratios.</param>
/// <param name="Machine">Where.</param>
/// <param name="Seed">Decides everything.</param>
internal sealed record ScaleResult(
    int Entities, int Triples, double GraphMebibytes, double BeyondMebibytes,
    double DrawingSeconds, double StepSeconds, double Share, Machine Machine, long Seed);
