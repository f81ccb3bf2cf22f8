using Kalm.Alignment;
using Kalm.Engine;
using Kalm.Graph;
using Kalm.Language.Model;
using Kalm.Language.Pretraining;
using Kalm.Representation;

namespace Kalm.Benchmarks;

/// <summary>What a triple costs in training: the authors' recipe and ours on the same model, data and machine, in turns.</summary>
internal static class CostBenchmark
{
    private static readonly string[] Assumptions =
    [
        "a batch of theirs is 24 directed rows, drawn at random from all triples in both directions; a triple is learned as two such rows",
        "the wording is theirs: entities { text } and queries [ text, relation ], the text cut at 50 tokens, no token in front but "
            + "the tokenizer's own",
        "four passes a batch, each padded to its longest row: queries, tails, heads alone (recorded, not used), 4 rows as prompts "
            + "of at most 256 tokens",
        "the language-model head runs over every position of every pass, padding too, and only the prompts' logits have a gradient",
        "every weight is learned in both recipes, fp32 on the CPU (theirs: low-rank matrices on an 8-bit base on four GPUs)",
        "an optimizer step and a clip for each of their batches, none shared; their tokenising is not timed, our drawing of batches is",
    ];

    /// <summary>The most triples of the medium model's step, which only take longer when they are more.</summary>
    private const int GemmBatch = 256;

    public static IReadOnlyList<string> Options { get; } =
        ["--graph", "--preset", "--gemm-preset", "--recipe", "--rounds", "--steps", "--threads", "--seed", "--json"];

    public static void Run(Arguments arguments)
    {
        var (rounds, steps, threads) = (arguments.Whole("--rounds", 9),
            arguments.Whole("--steps", 1), arguments.Whole("--threads", Environment.ProcessorCount));
        var seed = arguments.Whole("--seed", 1);
        var options = arguments.Recipe(threads, seed);
        var graph = KnowledgeGraph.Load(arguments.Text("--graph"));
        NativeEngine.Initialize();
        var machine = Machine.Measure(threads);
        var (theirs, ours, exact) = Compare(graph, ModelPreset.Find(arguments.Find("--preset") ?? "tiny"), options, rounds, steps);
        machine = machine.MeasureAgain();
        (var gemm, machine) = Approach(
            graph, ModelPreset.Find(arguments.Find("--gemm-preset") ?? "medium"), NearPeak(options), rounds, steps, machine);
        var peak = machine.ProductGflops / 1000 * gemm.SecondsPerStep;
        Tell(new CostResult(
            ours.TokensPerTriple / theirs.TokensPerTriple, ours.ContrastiveTokensPerTriple / theirs.ContrastiveTokensPerTriple,
            theirs.Rounds.Ratio(ours.Rounds), theirs.Rounds.Ratio(exact), gemm.TeraFlopPerStep / peak, gemm.ComputedTeraFlopPerStep / peak,
            arguments.Find("--preset") ?? "tiny", arguments.Find("--recipe"), theirs,
            ours, gemm, machine, seed, Assumptions), arguments.Find("--json"));
    }

    /// <summary>The options of the step whose <c>gemm_share</c> is measured. The share is one of the best fp32 product, so the step
    /// multiplies in fp32 too. Blocks bound the products: a larger batch has more of them, none larger.</summary>
    public static AlignmentOptions NearPeak(AlignmentOptions options) =>
        InFull(options) with { Batches = options.Batches with { Triples = Math.Min(GemmBatch, options.Batches.Triples) } };

    private static AlignmentOptions InFull(AlignmentOptions options) =>
        options with { Optimizer = options.Optimizer with { ProductPrecision = ProductPrecision.Fp32 } };

