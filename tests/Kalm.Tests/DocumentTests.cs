using System.CommandLine;
using System.Text.RegularExpressions;
using Kalm.Cli;

namespace Kalm.Tests;

/// <summary>No document shows a command, an option, a route or a link that there is not.</summary>
public partial class DocumentTests
{
    private static readonly Terminal Nowhere = new(TextWriter.Null, TextWriter.Null, CancellationToken.None);

    public static TheoryData<string> Files => [.. Documents.All];

    // The program of the benchmarks has options of its own.
    public static TheoryData<string> OfKalm => [.. Documents.All.Where(document => document != "bench/README.md")];

    [Theory]
    [MemberData(nameof(Files))]
    public void The_commands_of_every_block_can_be_acted_on(string document)
    {
        foreach (var command in Documents.Commands(document))
        {
            var parse = Application.Parse(Documents.Words(command), Nowhere);
            Assert.True(ArgumentFault.Of(parse) is null, $"{document}: kalm {command}\n{ArgumentFault.Of(parse)?.Message}");
        }
    }

    [Fact]
    public void The_documents_hold_commands() =>
        Assert.InRange(Documents.All.Sum(document => Documents.Commands(document).Count), 40, int.MaxValue);

    [Theory]
    [MemberData(nameof(OfKalm))]
    public void Every_option_named_in_a_text_is_one(string document)
    {
        var root = Application.Commands(Nowhere);
        foreach (var words in Span().Matches(Documents.Prose(document)).Select(match => match.Groups[1].Value.Split(' ')))
        {
            var named = words[0] is "kalm" or "./kalm" ? words[1..] : words;
            var verb = root;
            foreach (var word in named)
                if (verb.Subcommands.FirstOrDefault(below => below.Name == word) is { } below)
                    verb = below;
            var isOption = named.Length > 0 && named[0].StartsWith("--", StringComparison.Ordinal);
            if (verb == root && !isOption)
                continue;
            var known = Options(verb).ToHashSet();
            Assert.All(
                named.Where(word => word.StartsWith("--", StringComparison.Ordinal)),
                word => Assert.True(known.Contains(word), $"{document}: '{string.Join(' ', words)}' has no {word}"));
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Links_lead_to_what_is_there(string document)
    {
        foreach (var target in Link().Matches(Documents.Prose(document)).Select(match => match.Groups[1].Value))
        {
            if (target.Contains("://", StringComparison.Ordinal))
                continue;
            var parts = target.Split('#');
            var file = parts[0].Length == 0 ? Documents.PathOf(document)
                : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Documents.PathOf(document))!, parts[0]));
            Assert.True(File.Exists(file) || Directory.Exists(file), $"{document}: {target}");
            if (parts.Length > 1)
                Assert.True(Anchors(File.ReadAllText(file)).Contains(parts[1]), $"{document}: {target}");
        }
    }

    [Fact]
    public void Every_page_of_the_docs_is_on_their_map()
    {
        var map = Link().Matches(Documents.Text("docs/README.md")).Select(match => "docs/" + match.Groups[1].Value.Split('#')[0]);
        Assert.Equal(
            Documents.All.Where(document => document.StartsWith("docs/", StringComparison.Ordinal) && document != "docs/README.md"),
            map.Where(target => target.EndsWith(".md", StringComparison.Ordinal) && !target.Contains("..", StringComparison.Ordinal))
                .Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_page_of_the_API_names_every_namespace_and_nothing_that_is_not_there()
    {
        var types = PublicApi.Libraries.SelectMany(library => library.GetExportedTypes()).ToList();
        var namespaces = types.Select(type => type.Namespace!).ToHashSet();
        var page = Documents.Text("docs/reference/api.md");
        Assert.Equal(
            namespaces.Order(StringComparer.Ordinal),
            Row().Matches(page).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal));
        Assert.All(
            Span().Matches(page).Select(match => match.Groups[1].Value),
            name => Assert.True(namespaces.Contains(name) || types.Any(type => type.FullName == name), name));
    }

    [Fact]
    public void The_readme_stays_a_page() => Assert.InRange(
        Documents.Text("README.md").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length, 700, 1_000);

    private static IEnumerable<string> Options(Command verb) =>
        [.. verb.Options.Select(option => option.Name), .. verb.Subcommands.SelectMany(Options), "--help"];

    // As GitHub makes them: lower case, spaces to hyphens, other signs gone.
    private static IEnumerable<string> Anchors(string text) => Heading().Matches(text).Select(match =>
        NoWord().Replace(match.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"`([^`\n]+)`")]
    private static partial Regex Span();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^\| `([^`]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoWord();
}
