using System.Diagnostics;
using System.Globalization;
using System.Text;
using Kalm.Tests.Cli;

namespace Kalm.Tests.Distributed;

/// <summary>The program under mpirun, on this machine.</summary>
internal static class MpiRun
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Skips the test where there is no mpirun.</summary>
    public static void Require() => Assert.SkipUnless(
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(folder => File.Exists(Path.Combine(folder, "mpirun"))),
        "needs mpirun on the PATH (Debian: apt-get install openmpi-bin)");

    /// <summary>Runs a command line with some ranks to its end.</summary>
    public static Task<CommandLine> Run(int ranks, params string[] arguments) => CommandLine.RunToEnd(Start(ranks, arguments), Patience);

    /// <summary>Runs likewise, and does something to one of the processes meanwhile.</summary>
    /// <param name="ranks">How many.</param>
    /// <param name="rank">Which of them.</param>
    /// <param name="isTime">Whether it is time.</param>
    /// <param name="signal">What <c>kill</c> sends it, as KILL or INT.</param>
    /// <param name="arguments">The words after the program's name.</param>
    public static async Task<CommandLine> Signal(int ranks, int rank, Func<bool> isTime, string signal, params string[] arguments)
    {
        var running = Run(ranks, arguments);
        var mark = Encoding.UTF8.GetBytes($"\0OMPI_COMM_WORLD_RANK={rank}\0");
        while (!running.IsCompleted && !isTime())
            await Task.Delay(5, TestContext.Current.CancellationToken);
        // The rank's command line begins with the program; mpirun's own environment has no rank.
        foreach (var process in Process.GetProcessesByName("dotnet"))
            if (IsIn(process.Id, arguments[^1]) && Read(process.Id, "environ").AsSpan().IndexOf(mark) >= 0)
                using (var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]))
                    await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        return await running;
    }

    /// <summary>Runs likewise, with a variable in the environment of the first rank alone.</summary>
    public static Task<CommandLine> RunFirstWith(string variable, int ranks, params string[] arguments)
    {
        var start = Start(ranks, arguments);
        var words = start.ArgumentList;
        var program = words.IndexOf("dotnet");
        foreach (var word in new[] { "sh", "-c", $"test $OMPI_COMM_WORLD_RANK != 0 || export {variable}; exec \"$0\" \"$@\"" }.Reverse())
            words.Insert(program, word);
        return CommandLine.RunToEnd(start, Patience);
    }

    private static bool IsIn(int process, string word) =>
        Encoding.UTF8.GetString(Read(process, "cmdline")).Split('\0').Contains(word);

    private static byte[] Read(int process, string file)
    {
        try
        {
            return File.ReadAllBytes($"/proc/{process}/{file}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static ProcessStartInfo Start(int ranks, string[] arguments) => new("mpirun",
    [
        "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "--mca", "odls_base_sigkill_timeout", "4", "-n",
        ranks.ToString(CultureInfo.InvariantCulture), "dotnet", CommandLine.Program, .. arguments,
    ])
    {
        Environment = { ["TERM"] = "dumb" },
    };
}
