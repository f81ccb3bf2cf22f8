using Kalm.Engine;
using Kalm.Evaluation.Questions;
using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Language.Generation;
using Kalm.Language.Model;
using Kalm.Language.Pretraining;
using Kalm.Representation;

namespace Kalm.Benchmarks;

/// <summary>How much faster questions are answered in batches, with a cache and their common examples computed once, than one by one
/// without a cache. Both write the same number of tokens behind the same prompts.</summary>
internal static class GenerationBenchmark
{
    private const int Shots = 3;
    private const int Context = 1024;

    public static IReadOnlyList<string> Options { get; } =
        ["--graph", "--model", "--preset", "--questions", "--tokens", "--rounds", "--threads", "--seed", "--json"];

    public static void Run(Arguments arguments)
    {
        var (questions, tokens, rounds) = (arguments.Whole("--questions", 200),
            arguments.Whole("--tokens", 32), arguments.Whole("--rounds", 3));
        var (threads, seed) = (arguments.Whole("--threads", Environment.ProcessorCount), arguments.Whole("--seed", 1));
        var graph = KnowledgeGraph.Load(arguments.Text("--graph"));
        NativeEngine.Initialize();
        var machine = Machine.Measure(threads);
        var preset = ModelPreset.Find(arguments.Find("--preset") ?? "small");
        using var model = arguments.Find("--model") is { } folder
            ? CausalModel.Load(folder)
            : MadeModel.Make(graph, preset with { Context = Context }, seed);
        var (prompts, shots) = Ask(graph, model, questions, tokens, seed);
        rounds = Math.Min(rounds, prompts.Length);

        using var pool = new DecoderPool(model, null, null, threads);
        using var uncached = new UncachedGeneration(model, threads);
        var generator = new Generator(pool, model.Tokenizer);
        var options = new GenerationOptions { MaximumNewTokens = tokens, IgnoreEnd = true };
        generator.Continue(prompts[..Math.Min(prompts.Length, 2 * threads)], options);
        uncached.Continue(prompts[0], tokens);

        var (batchedRates, uncachedRates, same) = (new List<double>(), new List<double>(), 0);
        for (var round = 0; round < rounds; round++)
        {
            IReadOnlyList<Continuation> batched = [];
            var seconds = Measured.Seconds(() => batched = generator.Continue(prompts, options));
            batchedRates.Add(prompts.Length * tokens / seconds);
            // Over all rounds each question is answered once without a cache.
            var share = Enumerable.Range(0, prompts.Length).Where(index => index % rounds == round).ToArray();
            var answers = Array.Empty<int[]>();
            seconds = Measured.Seconds(() => answers = Array.ConvertAll(share, index => uncached.Continue(prompts[index], tokens)));
            uncachedRates.Add(share.Length * tokens / seconds);
            same += share.Zip(answers).Count(pair => batched[pair.First].Tokens.SequenceEqual(pair.Second));
            machine = machine.MeasureAgain();
            Console.Error.WriteLine($"round {round + 1} of {rounds}: {batchedRates[^1]:N0} and {uncachedRates[^1]:N1} tokens/s");
        }
        Tell(new GenerationResult(
            batchedRates.Ratio(uncachedRates), batchedRates.Median(),
            uncachedRates.Median(), batchedRates, uncachedRates, same, prompts.Length, shots,
            prompts.Average(prompt => (double)prompt.Length), SharedPrefix.LengthOf(prompts),
            tokens, rounds, seed, arguments.Find("--model") ?? preset.Name,
            model.ParameterCount.All, machine), arguments.Find("--json"));
    }

    /// <summary>Questions about the tails of test triples, all behind the same examples.</summary>
    private static (int[][] Prompts, int Shots) Ask(KnowledgeGraph graph, CausalModel model, int count, int tokens, int seed)
    {
        var wording = new Wording(model.Tokenizer, new WordingOptions());
        var builder = new QuestionBuilder(graph, wording);
        var triples = graph.Test.ToArray();
        new Random(seed).Shuffle(triples);
        var set = QuestionSet.Make(graph, triples[..Math.Min(count, triples.Length)], QuestionKind.Tail, Shots, seed);
        if (set.Questions.Count == 0)
            throw new KalmException($"{graph.Path}: found no test triples; expected some to ask about");
        var examples = set.Examples.Select(example => builder.Shot(example.Task, example.Row, true, true, AnswerForm.Name)).ToList();
        var asked = set.Questions
            .Select(question => wording.Questions.Ask(
                builder.Ask(question.Task, question.Row, true), examples, model.Config.MaxPositions - tokens)).ToArray();
        return (Array.ConvertAll(asked, item => item.Tokens), asked.Min(item => item.Shots));
    }

    private static void Tell(GenerationResult result, string? file)
    {
        Console.WriteLine(
            $"{result.Questions} questions behind {result.Shots} shots, {result.MeanPromptTokens:N0} tokens each ({result.SharedTokens} in "
                + $"common), {result.NewTokens} new tokens each\n"
            + $"model {result.Model}, {result.Parameters:N0} parameters; {result.Machine}\n"
            + $"batched, cached, shared opening: {result.BatchedTokensPerSecond:N0} tokens/s\n"
            + $"one by one, without a cache:     {result.UncachedTokensPerSecond:N1} tokens/s\n"
            + $"ratio {result.Ratio:N1} (median of {result.Rounds} rounds); {result.SameAnswers} of {result.Questions} answers equal");
        if (file is not null)
            Json.Write(file, result);
    }
}
