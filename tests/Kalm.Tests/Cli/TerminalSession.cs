using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Kalm.Tests.Cli;

/// <summary>A real terminal of some width in which the program runs: a session of tmux, with a server of its own.</summary>
internal sealed partial class TerminalSession : IAsyncDisposable
{
    private const string End = "ended with ";
    private readonly string rawFile;
    private readonly string socket;

    private TerminalSession(string rawFile) => (this.rawFile, socket) = (rawFile, rawFile + ".socket");

    /// <summary>Everything the program wrote to it, control sequences among it.</summary>
    public string Raw => File.ReadAllText(rawFile);

    /// <summary>Skips the test where there is no tmux.</summary>
    public static void Require() => Assert.SkipUnless(
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "tmux"))),
        "needs tmux");

    /// <summary>Starts the program.</summary>
    /// <param name="folder">Takes a file of what is written.</param>
    /// <param name="width">Columns.</param>
    /// <param name="environment">Words such as <c>NAME=value</c> before the command.</param>
    /// <param name="arguments">The words after the program's name, free of spaces.</param>
    public static async Task<TerminalSession> Start(TemporaryFolder folder, int width, string environment, params string[] arguments)
    {
        var raw = folder.Write($"raw-{Guid.NewGuid():N}", "");
        var session = new TerminalSession(raw);
        var command = $"{environment} dotnet {CommandLine.Program} {string.Join(' ', arguments)}";
        // Waits for a key, so that what is written is seen from the start.
        await session.Tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", $"{width}", "-y", "60", "-c", folder.Path,
            $"read start; clear; {command}; echo {End}$?; sleep 600");
        await session.Tmux("pipe-pane", "-o", $"cat >> {raw}");
        await session.Keys("Enter");
        return session;
    }

    /// <summary>Presses a key by its name in tmux.</summary>
    public Task Keys(string key) => Tmux("send-keys", key);

    /// <summary>Waits until something is on the screen.</summary>
    /// <param name="text">What is to be seen.</param>
    public async Task Sees(string text)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(2));
        for (var screen = ""; !screen.Contains(text, StringComparison.Ordinal);)
        {
            if (patience.IsCancellationRequested)
                Assert.Fail($"'{text}' was not seen on\n{screen}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
            screen = await Tmux("capture-pane", "-p", "-J", "-S", "-");
        }
    }

    /// <summary>Waits for the program's end.</summary>
    /// <param name="joined">Whether lines that the terminal broke are told as one.</param>
    /// <returns>Its exit code, and what is left on the screen, from the first line on.</returns>
    public async Task<(int Code, string[] Lines)> Ends(bool joined = false)
    {
        await Sees(End);
        var screen = (await Tmux(["capture-pane", "-p", .. joined ? ["-J"] : Array.Empty<string>(), "-S", "-"])).TrimEnd();
        var code = Code().Match(screen);
        return (int.Parse(code.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture),
            screen[..code.Index].Split('\n'));
    }

    /// <summary>Whether the cursor is shown.</summary>
    public async Task<bool> ShowsCursor() => (await Tmux("display-message", "-p", "#{cursor_flag}")).Trim() == "1";

    private async Task<string> Tmux(params string[] arguments)
    {
        var start = new ProcessStartInfo("tmux", ["-S", socket, .. arguments]);
        start.Environment.Remove("TMUX");
        start.Environment["LC_ALL"] = "C.UTF-8";
        return (await CommandLine.RunToEnd(start, TimeSpan.FromSeconds(30))).IsSuccess().Output;
    }

    public async ValueTask DisposeAsync() => await Tmux("kill-server");

    [GeneratedRegex(End + @"(\d+)\s*$")]
    private static partial Regex Code();
}
