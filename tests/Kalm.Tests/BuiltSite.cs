using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Kalm.Tests.Cli;

namespace Kalm.Tests;

/// <summary>The site as <c>docs/build</c> writes it, of the libraries that lie beside the program.</summary>
public sealed partial class BuiltSite : IAsyncLifetime
{
    // What the script exits with where a tool cannot be had.
    private const int Lacking = 69;
    private static readonly string Folder = Documents.PathOf(Path.Combine("artifacts", "site"));
    private string? unavailable;

    /// <summary>The text of each page, by its path from the root of the site, with slashes.</summary>
    public IReadOnlyDictionary<string, string> Pages { get; private set; } = new Dictionary<string, string>();

    /// <summary>Whether the site has such a file.</summary>
    public static bool Has(string path) => File.Exists(Path.Combine(Folder, path));

    /// <summary>What a reader sees of a page, with single spaces.</summary>
    public static string Seen(string page) => Spaces().Replace(WebUtility.HtmlDecode(Tag().Replace(page, "")), " ");

    public async ValueTask InitializeAsync()
    {
        CommandLine built;
        try
        {
            built = await Run(
                Documents.PathOf("docs/build"), LayeringTests.RepositoryRoot(), Path.GetDirectoryName(CommandLine.Program)!);
        }
        catch (System.ComponentModel.Win32Exception fault)
        {
            unavailable = $"docs/build cannot run: {fault.Message}";
            return;
        }
        if (built.ExitCode == Lacking)
        {
            unavailable = built.Error.Trim().Split('\n')[^1];
            return;
        }
        built.IsSuccess();
        Pages = Directory.EnumerateFiles(Folder, "*.html", SearchOption.AllDirectories)
            .ToDictionary(file => Path.GetRelativePath(Folder, file).Replace('\\', '/'), File.ReadAllText);
    }

    /// <summary>Skips a test where the site cannot be built.</summary>
    public void Need()
    {
        if (unavailable is not null)
            Assert.Skip(unavailable);
    }

    /// <summary>Runs a program of the site to its end.</summary>
    internal static Task<CommandLine> Run(string program, string folder, params string[] arguments) =>
        // Some tools colour what they say where CI is set.
        CommandLine.RunToEnd(
            new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = folder, Environment = { ["NO_COLOR"] = "1", ["FORCE_COLOR"] = "0" },
            },
            TimeSpan.FromMinutes(10));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
