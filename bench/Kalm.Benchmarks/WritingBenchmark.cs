using System.Diagnostics;
using System.Text.Json.Nodes;
using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Generation;
using Kalm.Language.Model;
using Kalm.Language.Sources;

namespace Kalm.Benchmarks;

/// <summary>Tokens a second of a published model: written by one sequence and by eight, and read as a prompt of 2,000; with the weights as
/// stored, with all of them in single precision, and, where node-llama-cpp is at hand, by llama.cpp, in turns.</summary>
internal static class WritingBenchmark
{
    private const string Words = "the river runs from the hills to the sea and past many towns where people live and work each day ";
    private const int PromptTokens = 2000;
    private const int Sequences = 8;

    public static IReadOnlyList<string> Options { get; } = ["--model", "--tokens", "--rounds", "--threads", "--peer", "--plain", "--json"];

    public static void Run(Arguments arguments)
    {
        var (tokens, rounds) = (arguments.Whole("--tokens", 128), arguments.Whole("--rounds", 3));
        var threads = arguments.Whole("--threads", Environment.ProcessorCount);
        var file = arguments.Text("--model");
        NativeEngine.Initialize();
        var machine = Machine.Measure(threads);
        using var source = ModelSources.Open(file);
        using var stored = CausalModel.LoadForReading(source);
        using var plain = arguments.Find("--plain") != "no" ? CausalModel.Load(source) : null;
        var ways = new List<(string Name, Func<Rates> Measure)> { ("as stored", () => Own(stored, tokens, threads)) };
        if (plain is not null)
            ways.Add(("single precision", () => Own(plain, tokens, threads)));
        if (arguments.Find("--peer") is { } folder)
            ways.Add(("llama.cpp", () => Peer(folder, file, tokens, threads)));
        var found = ways.Select(_ => new List<Rates>()).ToArray();
        for (var round = 0; round < rounds; round++)
            for (var way = 0; way < ways.Count; way++)
                found[way].Add(ways[way].Measure());
        Console.WriteLine($"{file}, {tokens} tokens written behind 16; {machine}");
        Console.WriteLine("tokens/s            one sequence    eight    prompt of 2,000");
        foreach (var (way, rates) in ways.Zip(found))
            Console.WriteLine($"{way.Name,-18} {Median(rates, rate => rate.One),12:N1} {Median(rates, rate => rate.Eight),10:N1} "
                + $"{Median(rates, rate => rate.Prompt),12:N1}");
        for (var way = 1; way < ways.Count; way++)
            Console.WriteLine($"as stored / {ways[way].Name}: {Ratio(way, rate => rate.One):N2}, {Ratio(way, rate => rate.Eight):N2}, "
                + $"{Ratio(way, rate => rate.Prompt):N2}");
        if (arguments.Find("--json") is { } json)
            Json.Write(json, ways.Zip(found).ToDictionary(pair => pair.First.Name, pair => pair.Second));

        double Ratio(int way, Func<Rates, double> part) =>
            found[0].ConvertAll(rate => part(rate)).Ratio(found[way].ConvertAll(rate => part(rate)));
    }

    private static double Median(List<Rates> rates, Func<Rates, double> part) => rates.ConvertAll(rate => part(rate)).Median();

    private static Rates Own(CausalModel model, int tokens, int threads)
    {
        using var pool = new DecoderPool(model, null, null, threads);
        var generator = new Generator(pool, model.Tokenizer);
        var words = model.Tokenizer.Encode(string.Concat(Enumerable.Repeat(Words, 200)))[..PromptTokens];
        var options = new GenerationOptions { MaximumNewTokens = tokens, IgnoreEnd = true };
        var prompts = Enumerable.Range(0, Sequences).Select(start => words[start..(start + 16)]).ToArray();
        generator.Continue(prompts[..1], options with { MaximumNewTokens = 8 });
        var one = tokens / Measured.Seconds(() => generator.Continue(prompts[..1], options));
        var eight = Sequences * tokens / Measured.Seconds(() => generator.Continue(prompts, options));
        var prompt = PromptTokens / Measured.Seconds(() => generator.Continue([words], options with { MaximumNewTokens = 1 }));
        return new Rates(one, eight, prompt);
    }

    private static Rates Peer(string folder, string file, int tokens, int threads)
    {
        var start = new ProcessStartInfo("node")
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
            ArgumentList = { Path.Combine(folder, "llama.mjs"), Path.GetFullPath(file), $"{tokens}", $"{threads}" },
        };
        using var process = Process.Start(start) ?? throw new KalmException("node: does not start");
        var errors = process.StandardError.ReadToEndAsync();
        var line = process.StandardOutput.ReadToEnd().Split('\n').LastOrDefault(text => text.StartsWith('{'))
            ?? throw new KalmException($"{folder}: llama.mjs gave no rates\n{errors.Result}");
        var rates = JsonNode.Parse(line)!;
        return new Rates((double)rates["one"]!, (double)rates["eight"]!, (double)rates["prompt"]!);
    }

    /// <summary>Tokens a second.</summary>
    private sealed record Rates(double One, double Eight, double Prompt);
}
