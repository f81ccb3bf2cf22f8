using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Kalm.Engine;
using Kalm.Tests.Cli;

namespace Kalm.Tests;

/// <summary>Both packages as a stranger gets them: packed into a folder that serves as a package source, under a version of their own,
/// which is removed from the user's packages afterwards.</summary>
public sealed partial class PackedFeed : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private readonly TemporaryFolder folder = new();

    /// <summary>The version both packages bear.</summary>
    public string Version { get; } = $"0.1.0-test-{Guid.NewGuid():N}";

    /// <summary>The package source.</summary>
    public string Path => folder.File("artifacts/package/release");

    /// <summary>Why nothing can be packed on this machine; null where it can.</summary>
    public string? Unavailable { get; private set; }

    public async ValueTask InitializeAsync()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            Unavailable = "needs Linux on x64";
            return;
        }
        var packed = await Run(
            "dotnet", LayeringTests.RepositoryRoot(), [],
            "pack", "-c", "Release", "--artifacts-path", folder.File("artifacts"), $"-p:Version={Version}", "-p:RunAnalyzers=false");
        Unavailable = Unreachable(packed);
        if (Unavailable is null)
            packed.IsSuccess();
    }

    /// <summary>The path of something in the folder of the feed's tests.</summary>
    public string File(string name) => folder.File(name);

    /// <summary>Writes a file there.</summary>
    public string Write(string name, string content) => folder.Write(name, content);

    /// <summary>Runs a program to its end, with a cache of its own for the native library.</summary>
    /// <param name="program">Its path, or a name on the PATH.</param>
    /// <param name="workingFolder">Where it runs.</param>
    /// <param name="environment">More variables to set.</param>
    /// <param name="arguments">The words after its name.</param>
    internal async Task<CommandLine> Run(
        string program, string workingFolder, (string Name, string Value)[] environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = workingFolder };
        // A build server that outlives the command would keep its output open.
        foreach (var (name, value) in new[]
        {
            ("MSBUILDDISABLENODEREUSE", "1"), ("UseSharedCompilation", "false"), ("DOTNET_CLI_UI_LANGUAGE", "en"),
        })
            start.Environment[name] = value;
        start.Environment["XDG_CACHE_HOME"] = folder.File("cache");
        start.Environment["DOTNET_ROOT"] = System.IO.Path.GetFullPath(
            System.IO.Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return await CommandLine.RunToEnd(start, Patience);
    }

    /// <summary>What a restore says when a package source cannot be reached; null when it failed otherwise or not at all.</summary>
    internal static string? Unreachable(CommandLine command) =>
        command.ExitCode != 0 && SourceFault().Match(command.Output) is { Success: true } fault
            ? $"packages cannot be restored: {fault.Value.Trim()}" : null;

    public ValueTask DisposeAsync()
    {
        foreach (var package in new[] { "kalm", "kalm.templates", "kalm.extensions", "kalm.cli" })
        {
            var versions = System.IO.Path.Combine(NativeEngine.PackagesFolder, package);
            var version = System.IO.Path.Combine(versions, Version);
            if (Directory.Exists(version))
                Directory.Delete(version, recursive: true);
            if (Directory.Exists(versions) && !Directory.EnumerateFileSystemEntries(versions).Any())
                Directory.Delete(versions);
        }
        folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [GeneratedRegex("error NU(1301|1900).*")]
    private static partial Regex SourceFault();
}
