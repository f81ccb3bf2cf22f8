using Kalm.Engine;
using Kalm.Graph;
using Kalm.Language.Pretraining;

namespace Kalm.Benchmarks;

/// <summary>Training steps and nothing else, for a profiler to look at: those that the cost benchmark takes its <c>gemm_share</c>
/// of.</summary>
internal static class StepsBenchmark
{
    public static IReadOnlyList<string> Options { get; } = ["--graph", "--recipe", "--preset", "--rounds", "--threads", "--seed"];

    public static void Run(Arguments arguments)
    {
        var (rounds, threads, seed) = (arguments.Whole("--rounds", 9),
            arguments.Whole("--threads", Environment.ProcessorCount), arguments.Whole("--seed", 1));
        var options = CostBenchmark.NearPeak(arguments.Recipe(threads, seed));
        var preset = ModelPreset.Find(arguments.Find("--preset") ?? "medium");
        var graph = KnowledgeGraph.Load(arguments.Text("--graph"));
        NativeEngine.Initialize();
        using var model = MadeModel.Make(graph, preset, seed);
        using var our = new OurStep(model, graph, options);
        // The first steps compile code.
        our.Take();
        our.Take();
        Console.WriteLine($"preset {preset.Name}, batch {options.Batches.Triples}, {threads} threads: {rounds} steps begin");
        for (var round = 0; round < rounds; round++)
            Console.WriteLine($"step {round + 1} of {rounds}: {Measured.Seconds(our.Take):N2} s");
    }
}
