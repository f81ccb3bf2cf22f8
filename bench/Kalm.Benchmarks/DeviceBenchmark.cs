using System.Diagnostics;
using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Engine;
using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Language.Generation;
using Kalm.Language.Tokenization;
using Kalm.Representation;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Benchmarks;

/// <summary>What a model does on a device, beside the same on the CPU: how far its numbers are from the CPU's, how fast it is, and which
/// share of the device's best product that is.</summary>
internal static class DeviceBenchmark
{
    private const int Texts = 256;
    private const int Written = 8;
    private const int Compared = 3;
    private const int Size = 4096;

    public static IReadOnlyList<string> Options { get; } =
        ["--model", "--graph", "--recipe", "--device", "--steps", "--tokens", "--threads", "--json"];

    public static void Run(Arguments arguments)
    {
        var device = ComputeDevice.Of(arguments.Find("--device") ?? ComputeDevice.Auto);
        var threads = arguments.Whole("--threads", Environment.ProcessorCount);
        var (steps, tokens) = (arguments.Whole("--steps", 8), arguments.Whole("--tokens", 64));
        var graph = KnowledgeGraph.Load(arguments.Text("--graph"));
        var results = new Dictionary<string, double>();
        var machine = Machine.Measure(threads);
        Console.WriteLine($"{arguments.Text("--model")} on {device} beside the CPU; {machine}");
        if (device.type == DeviceType.CUDA && GpuMemory.Of(device.index) is { } memory)
            Console.WriteLine($"memory of the GPU: {memory.Total / 1e9:N1} GB, {memory.Free / 1e9:N1} free");
        var peak = Tell("best product in BF16, TFLOPS", Peak(device));
        Read(arguments.Text("--model"), graph, device, threads, tokens, peak, Tell);
        if (arguments.Find("--recipe") is { } recipe)
            Align(arguments.Text("--model"), graph, RecipeFile.Read(recipe) with { Threads = threads }, device, steps, Tell);
        if (arguments.Find("--json") is { } json)
            Json.Write(json, results);

        double Tell(string name, double value)
        {
            Console.WriteLine($"{name,-58}{value,14:G5}");
            return results[name] = value;
        }
    }

    private static void Read(
        string model, KnowledgeGraph graph, Device device, int threads, int tokens, double peak, Func<string, double, double> tell)
    {
        using var there = new LoadedModel(OpenedModel.Open(model), device, threads);
        using var here = new LoadedModel(OpenedModel.Open(model), CPU, threads);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var texts = new TextIndex(graph, there.Wording);
        var some = new Forest(texts, Enumerable.Range(0, Math.Min(Texts, texts.Descriptions.Count)), []).Rows;
        var cosines = (Encoder.Encode(there.Decoder, some).cpu() * Encoder.Encode(here.Decoder, some)).sum(1);
        tell("vectors: least cosine with the CPU's", cosines.min().ReadNumber());
        var text = there.Model.Tokenizer.Begin(there.Model.Tokenizer.Encode(string.Join(". ", graph.Entities.Take(8)
            .Select(entity => entity.Description))));
        int[] read = text[..Math.Min(text.Length, 200)];
        TokenRow[] row = [TokenRow.Sequence(read[..^1], [.. Enumerable.Range(0, read.Length - 1)])];
        tell("log-likelihoods: largest difference from the CPU's, nats", there.Decoder.LogLikelihoods(row, [read[1..]])[0]
            .Zip(here.Decoder.LogLikelihoods(row, [read[1..]])[0], (left, right) => (double)Math.Abs(left - right)).Max());

        var all = new Forest(texts, Enumerable.Range(0, texts.Descriptions.Count), []);
        var seconds = Seconds(device, () => Encoder.Encode(there.Decoder, all.Rows).Dispose());
        tell("embedding, tokens/s", all.TokenCount / seconds);
        tell("  share of the best product", 2.0 * there.Model.ParameterCount.Body * all.TokenCount / seconds / 1e12 / peak);

        List<int[]> prompts = [.. Enumerable.Range(0, Written).Select(index => there.Model.Tokenizer.Begin(
            there.Model.Tokenizer.Encode($"{graph.Entities[index % graph.Entities.Count].Name} is")))];
        var options = new GenerationOptions { MaximumNewTokens = tokens };
        IReadOnlyList<Continuation> written = [];
        var writer = new Kalm.Language.Generation.Generator(there.Decoder, there.Model.Tokenizer);
        seconds = Seconds(device, () => written = writer.Continue(prompts, options));
        tell($"generation of {Written} texts, tokens/s", written.Sum(one => one.Tokens.Count) / seconds);
        var expected = new Kalm.Language.Generation.Generator(here.Decoder, here.Model.Tokenizer).Continue(prompts, options);
        tell("  share of tokens before the first that the CPU writes otherwise", written.Zip(expected, (left, right) =>
            left.Tokens.Zip(right.Tokens).TakeWhile(pair => pair.First == pair.Second).Count()).Sum()
                / (double)expected.Sum(one => one.Tokens.Count));
    }

    private static void Align(
        string model, KnowledgeGraph graph, AlignmentOptions recipe, Device device, int steps, Func<string, double, double> tell)
    {
        using var opened = OpenedModel.Open(model);
        var options = recipe.Validated().Decided(opened.Writes);
        double[] expected;
        using (var held = opened.Load(CPU, options.Lora.BasePrecision))
        using (var step = new LoraStep(opened, held, graph, options))
            expected = step.Take(Compared);
        using var moved = opened.Load(device, options.Lora.BasePrecision);
        using var there = new LoraStep(opened, moved, graph, options);
        tell($"LoRA: largest relative difference of the first {Compared} losses", there.Take(Compared)
            .Zip(expected, (left, right) => Math.Abs(left / right - 1)).Max());
        var seconds = Seconds(device, () => there.Take(steps), repeats: 1) / steps;
        tell("  seconds a step", seconds);
        tell("  triples/s", options.Batches.Triples / seconds);
    }

    private static double Peak(Device device)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var (left, right) = (randn(Size, Size, device: device).bfloat16(), randn(Size, Size, device: device).bfloat16());
        return 2.0 * Size * Size * Size / Seconds(device, () => left.mm(right).Dispose(), repeats: 5) / 1e12;
    }

    // The best of some: the first ones prepare kernels.
    private static double Seconds(Device device, Action action, int repeats = 3)
    {
        var best = double.MaxValue;
        for (var repeat = 0; repeat < repeats; repeat++)
        {
            Wait();
            var start = Stopwatch.GetTimestamp();
            action();
            Wait();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;

        void Wait()
        {
            if (device.type == DeviceType.CUDA)
                cuda.synchronize(device);
        }
    }
}
