using System.CommandLine;
using Kalm.Cli.Progress;
using Kalm.Language.Generation;
using Kalm.Representation;

namespace Kalm.Cli.Verbs;

/// <summary><c>ask</c>: a question in words, answered as it is written.</summary>
internal static class AskVerb
{
    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var question = new Argument<string>("QUESTION") { Description = "what to ask" };
        var model = Options.Model();
        var tokens = Options.Whole("--max-tokens", "write at most N tokens [default: 128]");
        var temperature = Options.Positive("--temperature", "draw tokens instead of taking the likeliest", "T");
        var topK = Options.Whole("--top-k", "draw from the N likeliest tokens only");
        var topP = Options.Positive("--top-p", "draw from the likeliest tokens that together have this probability", "P");
        var penalty = Options.Positive("--repetition-penalty", "above 1, tokens that occurred become less likely", "X");
        var seed = Options.Seed();
        var threads = Options.Threads();
        var device = Options.Device();
        var command = new Command("ask", "Asks a model a question in words.") { question, model, tokens, temperature, topK, topP, penalty, seed, threads, device };
        command.SetAction(parse =>
        {
            var text = parse.GetRequiredValue(question);
            if (string.IsNullOrWhiteSpace(text))
                throw new KalmException("QUESTION: found an empty text; expected a question");
            var options = new GenerationOptions
            {
                MaximumNewTokens = parse.GetValue(tokens) ?? 128,
                Temperature = parse.GetValue(temperature) ?? 0,
                TopK = parse.GetValue(topK),
                TopP = parse.GetValue(topP) ?? 1,
                RepetitionPenalty = parse.GetValue(penalty) ?? 1,
                Seed = parse.GetValue(seed) ?? 1,
            }.Validated();
            using var loaded = Given.Load(
                ModelFolder.Locate(Given.Model(parse.GetRequiredValue(model))), parse.GetRequiredValue(device), parse.GetValue(threads), new QuietProgress());
            var prompt = loaded.Wording.Questions.Ask(loaded.Wording.Questions.Free(text), [], loaded.Decoder.Config.MaxPositions - 1).Tokens;
            foreach (var piece in new Generator(loaded.Decoder, loaded.Model.Tokenizer).Stream(prompt, options, terminal.Cancellation))
            {
                terminal.Output.Write(piece);
                terminal.Output.Flush();
            }
            terminal.Output.WriteLine();
            return ExitCode.Success;
        });
        return command;
    }
}
