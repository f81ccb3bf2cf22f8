using Kalm.Alignment;
using Kalm.Alignment.Keeping;
using Kalm.Alignment.Losses;
using Kalm.Distributed;
using Kalm.Engine;
using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using Kalm.Language.Pretraining;
using Kalm.Language.Training;
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
        (string Name, Func<Subject> Make)[] ways =
        [
            ("the recipe", () => new Subject(opened, held, graph, options)),
            ("without keeping", () => new Subject(opened, held, graph, withoutKeeping)),
            ("without keeping, explicit alone", () => new Subject(opened, held, graph, Explicit(withoutKeeping))),
            ($"the same, upper {top} layers", () => new Subject(
                opened, held, graph, Explicit(withoutKeeping) with { Lora = options.Lora with { TrainedLayers = top } })),
        ];
        var seconds = ways.Select(_ => new List<double>()).ToArray();
        var products = ways.Select(_ => new List<double>()).ToArray();
        var made = new double[ways.Length];
        // One at a time holds its optimizer and states.
        for (var round = 0; round < rounds; round++)
            for (var way = 0; way < ways.Length; way++)
            {
                Subject? subject = null;
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

    /// <summary>All that a step needs.</summary>
    private sealed class Subject : IDisposable
    {
        private readonly AlignmentModel model;
        private readonly AdamW optimizer;
        private readonly DecoderPool? teacher;
        private readonly KeepLoss? keep;
        private readonly ViewStates? states;
        private readonly AlignmentStep step;
        private readonly ImplicitLoss implicitLoss;
        private readonly TextIndex texts;
        private readonly CausalModel held;
        private readonly double rate;
        private int taken;

        public Subject(OpenedModel opened, CausalModel held, KnowledgeGraph graph, AlignmentOptions options)
        {
            rate = options.Optimizer.LearningRate!.Value;
            this.held = held;
            model = new AlignmentModel(held, null, options);
            optimizer = new AdamW(model.Learned, options.Optimizer.WeightDecay);
            texts = new TextIndex(graph, new Wording(held.Tokenizer, options.Wording, opened.Template));
            implicitLoss = new ImplicitLoss(model, graph, texts, options, Alone.Instance);
            if (options.Lora.TrainedLayers is not null)
                states = new ViewStates(model.Decoder, texts, graph.Rows(graph.Asked), Path.GetTempFileName(), null, default);
            List<IAlignmentLoss> losses = [new ExplicitLoss(model, texts, options, Alone.Instance, states), implicitLoss];
            if (options.Keep.Weight > 0)
            {
                teacher = new DecoderPool(held, null, null, options.Threads!.Value);
                losses.Add(keep = new KeepLoss(
                    model, teacher, Kept(held, graph, options), options, options.Keep.Weight.Value, Alone.Instance, default));
            }
            step = new AlignmentStep(model, graph, texts, new KnownTexts(graph, texts), options, optimizer, losses, Alone.Instance);
        }

        public void Take(int steps = 1)
        {
            for (var index = 0; index < steps; index++)
                step.Take(taken++, rate, ownHeads: false);
        }

        /// <summary>Seconds that the next steps' products with the base's matrices take by themselves; those of kept texts are not
        /// counted.</summary>
        public double Products(int steps) => Enumerable.Range(taken, steps).Sum(next =>
        {
            var batch = step.Batch(next);
            var prompts = implicitLoss.Prompts(new StepBatch(next, batch, OwnHeads: false))?.Rows ?? [];
            return BaseProducts.Seconds(held, [.. model.Decoder.TokensThrough(new Forest(texts, batch.Columns, batch.Queries).Rows)
                .Zip(model.Decoder.TokensThrough(prompts), (views, asked) => (IReadOnlyList<long>)[.. views, .. asked])]);
        });

        // Any texts cost the same: the graph's own, of the length that the recipe gives the base's.
        private static List<KeptText> Kept(CausalModel held, KnowledgeGraph graph, AlignmentOptions options) =>
            [.. TextStream.Pieces(
                held.Tokenizer, string.Join(". ", graph.Entities.Select(entity => entity.Description)), options.Keep.TextTokens)
                .Where(piece => piece.Length > 2).Select(piece => KeptText.Of(held.Tokenizer, piece, 0))];

        public void Dispose()
        {
            keep?.Dispose();
            teacher?.Dispose();
            states?.Dispose();
            optimizer.Dispose();
            model.Dispose();
        }
    }
}
