using System.Diagnostics;
using Kalm.Tests.Cli;

namespace Kalm.Tests;

/// <summary>A disk of a few bytes, on systems that let a test make one; elsewhere the test is skipped visibly.</summary>
internal static class SmallDisk
{
    /// <summary>Runs the program with <c>run</c> on the disk as its last word.</summary>
    /// <param name="folder">Takes what the disk holds in the end, as <c>disk.kept</c>.</param>
    /// <param name="bytes">The size of the disk.</param>
    /// <param name="arguments">The words before.</param>
    public static async Task<CommandLine> Run(TemporaryFolder folder, long bytes, params string[] arguments)
    {
        var disk = Directory.CreateDirectory(folder.File("disk")).FullName;
        var script = folder.Write("script", $"""
            mount -t tmpfs -o size={bytes} tmpfs "$1" || exit 77
            disk=$1; shift
            "$@" "$disk/run"
            code=$?
            cp -r "$disk" "$disk.kept" && exit $code
            """);
        var start = new ProcessStartInfo(
            "unshare", ["--map-root-user", "--mount", "sh", script, disk, "dotnet", CommandLine.Program, .. arguments])
        {
            RedirectStandardError = true,
        };
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/unshare"), "needs Linux and unshare to make a small disk");
        using var process = Process.Start(start)!;
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.SkipWhen(process.ExitCode == 77 || error.Contains("unshare:", StringComparison.Ordinal),
            $"this system lets no test make a small disk: {error}");
        return new CommandLine(process.ExitCode, "", error);
    }
}
