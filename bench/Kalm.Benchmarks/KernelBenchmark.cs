using Kalm.Engine;
using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Language.Execution.Kernels;
using Kalm.Language.Model;
using Kalm.Language.Pretraining;
using static TorchSharp.torch;

namespace Kalm.Benchmarks;

/// <summary>What the hand-written operations and rounded products save: the body's way there and back over the forest of one step, on one
/// thread as a worker has it, in turns.</summary>
internal static class KernelBenchmark
{
    public static IReadOnlyList<string> Options { get; } = ["--graph", "--recipe", "--preset", "--rounds", "--seed", "--json"];

    public static void Run(Arguments arguments)
    {
        var (rounds, seed) = (arguments.Whole("--rounds", 9), arguments.Whole("--seed", 1));
        var options = arguments.Recipe(threads: 1, seed);
        var preset = ModelPreset.Find(arguments.Find("--preset") ?? "tiny");
        var graph = KnowledgeGraph.Load(arguments.Text("--graph"));
        NativeEngine.Initialize();
        var machine = Machine.Measure(1);
        using var model = MadeModel.Make(graph, preset, seed);
        using var our = new OurStep(model, graph, options);
        var rows = our.Forest();
        using var learned = new ParameterSet(model.Weights, CPU);
        using var replica = learned.CreateReplica();
        using var own = new Decoder(model.Config, model.Weights, replica, null, CPU);
        using var plain = new Decoder(model.Config, model.Weights, replica, null, CPU, kernels: new TorchKernels(model.Config));
        var ways = new List<(Decoder Decoder, bool Rounded)> { (plain, false), (own, false) };
        if (MatrixProducts.CanRound)
            ways.AddRange([(plain, true), (own, true)]);
        var times = ways.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round <= rounds; round++)
            for (var way = 0; way < ways.Count; way++)
            {
                var seconds = Measured.Seconds(() => Pass(ways[way].Decoder, rows, ways[way].Rounded));
                // The first round compiles code; it is not counted.
                if (round > 0)
                    times[way].Add(seconds);
            }
        var results = ways.Zip(times, (way, taken) => new WayResult(
            way.Decoder == own, way.Rounded, rows.Sum(row => row.Length) / taken.Median(), times[0].Ratio(taken))).ToList();
        Console.WriteLine($"preset {preset.Name}, {rows.Sum(row => row.Length):N0} tokens, seed {seed}; {machine}");
        foreach (var result in results)
            Console.WriteLine($"{(result.Own ? "own operations" : "the engine's"),-15} {(result.Rounded ? "bf16" : "fp32")} products "
                + $"{result.TokensPerSecond,10:N0} tokens/s   x {result.Ratio:N2}");
        if (arguments.Find("--json") is { } file)
            Json.Write(file, new KernelResult(preset.Name, results, machine, seed));
    }

    private static void Pass(Decoder decoder, IReadOnlyList<TokenRow> rows, bool rounded)
    {
        set_num_threads(1);
        var plan = new BlockPlan(rows, DecoderPool.BlockTokens, 1);
        using var rounding = MatrixProducts.Round(rounded);
        foreach (var indices in plan.Blocks[0])
        {
            using var scope = NewDisposeScope();
            using var block = decoder.Block(plan.RowsOf(indices), rounded ? DecoderPool.RoundedMultiple : 1);
            decoder.Read(decoder.Embed(block.Tokens), block).sum().backward();
        }
    }
}

/// <summary>What the benchmark of operations writes.</summary>
/// <param name="Preset">The model.</param>
/// <param name="Ways">The engine's operations in fp32 first, which the ratios are against.</param>
/// <param name="Machine">Where.</param>
/// <param name="Seed">Decides weights and batch.</param>
internal sealed record KernelResult(string Preset, IReadOnlyList<WayResult> Ways, Machine Machine, long Seed);

/// <summary>One way of running the body.</summary>
/// <param name="Own">Whether with the hand-written operations.</param>
/// <param name="Rounded">Whether products are rounded to BF16.</param>
/// <param name="TokensPerSecond">There and back, the median.</param>
/// <param name="Ratio">The median of the rounds' ratios, the first way's time over this one's.</param>
internal sealed record WayResult(bool Own, bool Rounded, double TokensPerSecond, double Ratio);
