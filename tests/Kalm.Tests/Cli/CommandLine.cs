using System.Diagnostics;
using Kalm.Cli;

namespace Kalm.Tests.Cli;

/// <summary>What a command line came to.</summary>
internal sealed record CommandLine(int ExitCode, string Output, string Error)
{
    /// <summary>Runs in this process.</summary>
    public static CommandLine Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = Application.Run(arguments, new Terminal(output, error, TestContext.Current.CancellationToken));
        return new CommandLine(code, output.ToString(), error.ToString());
    }

    /// <summary>The path of the built program.</summary>
    public static string Program
    {
        get
        {
            var folder = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
            return Path.Combine(folder.Parent!.Parent!.FullName, "Kalm.Cli", folder.Name, "Kalm.Cli.dll");
        }
    }

    /// <summary>Runs any program to its end, and kills it with all it started when it takes too long.</summary>
    /// <param name="start">What to run, and where.</param>
    /// <param name="patience">How long it may take.</param>
    public static async Task<CommandLine> RunToEnd(ProcessStartInfo start, TimeSpan patience)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        end.CancelAfter(patience);
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(end.Token);
            var error = process.StandardError.ReadToEndAsync(end.Token);
            await process.WaitForExitAsync(end.Token);
            return new CommandLine(process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Runs the program as a process of its own.</summary>
    /// <param name="program">Usually <see cref="Program"/>.</param>
    /// <param name="whileRunning">Does something to the running process; may be null.</param>
    /// <param name="arguments">The words after the program's name.</param>
    public static async Task<CommandLine> RunProcess(string program, Func<Process, Task>? whileRunning, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        if (whileRunning is not null)
            await whileRunning(process);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new CommandLine(process.ExitCode, await output, await error);
    }

    /// <summary>Asserts that the user is told briefly what is wrong.</summary>
    public void IsFault(params string[] mentioned)
    {
        Assert.True(ExitCode == 1, $"exit code {ExitCode}\n{Output}\n{Error}");
        Assert.Equal("", Output);
        Assert.InRange(Error.TrimEnd().Split('\n').Length, 1, 5);
        Assert.StartsWith("error: ", Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        foreach (var word in mentioned)
            Assert.Contains(word, Error, StringComparison.Ordinal);
    }

    /// <summary>Asserts success.</summary>
    public CommandLine IsSuccess()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}\n{Output}\n{Error}");
        return this;
    }
}
