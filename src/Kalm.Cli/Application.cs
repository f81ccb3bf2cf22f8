using System.CommandLine;
using System.CommandLine.Help;
using Kalm.Cli.Verbs;

namespace Kalm.Cli;

/// <summary>The program: finds the verb, runs it and turns its end into an exit code.</summary>
internal static class Application
{
    /// <summary>Runs one command line.</summary>
    /// <param name="arguments">The words after the program's name; none asks for help.</param>
    /// <param name="terminal">Where results, progress and errors go.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Run(string[] arguments, Terminal terminal)
    {
        try
        {
            // A text may begin with '@', so arguments are never taken for response files; "-abc" is no bundle of options.
            var configuration = new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false };
            var parse = Commands(terminal).Parse(arguments.Length == 0 ? ["--help"] : arguments, configuration);
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

    // Not a RootCommand, which would take its name in the help from the file that is run.
    private static Command Commands(Terminal terminal) => new("kalm", "Kalm aligns a causal language model with a knowledge graph.")
    {
        new HelpOption(),
        new VersionOption(),
        DemoVerb.Create(terminal),
        PretrainVerb.Create(terminal),
        AlignVerb.Create(terminal),
        new Command("evaluate", "Measures a model.")
        {
            EvaluateCompletionVerb.Create(terminal),
            EvaluateQuestionsVerb.Create(terminal),
            EvaluateFactsVerb.Create(terminal),
            EvaluateTextVerb.Create(terminal),
            EvaluateGeometryVerb.Create(terminal),
        },
        CompareVerb.Create(terminal),
        EmbedVerb.Create(terminal),
        AblateVerb.Create(terminal),
        ExportVerb.Create(terminal),
        CompleteVerb.Create(terminal),
        VerifyVerb.Create(terminal),
        SuggestVerb.Create(terminal),
        AskVerb.Create(terminal),
        new Command("graph", "Looks at a graph without a model.") { GraphInspectVerb.Create(terminal) },
        TokenizeVerb.Create(terminal),
        DescribeVerb.Create(terminal),
        ServeVerb.Create(terminal),
        McpVerb.Create(terminal),
    };
}
