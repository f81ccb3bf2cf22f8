using Kalm.Cli.Progress;
using Kalm.Distributed;
using Spectre.Console;

namespace Kalm.Cli;

/// <summary>Where a verb's results, progress and errors go.</summary>
/// <param name="Output">Results only.</param>
/// <param name="Error">Progress, notes and errors.</param>
/// <param name="Cancellation">Cancelled when the user wants the work to stop.</param>
internal sealed record Terminal(TextWriter Output, TextWriter Error, CancellationToken Cancellation)
{
    private const int WidthOfFiles = 160;
    private const string CommandVariable = "KALM_COMMAND";
    private const int LongestLine = 10_000;

    /// <summary>What a user who stops the work is told of how to go on.</summary>
    public string HowToGoOn { get; set; } = "nothing of it is kept; the same command begins again";

    /// <summary>The processes that do the work together.</summary>
    public ICollectives Ranks { get; init; } = Alone.Instance;

    /// <summary>How the user started the program: what a command that is shown begins with.</summary>
    public string Command { get; private init; } = "kalm";

    /// <summary>Whether a person looks at <see cref="Output"/>.</summary>
    public bool IsOutputSeen { get; private init; }

    /// <summary>Whether progress on <see cref="Error"/> can be drawn over itself.</summary>
    public bool IsErrorLive { get; private init; }

    /// <summary>The process's own streams.</summary>
    public static Terminal OfProcess(CancellationToken cancellation) => new(Console.Out, Console.Error, cancellation)
    {
        Command = CommandOf(
            Environment.GetEnvironmentVariable(CommandVariable), Environment.ProcessPath, Environment.GetCommandLineArgs()[0]),
        IsOutputSeen = !Console.IsOutputRedirected,
        IsErrorLive = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb"),
    };

    // By what a script says that started the program, or by the file that runs, unless that is the installed tool.
    internal static string CommandOf(string? told, string? process, string program) => told is not null ? GraphSource.Quoted(told)
        : Path.GetFileNameWithoutExtension(process) switch
        {
            "kalm" or null => "kalm",
            "dotnet" => $"dotnet {GraphSource.Quoted(program)}",
            _ => GraphSource.Quoted(process!),
        };

    /// <summary>Runs long work and shows how far it has come; afterwards the terminal is as it was, also when the work fails.</summary>
    /// <param name="quiet">Shows nothing.</param>
    /// <param name="work">Reports from the thread it runs on, which is the caller's.</param>
    public T Watch<T>(bool quiet, Func<ProgressView, T> work)
    {
        if (quiet || !Ranks.IsFirst())
            return work(new QuietProgress());
        if (!IsErrorLive)
            return Work(new PlainProgress(Error, TimeProvider.System));
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Error) });
        return console.Live(Text.Empty).AutoClear(true).Start(live => Work(new LiveProgress(console, live)));

        T Work(ProgressView progress)
        {
            using var told = Cancellation.Register(() => progress.Note("stopping after the current step; a second signal ends at once"));
            return work(progress);
        }
    }

    /// <summary>Prints a table of results.</summary>
    public void Print(ResultTable table)
    {
        if (IsOutputSeen)
        {
            var seen = AnsiConsole.Create(
                new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Output), Interactive = InteractionSupport.No });
            seen.Write(table.ToRenderable(seen.Profile.Width));
            return;
        }
        // In a file nothing is gained by the spaces that end a line, nor by breaking a word.
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No,
        });
        console.Profile.Capabilities.Unicode = true;
        console.Profile.Width = LongestLine;
        console.Write(table.ToRenderable(WidthOfFiles, grows: true));
        foreach (var line in text.ToString().TrimEnd().Split('\n'))
            Output.WriteLine(line.TrimEnd());
        Output.WriteLine();
    }

    /// <summary>Prints one line of results.</summary>
    public void Print(string line) => Output.WriteLine(line);
}
