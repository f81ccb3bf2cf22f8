using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Kalm.Cli;
using Kalm.Tests.Cli;

namespace Kalm.Tests;

/// <summary>What runs the server elsewhere says what the program takes.</summary>
public partial class DeploymentTests
{
    private static readonly Terminal Nowhere = new(TextWriter.Null, TextWriter.Null, CancellationToken.None);

    [Fact]
    public void The_container_starts_the_program_with_options_it_has()
    {
        var file = Documents.Text("deploy/Dockerfile");
        CanBeActedOn(JsonSerializer.Deserialize<string[]>(Command().Match(file).Groups[1].Value)!);
        var ignored = Documents.Text("deploy/Dockerfile.dockerignore").Split('\n');
        foreach (var needed in new[] { "src", "samples", "recipes", "Directory.*", "BannedSymbols.txt", "global.json", "README.md" })
        {
            Assert.Contains("!" + needed, ignored);
            Assert.NotEmpty(Directory.GetFileSystemEntries(LayeringTests.RepositoryRoot(), needed));
        }
    }

    [Fact]
    public async Task The_unit_is_one_that_systemd_takes()
    {
        var unit = Documents.Text("deploy/kalm.service");
        var line = Start().Match(unit).Groups;
        CanBeActedOn(Documents.Words(line[2].Value));
        Assert.SkipUnless(File.Exists("/usr/bin/systemd-analyze"), "needs systemd-analyze");
        using var folder = new TemporaryFolder();
        var program = folder.Write("program", "#!/bin/sh\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var verified = await CommandLine.RunToEnd(
            new ProcessStartInfo("systemd-analyze", [
                "verify", "--man=no", folder.Write("kalm.service", unit.Replace(line[1].Value, program, StringComparison.Ordinal)),
            ]), TimeSpan.FromMinutes(1));
        Assert.Equal("", verified.IsSuccess().Error);
    }

    [Fact]
    public void Jobs_of_several_machines_start_the_program_with_options_it_has()
    {
        var batch = Documents.Text("deploy/kalm.sbatch").Replace("\\\n", "", StringComparison.Ordinal);
        CanBeActedOn([.. Documents.Words(Step().Match(batch).Groups[1].Value).Where(word => !word.Contains('$')), "--resume"], "align");
        var job = JsonSerializer.Deserialize<string[]>(Arguments().Match(Documents.Text("deploy/kalm-mpijob.yaml")).Groups[1].Value)!;
        CanBeActedOn(job[1..], "align");
    }

    private static void CanBeActedOn(string[] words, string verb = "serve")
    {
        Assert.Equal(verb, words[0]);
        var fault = ArgumentFault.Of(Application.Parse(words, Nowhere));
        Assert.True(fault is null, fault?.Message);
    }

    [GeneratedRegex(@"^CMD (\[.*\])$", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex(@"/Kalm\.Cli (align .*)$", RegexOptions.Multiline)]
    private static partial Regex Step();

    [GeneratedRegex(@"args: (\[""/opt/kalm/Kalm\.Cli"".*\])$", RegexOptions.Multiline)]
    private static partial Regex Arguments();

    [GeneratedRegex(@"^ExecStart=(\S+) (.*)$", RegexOptions.Multiline)]
    private static partial Regex Start();
}
