using System.CommandLine;
using System.Text.Json;
using Kalm.Files;
using Kalm.Language.Sources;
using Kalm.Language.Tokenization;

namespace Kalm.Cli.Verbs;

/// <summary><c>tokenize</c>: the ids that a text becomes.</summary>
internal static class TokenizeVerb
{
    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var model = Options.Text(
            "--model", "MODEL", "a model in any form, or a folder that holds a tokenizer.json or tokenizer.model", required: true);
        var text = new Argument<string>(
            "TEXT") { Description = "the text; after -- when it begins with a dash", Arity = ArgumentArity.ZeroOrOne };
        var file = Options.Text("--file", "FILE", "take the text of a file in UTF-8 instead");
        var json = Options.JsonFile();
        var command = new Command("tokenize", "Prints the token ids of a text on one line, no special tokens added, then the pieces.")
        {
            model, text, file, json,
        };
        command.SetAction(parse =>
        {
            VerbInputs.Writable("--json", parse.GetValue(json));
            VerbInputs.AtMostOne(("TEXT", parse.GetValue(text) is not null), ("--file", parse.GetValue(file) is not null));
            var content = parse.GetValue(file) is { } path ? PlainTexts.Read("--file", path)
                : parse.GetValue(text) ?? throw new KalmException("TEXT, --file: missing; expected a text or --file FILE");
            var tokenizer = TokenizerOf(parse.GetRequiredValue(model), terminal);
            var ids = tokenizer.Encode(content);
            var pieces = Array.ConvertAll(ids, tokenizer.Piece);
            terminal.Cancellation.ThrowIfCancellationRequested();
            terminal.Print(string.Join(' ', ids));
            foreach (var (id, piece) in ids.Zip(pieces))
                terminal.Print($"{id}\t{piece}");
            if (parse.GetValue(json) is { } jsonPath)
                AtomicFile.WriteAllText(jsonPath, JsonSerializer.Serialize(new { tokens = ids.Length, ids, pieces }, Json.Options) + "\n");
            return ExitCode.Success;
        });
        return command;
    }

    // A tokenizer needs no weights beside it.
    private static Tokenizer TokenizerOf(string name, Terminal terminal)
    {
        if (Directory.Exists(name) && Tokenizer.IsIn(name))
            return Tokenizer.Load(name);
        using var model = ModelChoice.Open("--model", name, new ModelSourceOptions(), terminal, quiet: false);
        return model.Source.ReadTokenizer();
    }
}
