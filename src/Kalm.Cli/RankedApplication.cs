using System.CommandLine.Parsing;
using Kalm.Distributed;

namespace Kalm.Cli;

/// <summary>A command line that several processes run together, started by mpirun or srun: the first reads, writes and talks, the others
/// only work.</summary>
internal static class RankedApplication
{
    private static readonly string[] SharedVerbs = ["align", "pretrain", "embed", "evaluate completion"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Runs one command line, alone or with others.</summary>
    /// <param name="arguments">The words after the program's name.</param>
    /// <param name="terminal">Where results, progress and errors go.</param>
    /// <param name="variable">Looks up a variable of the environment; null for one that is not set.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Run(string[] arguments, Terminal terminal, Func<string, string?> variable)
    {
        try
        {
            return Launch.Of(variable) is { Count: > 1 } launch
                ? Run(arguments, launch, terminal) : Application.Run(arguments, terminal);
        }
        catch (KalmException error)
        {
            return ExitCode.Report(error, terminal);
        }
    }

    private static int Run(string[] arguments, Launch launch, Terminal terminal)
    {
        using var said = new StringWriter();
        var own = launch.Rank == 0 ? terminal : terminal with { Output = TextWriter.Null, Error = said };
        OpenMpi? ranks = null;
        int code;
        try
        {
            RequireShared(arguments, launch, own);
            ranks = OpenMpi.Join(terminal.Cancellation);
            code = Application.Run(arguments, own with { Ranks = ranks });
        }
        catch (KalmException error)
        {
            code = ExitCode.Report(error, own);
        }
        // What the first finds too it says, and by then the launcher has ended this one.
        if (launch.Rank > 0 && code == ExitCode.Problem && !terminal.Cancellation.WaitHandle.WaitOne(Patience))
            terminal.Error.Write($"rank {launch.Rank}: {said}");
        terminal.Output.Flush();
        terminal.Error.Flush();
        if (code != ExitCode.Problem)
            ranks?.Leave();
        return code;
    }

    private static void RequireShared(string[] arguments, Launch launch, Terminal terminal)
    {
        var words = new List<string>();
        for (SymbolResult? result = Application.Parse(arguments, terminal).CommandResult; result is CommandResult { Parent: not null } verb;
            result = verb.Parent)
            words.Insert(0, verb.Command.Name);
        var name = string.Join(' ', words);
        if (name.Length > 0 && !SharedVerbs.Contains(name))
            throw new KalmException($"{name}: found {launch.Count} ranks, started by mpirun or srun\n"
                + $"expected one process, or one of {string.Join(", ", SharedVerbs)}");
    }
}
