using System.Text.RegularExpressions;

namespace Kalm.Tests;

/// <summary>Dependencies go one way: what a folder of the library may not know, its files do not mention.</summary>
public partial class LayeringTests
{
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Graph"] = [],
        ["Language"] = ["Distributed"],
        ["Representation"] = ["Graph", "Language"],
        ["Evaluation"] = ["Graph", "Language", "Representation", "Distributed"],
        ["Completion"] = ["Graph", "Language", "Representation", "Evaluation"],
        ["Alignment"] = ["Graph", "Language", "Representation", "Evaluation", "Completion", "Distributed"],
        ["Distributed"] = [],
        ["Engine"] = [],
    };

    // Within the language, from the ground up; a folder may use those before it that are named.
    private static readonly Dictionary<string, string[]> OfLanguage = new()
    {
        ["Language.Tokenization"] = [],
        ["Language.Chat"] = ["Language.Tokenization"],
        ["Language.Sources"] = ["Language.Tokenization", "Language.Chat"],
        ["Language.Model"] = ["Language.Tokenization", "Language.Sources"],
        ["Language.Execution"] = ["Language.Tokenization", "Language.Sources", "Language.Model"],
        ["Language.Generation"] = ["Language.Tokenization", "Language.Sources", "Language.Model", "Language.Execution"],
        ["Language.Training"] = ["Language.Sources", "Language.Model"],
        ["Language.Pretraining"] =
            ["Language.Tokenization", "Language.Sources", "Language.Model", "Language.Execution", "Language.Training"],
        ["Language.Export"] = ["Language.Tokenization", "Language.Sources", "Language.Model"],
    };

    private static readonly Dictionary<string, string[]> OfSources = new()
    {
        ["Language.Sources.Safetensors"] = [],
        ["Language.Sources.Config"] = ["Language.Sources.Safetensors"],
        ["Language.Sources.Pickled"] = ["Language.Sources.Safetensors"],
        ["Language.Sources.Gguf"] = ["Language.Sources.Safetensors", "Language.Sources.Config"],
        ["Language.Sources.Adapters"] = ["Language.Sources.Safetensors", "Language.Sources.Config", "Language.Sources.Pickled"],
        ["Language.Sources.Hub"] = [],
    };

    private static readonly Dictionary<string, string[]> OfGraph = new()
    {
        ["Graph.Readers"] = [],
        ["Graph.Checks"] = [],
        ["Graph.Writers"] = [],
    };

    public static TheoryData<string> Folders => [.. OfLanguage.Keys, .. OfSources.Keys, .. OfGraph.Keys];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Folders_of_a_layer_know_each_other_one_way_only(string folder)
    {
        var table = new[] { OfLanguage, OfSources, OfGraph }.Single(folders => folders.ContainsKey(folder));
        var sources = Sources(folder.Replace('.', Path.DirectorySeparatorChar)).ToList();
        Assert.NotEmpty(sources);
        foreach (var (file, code) in sources)
        {
            var forbidden = table.Keys.Except([.. table[folder], folder])
                .FirstOrDefault(other => Regex.IsMatch(code, $@"\bKalm\.{Regex.Escape(other)}\b"));
            Assert.True(forbidden is null, $"{file}: uses {forbidden}, which {folder} may not know");
        }
    }

    [Fact]
    public void Every_folder_of_language_and_graph_has_its_place()
    {
        Assert.Equal(Within("Language"), OfLanguage.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(Within("Language.Sources"), OfSources.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(Within("Graph"), OfGraph.Keys.Order(StringComparer.Ordinal));

        static IEnumerable<string> Within(string parent) =>
            Directory.EnumerateDirectories(Path.Combine(RepositoryRoot(), "src", "Kalm", parent.Replace('.', Path.DirectorySeparatorChar)))
                .Where(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories).Any())
                .Select(folder => $"{parent}.{Path.GetFileName(folder)}").Order(StringComparer.Ordinal);
    }

    [Fact]
    public void Templates_know_nothing_of_ours()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(RepositoryRoot(), "src", "Kalm.Templates"), "*.cs"))
            Assert.DoesNotMatch(@"\bKalm\.(?!Templates\b)\w", Comment().Replace(File.ReadAllText(file), ""));
    }

    [Fact]
    public void What_stands_around_requests_knows_no_route()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(RepositoryRoot(), "src", "Kalm.Server", "Http"), "*.cs"))
            Assert.DoesNotMatch(@"\bKalm\.Server\.Routes\b|(?<![\w.])Routes\.[A-Z]", Comment().Replace(File.ReadAllText(file), ""));
    }

    [Theory]
    [InlineData("Kalm.Templates")]
    [InlineData("Kalm", "Kalm.Templates")]
    [InlineData("Kalm.Extensions", "Kalm")]
    [InlineData("Kalm.Server", "Kalm.Extensions")]
    [InlineData("Kalm.Mcp", "Kalm.Server")]
    [InlineData("Kalm.Cli", "Kalm", "Kalm.Mcp", "Kalm.Server")]
    public void A_project_refers_to_those_below_it_only(string project, params string[] below)
    {
        var file = File.ReadAllText(Path.Combine(RepositoryRoot(), "src", project, project + ".csproj"));
        Assert.Equal(
            below, Regex.Matches(file, @"ProjectReference Include=""\.\./([\w.]+)/").Select(match => match.Groups[1].Value).Order());
    }

    [Fact]
    public void Every_project_has_its_place() => Assert.Equal(
        ["Kalm", "Kalm.Cli", "Kalm.Extensions", "Kalm.Mcp", "Kalm.Server", "Kalm.Templates"],
        Directory.EnumerateDirectories(Path.Combine(RepositoryRoot(), "src")).Select(Path.GetFileName).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("Graph")]
    [InlineData("Language")]
    [InlineData("Representation")]
    [InlineData("Evaluation")]
    [InlineData("Completion")]
    [InlineData("Alignment")]
    [InlineData("Distributed")]
    [InlineData("Engine")]
    public void A_folder_uses_only_the_layers_below_it(string layer)
    {
        foreach (var (file, code) in Sources(layer))
        {
            var forbidden = Forbidden(layer, code);
            Assert.True(forbidden is null, $"{file}: uses {forbidden}, which {layer} may not know");
        }
    }

    [Theory]
    [InlineData("Graph", "using Kalm.Language;", true)]
    [InlineData("Graph", "var model = new Language.Model();", true)]
    [InlineData("Graph", "using Kalm.Engine;", false)]
    [InlineData("Graph", "using Kalm.Graph;", false)]
    [InlineData("Language", "using static Kalm.Representation.Wording;", true)]
    [InlineData("Representation", "using Kalm.Graph; using Kalm.Language.Tokenizers;", false)]
    [InlineData("Evaluation", "using Kalm.Alignment;", true)]
    [InlineData("Alignment", "using Kalm.Evaluation;", false)]
    [InlineData("Graph", "using TorchSharp;", true)]
    [InlineData("Language", "using TorchSharp;", false)]
    public void The_check_itself_tells_right_from_wrong(string layer, string code, bool isForbidden)
    {
        Assert.Equal(isForbidden, Forbidden(layer, code) is not null);
    }

    [Fact]
    public void Files_bear_the_namespace_of_their_folder()
    {
        Assert.NotEmpty(Sources("Graph"));
        foreach (var layer in MayUse.Keys)
            foreach (var (file, code) in Sources(layer))
                Assert.True(
                    Regex.IsMatch(code, $@"^namespace Kalm\.{layer}(\.\w+)*;", RegexOptions.Multiline),
                    $"{file}: not in Kalm.{layer}");
    }

    private static string? Forbidden(string layer, string code)
    {
        if (layer == "Graph" && code.Contains("TorchSharp", StringComparison.Ordinal))
            return "TorchSharp";
        return MayUse.Keys
            .Except([.. MayUse[layer], layer, "Engine"])
            // "Kalm.Language" anywhere; "Language.Model" too, since a sibling namespace needs no "Kalm." in front.
            .FirstOrDefault(other => Regex.IsMatch(code, $@"\bKalm\.{other}\b|(?<![\w.]){other}\.[A-Z]"));
    }

    private static IEnumerable<(string File, string Code)> Sources(string layer)
    {
        var folder = Path.Combine(RepositoryRoot(), "src", "Kalm", layer);
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
                .Select(file => (Path.GetRelativePath(folder, file), Comment().Replace(File.ReadAllText(file), "")))
            : [];
    }

    internal static string RepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Kalm.slnx")))
                return folder.FullName;
        throw new DirectoryNotFoundException($"no Kalm.slnx above {AppContext.BaseDirectory}");
    }

    // Comments may name what the code may not use; a "//" in a string only makes the check look at less of that line.
    [GeneratedRegex("//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();
}
