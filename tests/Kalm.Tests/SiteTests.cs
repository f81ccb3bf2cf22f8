using System.Net;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Kalm.Tests;

/// <summary>The docs are a site without a link that leads nowhere, and it has the API.</summary>
[Trait("needs", "node")]
public partial class SiteTests(BuiltSite site) : IClassFixture<BuiltSite>
{
    [Fact]
    public void Every_document_is_a_page()
    {
        site.Need();
        foreach (var document in Documents.All)
        {
            var path = Path.ChangeExtension(document, ".html").Replace("README", "index", StringComparison.Ordinal);
            Assert.True(site.Pages.TryGetValue(path, out var page), $"{document}: expected the page {path}");
            var title = Title().Match(Documents.Text(document)).Groups[1].Value;
            Assert.Contains(title, BuiltSite.Seen(page), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_link_of_every_page_leads_somewhere()
    {
        site.Need();
        var places = site.Pages.ToDictionary(
            page => page.Key,
            page => Id().Matches(page.Value).Select(match => WebUtility.HtmlDecode(match.Groups[1].Value)).ToHashSet());
        var (count, dead) = (0, new List<string>());
        foreach (var (path, page) in site.Pages)
            foreach (var link in Link().Matches(page).Select(match => WebUtility.HtmlDecode(match.Groups[1].Value)))
            {
                var target = new Uri(new Uri($"http://site/{path}"), link);
                if (target.Host != "site")
                    continue;
                count++;
                var file = Uri.UnescapeDataString(target.AbsolutePath[1..]);
                if (file.Length == 0 || file.EndsWith('/'))
                    file += "index.html";
                else if (!BuiltSite.Has(file))
                    file += ".html";
                var anchor = Uri.UnescapeDataString(target.Fragment.TrimStart('#'));
                if (!BuiltSite.Has(file) || (anchor.Length > 0 && !places[file].Contains(anchor)))
                    dead.Add($"{path}: {link}");
            }
        Assert.Empty(dead);
        Assert.InRange(count, 10_000, int.MaxValue);
        TestContext.Current.TestOutputHelper?.WriteLine($"{count} links on {site.Pages.Count} pages");
    }

    [Fact]
    public void Every_public_type_has_a_page_with_its_summary()
    {
        site.Need();
        foreach (var library in PublicApi.Libraries)
        {
            var summaries = XDocument.Load(Path.ChangeExtension(library.Location, ".xml")).Descendants("member")
                .ToDictionary(member => (string)member.Attribute("name")!, member => member.Element("summary")!);
            foreach (var type in library.GetExportedTypes())
            {
                var name = type.FullName!.Replace('+', '.');
                Assert.True(site.Pages.TryGetValue($"docs/reference/api/{name.Replace('`', '-')}.html", out var page), name);
                Assert.DoesNotContain("<xref", page, StringComparison.Ordinal);
                var seen = BuiltSite.Seen(page);
                var told = summaries[$"T:{name}"].DescendantNodes().OfType<XText>().Select(text => Spaces().Replace(text.Value, " ").Trim());
                Assert.All(told, text => Assert.Contains(text, seen, StringComparison.Ordinal));
            }
        }
    }

    [Fact]
    public async Task A_link_that_leads_nowhere_fails_the_build()
    {
        site.Need();
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.EnumerateFiles(Documents.PathOf("docs/.vitepress"), "*.mjs"))
            folder.Write($"docs/.vitepress/{Path.GetFileName(file)}", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        folder.Write("docs/README.md", "# Map\n\nTo [a page](nowhere.md).\n");
        var built = await BuiltSite.Run(Documents.PathOf("artifacts/site-tools/node_modules/.bin/vitepress"), folder.Path, "build", "docs");
        Assert.NotEqual(0, built.ExitCode);
        Assert.Contains("dead link ./nowhere in file docs/README.md", built.Output + built.Error, StringComparison.Ordinal);
    }

    [GeneratedRegex("^# (.+)$", RegexOptions.Multiline)]
    private static partial Regex Title();

    [GeneratedRegex("\\bid=\"([^\"]*)\"")]
    private static partial Regex Id();

    [GeneratedRegex("\\b(?:href|src)=\"([^\"]*)\"")]
    private static partial Regex Link();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