    private static (RecipeCost Theirs, RecipeCost Ours, IReadOnlyList<double> Exact) Compare(
        KnowledgeGraph graph, ModelPreset preset, AlignmentOptions options, int rounds, int steps)
    {
        using var model = MadeModel.Make(graph, preset, options.Seed);
        using var authors = new AuthorsStep(model, options.Threads!.Value);
        using var our = new OurStep(model, graph, options);
        using var exact = new OurStep(model, graph, InFull(options));
        var wording = new Wording(
            model.Tokenizer, new WordingOptions(WordingStyle.Compat, MaximumTextTokens: 50, MaximumPromptTokens: 256));
        var sampler = new RowSampler(graph, AuthorsBatch.RowCount, bothDirections: false, options.Seed);
        // As many rows on either side of a round, or nearly.
        var authorSteps = Math.Max(1, steps * our.Count().Rows / AuthorsBatch.RowCount);
        var batches = Enumerable.Range(0, (rounds + 1) * authorSteps)
            .Select(step => AuthorsBatch.Make(graph, wording, sampler.Batch(step))).ToList();
        var (theirTimes, ourTimes, works) = (new List<double>(), new List<double>(), new List<StepWork>());
        var exactTimes = new List<double>();
        var (theirPeak, ourPeak) = (new List<double?>(), new List<double?>());
        // The first round compiles code and fills caches; it is not counted.
        for (var round = 0; round <= rounds; round++)
        {
            var share = batches.GetRange(round * authorSteps, authorSteps);
            theirPeak.Add(PeakMemory.During(() => theirTimes.Add(
                Measured.Seconds(() => share.ForEach(batch => authors.Take(batch))) / share.Sum(batch => batch.Queries.Rows.Length) * 2)));
            ourPeak.Add(PeakMemory.During(() => ourTimes.Add(Timed(our, steps, works))));
            exactTimes.Add(Timed(exact, steps, []));
            Console.Error.WriteLine($"round {round} of {rounds}: {theirTimes[^1] * 1000:N2} and {ourTimes[^1] * 1000:N2} ms a triple");
        }
        var counted = batches[authorSteps..];
        double theirRows = counted.Sum(batch => batch.Queries.Rows.Length);
        works = works[steps..];
        double ourRows = works.Sum(work => work.Rows);
        return (
            new RecipeCost(
                counted[0].Queries.Rows.Length, counted.Count, 2 * counted.Sum(batch => batch.Tokens) / theirRows,
                2 * counted.Sum(batch => batch.ContrastiveTokens) / theirRows,
                null, theirTimes[1..].Median(), theirTimes[1..], theirPeak.Max()),
            new RecipeCost(
                works[0].Rows, works.Count, 2 * works.Sum(work => work.PaddedContrastiveTokens + work.PaddedPromptTokens) / ourRows,
                2 * works.Sum(work => work.PaddedContrastiveTokens) / ourRows,
                2 * works.Sum(work => work.ContrastiveTokens + work.PromptTokens) / ourRows,
                ourTimes[1..].Median(), ourTimes[1..], ourPeak.Max()),
            exactTimes[1..]);
    }

    /// <summary>Seconds a triple; counting the work is not timed.</summary>
    private static double Timed(OurStep our, int steps, List<StepWork> works)
    {
        var (seconds, rows) = (0.0, 0);
        for (var step = 0; step < steps; step++)
        {
            works.Add(our.Count());
            rows += works[^1].Rows;
            seconds += Measured.Seconds(our.Take);
        }
        return 2 * seconds / rows;
    }

    /// <summary>Steps and products in turns, because the peak is that of the moment.</summary>
    private static (GemmCost Cost, Machine Machine) Approach(
        KnowledgeGraph graph, ModelPreset preset, AlignmentOptions options, int rounds, int steps, Machine machine)
    {
        using var model = MadeModel.Make(graph, preset, options.Seed);
        using var our = new OurStep(model, graph, options);
        our.Take();
        var (times, works) = (new List<double>(), new List<StepWork>());
        var peak = PeakMemory.During(() =>
        {
            for (var round = 0; round < rounds; round++)
            {
                times.Add(Timed(our, steps, works) * works[^1].Rows / 2);
                machine = machine.MeasureAgain();
                Console.Error.WriteLine($"{preset.Name}, round {round + 1} of {rounds}: {times[^1]:N2} s a step");
            }
        });
        return (new GemmCost(
            preset.Name, model.ParameterCount.Body, works.Average(work => (double)work.ContrastiveTokens + work.PromptTokens),
            works.Average(work => work.Products.Total) / 1e12,
            works.Average(work => work.Products.Computed) / 1e12, times.Median(), times, peak), machine);
    }

    private static void Tell(CostResult result, string? file)
    {
        Console.WriteLine(
            $"preset {result.Preset}, seed {result.Seed}; {result.Machine}\n"
            + $"per triple        {"theirs",10} {"ours",10}\n"
            + $"tokens            {result.Theirs.TokensPerTriple,10:N1} {result.Ours.TokensPerTriple,10:N1}   ours / theirs "
                + $"{result.TokensRatio:N3}\n"
            + $"  for vectors     {result.Theirs.ContrastiveTokensPerTriple,10:N1} {result.Ours.ContrastiveTokensPerTriple,10:N1}   ours / "
                + $"theirs {result.ContrastiveTokensRatio:N3}\n"
            + $"milliseconds      {result.Theirs.SecondsPerTriple * 1000,10:N2} {result.Ours.SecondsPerTriple * 1000,10:N2}   theirs / "
                + $"ours {result.TimeRatio:N2} ({result.TimeRatioFp32:N2} with every product in fp32)\n"
            + $"peak memory, MiB  {result.Theirs.PeakMebibytes,10:N0} {result.Ours.PeakMebibytes,10:N0}\n"
            + $"gemm_share of {result.Gemm.Preset}: {result.GemmShare:N3} by the formula, {result.GemmShareComputed:N3} "
                + "of what is computed "
            + $"({result.Gemm.TeraFlopPerStep:N2} TFLOP, {result.Gemm.SecondsPerStep:N2} s a step)\n"
            + string.Join('\n', result.Assumptions.Select(assumption => "- " + assumption)));
        if (file is not null)
            Json.Write(file, result);
    }
}
