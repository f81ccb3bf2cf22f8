using System.CommandLine;
using System.CommandLine.Help;
using Kalm.Cli.Verbs;

namespace Kalm.Cli;

/// <summary>The program: finds the verb, runs it and turns its end into an exit code.</summary>
internal static class Application
{
    private static readonly Verb[] Verbs =
    [
        new("demo", DemoVerb.Create), new("pretrain", PretrainVerb.Create), new("align", AlignVerb.Create), new("evaluate", Evaluate),
        new("compare", CompareVerb.Create), new("embed", EmbedVerb.Create), new("ablate", AblateVerb.Create),
        new("export", ExportVerb.Create), new("complete", CompleteVerb.Create), new("verify", VerifyVerb.Create),
        new("suggest", SuggestVerb.Create), new("ask", AskVerb.Create), new("graph", Graph), new("tokenize", TokenizeVerb.Create),
        new("describe", DescribeVerb.Create), new("serve", ServeVerb.Create), new("mcp", McpVerb.Create),
        new("doctor", DoctorVerb.Create),
    ];

    /// <summary>Runs one command line.</summary>
    /// <param name="arguments">The words after the program's name; none asks for help.</param>
    /// <param name="terminal">Where results, progress and errors go.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Run(string[] arguments, Terminal terminal)
    {
        try
        {
            var parse = Parse(arguments, terminal);
            if (ArgumentFault.Of(parse) is { } fault)
                throw fault;
            return parse.Invoke(new InvocationConfiguration
            {
                Output = terminal.Output,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
#pragma warning disable CA1031 // The policy for every kind of failure stands in one place.
        catch (Exception error)
#pragma warning restore CA1031
        {
            return ExitCode.Report(error, terminal);
        }
    }

    /// <summary>Reads a command line without acting on it.</summary>
    /// <param name="arguments">The words after the program's name; none asks for help.</param>
    /// <param name="terminal">Where the verb would write.</param>
    public static ParseResult Parse(string[] arguments, Terminal terminal)
    {
        // A text may begin with '@', so arguments are never taken for response files; "-abc" is no bundle of options.
        var configuration = new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false };
        return Commands(terminal, arguments.FirstOrDefault()).Parse(arguments.Length == 0 ? ["--help"] : arguments, configuration);
    }

    /// <summary>The verbs with their options.</summary>
    /// <param name="terminal">Where they write.</param>
    /// <param name="first">The first word of the command line: of a verb that it names only that one is made, since together they have
    /// hundreds of options.</param>
    public static Command Commands(Terminal terminal, string? first = null)
    {
        // Not a RootCommand, which would take its name in the help from the file that is run.
        var commands = new Command("kalm", "Kalm aligns a causal language model with a knowledge graph.")
        {
            new HelpOption(),
            new VersionOption(),
        };
        foreach (var verb in Array.Exists(Verbs, verb => verb.Name == first) ? Array.FindAll(Verbs, verb => verb.Name == first) : Verbs)
            commands.Add(verb.Create(terminal));
        return commands;
    }

    private static Command Evaluate(Terminal terminal) => new("evaluate", "Measures a model.")
    {
        EvaluateCompletionVerb.Create(terminal),
        EvaluateQuestionsVerb.Create(terminal),
        EvaluateFactsVerb.Create(terminal),
        EvaluateTextVerb.Create(terminal),
        EvaluateGeometryVerb.Create(terminal),
    };

    private static Command Graph(Terminal terminal) => new("graph", "Looks at a graph without a model.")
    {
        GraphInspectVerb.Create(terminal),
    };

    private sealed record Verb(string Name, Func<Terminal, Command> Create);
}
