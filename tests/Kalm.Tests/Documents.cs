using System.Text.RegularExpressions;

namespace Kalm.Tests;

/// <summary>The Markdown files of the repository and what they show.</summary>
internal static partial class Documents
{
    /// <summary>The paths of all, from the root, with slashes.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        .. new[] { "README.md", "ARCHITECTURE.md", "bench/README.md", "samples/world/README.md" },
        .. Directory.EnumerateFiles(PathOf("docs"), "*.md", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(LayeringTests.RepositoryRoot(), file).Replace('\\', '/')).Order(StringComparer.Ordinal),
    ];

    /// <summary>Where a file of the repository lies.</summary>
    public static string PathOf(string document) => Path.Combine(LayeringTests.RepositoryRoot(), document);

    /// <summary>The whole text of one.</summary>
    public static string Text(string document) => File.ReadAllText(PathOf(document));

    /// <summary>The lines of the blocks for a shell in one: continued lines joined, comments gone.</summary>
    public static IReadOnlyList<string> ShellLines(string document) =>
    [
        .. Block().Matches(Text(document))
            .SelectMany(block => block.Groups[1].Value.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n'))
            .Select(line => line.Split(" #")[0].Trim()).Where(line => line.Length > 0 && line[0] != '#'),
    ];

    /// <summary>The commands of kalm among them, without the program's name.</summary>
    public static IReadOnlyList<string> Commands(string document) =>
    [
        .. ShellLines(document).Select(line => Command().Match(line)).Where(match => match.Success)
            .Select(match => match.Groups[1].Value.TrimEnd('&').Trim()),
    ];

    /// <summary>What one shows as printed.</summary>
    public static IReadOnlyList<string> Outputs(string document) =>
        [.. Output().Matches(Text(document)).Select(block => block.Groups[1].Value)];

    /// <summary>The words of a command; what stands in quotation marks is one.</summary>
    public static string[] Words(string command) => [.. Word().Matches(command).Select(match => match.Value.Trim('"'))];

    /// <summary>A text without its blocks of code.</summary>
    public static string Prose(string document) => AnyBlock().Replace(Text(document), "");

    [GeneratedRegex(@"^```(?:bash|sh)\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"^```text\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Output();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex AnyBlock();

    [GeneratedRegex(@"^(?:\./)?kalm (.+)$")]
    private static partial Regex Command();

    [GeneratedRegex("\"[^\"]*\"|\\S+")]
    private static partial Regex Word();
}
