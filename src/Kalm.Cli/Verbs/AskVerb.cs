using System.CommandLine;
using Kalm.Cli.Progress;
using Kalm.Evaluation.Questions;
using Kalm.Graph;
using Kalm.Language.Generation;
using Kalm.Representation;

namespace Kalm.Cli.Verbs;

/// <summary><c>ask</c>: a question in words, answered as it is written.</summary>
internal static class AskVerb
{
    private const int Chosen = 5;
    private const int Beams = 32;
    private const string NeutralQuestion = "Name something.";

    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var question = new Argument<string>("QUESTION") { Description = "what to ask" };
        var model = new ModelChoice();
        var graph = Options.Text("--graph", "GRAPH", "also choose among the names of this graph's entities");
        var tokens = Options.Whole("--max-tokens", "write at most N tokens [default: the model's own, else 128]");
        var temperature = Options.Positive(
            "--temperature", "draw tokens instead of taking the likeliest [default: what the model's generation_config.json says]", "T");
        var topK = Options.Whole("--top-k", "draw from the N likeliest tokens only");
        var topP = Options.Positive("--top-p", "draw from the likeliest tokens that together have this probability", "P");
        var penalty = Options.Positive("--repetition-penalty", "above 1, tokens that occurred become less likely", "X");
        var seed = Options.Seed();
        var source = new GraphSource(seed, graph);
        var wording = new FormChoice();
        var threads = Options.Threads();
        var device = Options.Device();
        var command = new Command("ask", "Asks a model a question in words.") {
            question, graph, tokens, temperature, topK, topP, penalty, seed, threads, device,
        };
        model.AddTo(command);
        source.AddTo(command);
        wording.AddTo(command);
        command.SetAction(parse =>
        {
            var text = parse.GetRequiredValue(question);
            if (string.IsNullOrWhiteSpace(text))
                throw new KalmException("QUESTION: found an empty text; expected a question");
            var knowledge = parse.GetValue(graph) is { } path ? source.Load(parse, Given.Graph(path)) : null;
            using var loaded = Given.Load(
                wording.Apply(parse, model.Open(parse, terminal)),
                parse.GetRequiredValue(device), parse.GetValue(threads), new QuietProgress());
            var defaults = GenerationOptions.Of(loaded.Model.Generation);
            var options = (defaults with
            {
                MaximumNewTokens = parse.GetValue(tokens) ?? defaults.MaximumNewTokens,
                Temperature = parse.GetValue(temperature) ?? defaults.Temperature,
                TopK = parse.GetValue(topK) ?? defaults.TopK,
                TopP = parse.GetValue(topP) ?? defaults.TopP,
                RepetitionPenalty = parse.GetValue(penalty) ?? defaults.RepetitionPenalty,
                Seed = parse.GetValue(seed) ?? 1,
            }).Validated();
            var prompt = loaded.Wording.Questions.Form == PromptForm.Chat
                ? new ChatWording(loaded).Prompt([new("user", text)], options.MaximumNewTokens)
                : loaded.Wording.Questions.Ask(loaded.Wording.Questions.Free(text), [], loaded.Decoder.Config.ContextLength - 1).Tokens;
            foreach (var piece in new Generator(loaded.Decoder, loaded.Model.Tokenizer).Stream(prompt, options, terminal.Cancellation))
            {
                terminal.Output.Write(piece);
                terminal.Output.Flush();
            }
            terminal.Output.WriteLine();
            if (knowledge is not null)
                Choose(terminal, loaded, knowledge, prompt);
            return ExitCode.Success;
        });
        return command;
    }

    private static void Choose(Terminal terminal, LoadedModel model, KnowledgeGraph graph, int[] prompt)
    {
        var choices = AnswerChoices.OfEntities(
            model.Decoder, model.Model.Tokenizer, model.Wording, graph,
            model.Opened.IsAligned ? null : model.Wording.Questions.Free(NeutralQuestion), terminal.Cancellation);
        var title = model.Opened.IsAligned ? "among the graph's names" : "among the graph's names, less what is likely by itself";
        var table = new ResultTable(title, ["name", "probability", "score, nats"]);
        foreach (var answer in choices.Best([prompt], Chosen, Beams, null, terminal.Cancellation)[0])
            table.Add(choices.Texts[answer.Text], $"{Math.Exp(answer.LogProbability):F3}", $"{answer.Score:F1}");
        terminal.Print(table);
    }
}
