using Kalm.Alignment;
using Kalm.Engine;
using Kalm.Graph;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Benchmarks;

/// <summary>A step of LoRA on a published model, by a recipe: as it is, without keeping the base's language, with the upper layers alone
/// trained above kept states, and with the base in single precision; in turns.</summary>
internal static class LoraBenchmark
{
    public static IReadOnlyList<string> Options { get; } =
        ["--model", "--graph", "--recipe", "--rounds", "--steps", "--top", "--threads", "--json"];

    public static void Run(Arguments arguments)
    {
        var (rounds, steps, top) = (arguments.Whole("--rounds", 3), arguments.Whole("--steps", 4), arguments.Whole("--top", 8));
        var threads = arguments.Whole("--threads", Environment.ProcessorCount);
        NativeEngine.Initialize();
        var machine = Machine.Measure(threads);
        var graph = KnowledgeGraph.Load(arguments.Text("--graph"));
        var recipe = Alignment.Options.RecipeFile.Read(arguments.Text("--recipe")) with { Threads = threads };
        using var opened = OpenedModel.Open(arguments.Text("--model"));
        var options = recipe.Validated().Decided(opened.Writes);
        using var held = opened.Load(CPU, options.Lora.BasePrecision);
        var withoutKeeping = options with { Keep = options.Keep with { Weight = 0 } };
        (string Name, Func<LoraStep> Make)[] ways =
        [
            ("the recipe", () => new LoraStep(opened, held, graph, options)),
            ("without keeping", () => new LoraStep(opened, held, graph, withoutKeeping)),
            ("without keeping, explicit alone", () => new LoraStep(opened, held, graph, Explicit(withoutKeeping))),
            ($"the same, upper {top} layers", () => new LoraStep(
                opened, held, graph, Explicit(withoutKeeping) with { Lora = options.Lora with { TrainedLayers = top } })),
        ];
        var seconds = ways.Select(_ => new List<double>()).ToArray();
        var products = ways.Select(_ => new List<double>()).ToArray();
        var made = new double[ways.Length];
        // One at a time holds its optimizer and states.
        for (var round = 0; round < rounds; round++)
            for (var way = 0; way < ways.Length; way++)
            {
                LoraStep? subject = null;
                try
                {
                    made[way] = Measured.Seconds(() => subject = ways[way].Make());
                    subject!.Take();
                    products[way].Add(subject.Products(steps) / steps);
                    seconds[way].Add(Measured.Seconds(() => subject.Take(steps)) / steps);
                }
                finally
                {
                    subject?.Dispose();
                }
            }
        Console.WriteLine($"{opened.Given}, {options.Batches.Triples} triples a step, base in {options.Lora.BasePrecision}; {machine}");
        Console.WriteLine("products: those of the step with the base's matrices, forward and back to the inputs, by themselves");
        Console.WriteLine("                                  s a step   triples/s   of the first   to prepare, s   products, s   share");
        for (var way = 0; way < ways.Length; way++)
            Console.WriteLine($"{ways[way].Name,-34}{seconds[way].Median(),8:N2}{options.Batches.Triples / seconds[way].Median(),12:N2}"
                + $"{seconds[way].Ratio(seconds[0]),15:N3}{made[way],16:N1}"
                + (way < 3 ? $"{products[way].Median(),14:N2}{products[way].Ratio(seconds[way]),8:N2}" : "             -       -"));
        if (arguments.Find("--json") is { } json)
            Json.Write(json, ways.Index().ToDictionary(
                way => way.Item.Name, way => new { seconds = seconds[way.Index], prepared = made[way.Index] }));
    }

    private static AlignmentOptions Explicit(AlignmentOptions options) =>
        options with { Implicit = options.Implicit with { Weight = 0 } };
}
