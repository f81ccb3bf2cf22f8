using System.CommandLine;
using Kalm.Mcp;

namespace Kalm.Cli.Verbs;

/// <summary><c>mcp</c>: a model and its graph for one agent, over the standard input and output.</summary>
internal static class McpVerb
{
    /// <summary>Describes the verb.</summary>
    public static Command Create(Terminal terminal)
    {
        var serving = new ServingOptions();
        var limits = new LimitOptions();
        var write = new Option<bool>("--write")
        {
            Description = "offer the tools that add entities and facts too; without it nothing can be changed",
        };
        var command = new Command(
            "mcp", "Offers a model and its graph to an agent by the Model Context Protocol, over stdio; serve does so at /mcp.") { write };
        serving.AddTo(command);
        limits.AddThoseOfTextsTo(command);
        command.SetAction(async (parse, _) =>
        {
            await McpOverStdio.Run(serving.Of(parse, limits.Of(parse)), parse.GetValue(write), terminal.Cancellation);
            return ExitCode.Success;
        });
        return command;
    }
}
