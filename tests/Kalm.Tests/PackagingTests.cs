using System.IO.Compression;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Kalm.Engine;

namespace Kalm.Tests;

/// <summary>What strangers get works for them: the library in a program of theirs, and the tool. Builds and copies much, so nothing
/// else runs beside it.</summary>
[CollectionDefinition(nameof(PackagingTests), DisableParallelization = true)]
[Collection(nameof(PackagingTests))]
public class PackagingTests(PackedFeed feed) : IClassFixture<PackedFeed>
{
    private const string Program = """
        using Kalm.Engine;
        using Kalm.Language.Pretraining;

        NativeEngine.Initialize();
        string[] texts = ["A river is water that flows.", "A lake is water that stands.", "Rain fills the river and the lake."];
        var loss = Pretrainer.Run(texts, args[0], new PretrainingOptions { Steps = 2, BatchTokens = 64 });
        Console.WriteLine(double.IsFinite(loss) ? "trained two steps" : $"found a loss of {loss}");
        """;

    private string Project => $"""
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="Kalm" Version="{feed.Version}" />
            <PackageReference Include="libtorch-cpu-linux-x64" Version="{NativeEngine.LibtorchVersion}" />
          </ItemGroup>
        </Project>
        """;

    [Fact]
    public void The_library_asks_only_for_the_managed_TorchSharp_its_templates_and_readers_of_files()
    {
        using var package = Open("Kalm");
        var about = XDocument.Load(package.GetEntry("Kalm.nuspec")!.Open()).Root!.Elements().Single();

        Assert.Equal(
            ["Cloud.Unum.USearch", "Kalm.Templates", "Npgsql", "Parquet.Net", "SharpZipLib", "TorchSharp", "ZstdSharp.Port"],
            about.Descendants().Where(element => element.Name.LocalName == "dependency")
            .Select(element => (string)element.Attribute("id")!).Order(StringComparer.Ordinal));
        Assert.Equal("MIT", Value("license"));
        Assert.Equal("README.md", Value("readme"));
        Assert.NotEqual("", Value("description"));
        foreach (var file in new[] { "README.md", "lib/net10.0/Kalm.dll", "lib/net10.0/Kalm.xml" })
            Assert.NotNull(package.GetEntry(file));

        string Value(string name) => about.Elements().Single(element => element.Name.LocalName == name).Value;
    }

    [Theory]
    [InlineData("Kalm", "lib/net10.0/")]
    [InlineData("Kalm.Templates", "lib/net10.0/")]
    [InlineData("Kalm.Extensions", "lib/net10.0/")]
    [InlineData("Kalm.Cli", "tools/net10.0/any/")]
    public void A_package_has_its_symbols_beside_it_and_names_no_path_of_this_machine(string name, string folder)
    {
        using var package = Open(name);
        using var symbols = Open(name, "snupkg");
        using var symbolsFile = symbols.GetEntry($"{folder}{name}.pdb")!.Open();
        var about = XDocument.Load(package.GetEntry($"{name}.nuspec")!.Open()).Descendants();
        var repository = about.Single(element => element.Name.LocalName == "repository");
        Assert.Matches("^[0-9a-f]{40}$", (string?)repository.Attribute("commit"));
        Assert.True((string?)repository.Attribute("url") is null or ['h', 't', 't', 'p', 's', ':', ..]);

        using var library = package.GetEntry($"{folder}{name}.dll")!.Open();
        foreach (var stream in new[] { library, symbolsFile })
        {
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            foreach (var path in new[] { LayeringTests.RepositoryRoot(), feed.File("") })
                Assert.Equal(-1, bytes.ToArray().AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(path)));
        }
    }

    [Fact]
    public async Task On_a_clean_cache_a_project_elsewhere_takes_the_packages_in_and_so_does_the_tool()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("KALM_CLEAN_CACHE") == "1", "KALM_CLEAN_CACHE=1 downloads every package anew");
        RequireFeed();
        var clean = ("NUGET_PACKAGES", feed.File("clean"));
        feed.Write("elsewhere/nuget.config", $"""
            <configuration><packageSources><add key="kalm" value="{feed.Path}" /></packageSources></configuration>
            """);
        feed.Write("elsewhere/Elsewhere.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
              </PropertyGroup>
            </Project>
            """);
        feed.Write("elsewhere/Program.cs", Program);
        var folder = feed.File("elsewhere");
        foreach (var (package, version) in new[] { ("Kalm", feed.Version), ("libtorch-cpu-linux-x64", NativeEngine.LibtorchVersion) })
            (await feed.Run("dotnet", folder, [clean], "add", "package", package, "--version", version)).IsSuccess();
        var run = await feed.Run("dotnet", folder, [clean], "run", "-c", "Release", "--", "model");
        Assert.EndsWith("trained two steps\n", run.IsSuccess().Output, StringComparison.Ordinal);

        var tool = feed.File("clean-tool");
        (await feed.Run("dotnet", folder, [clean], "tool", "install", "Kalm.Cli", "--tool-path", tool, "--add-source", feed.Path,
            "--version", feed.Version)).IsSuccess();
        var doctor = await feed.Run(Path.Combine(tool, "kalm"), folder, [clean], "doctor", "--model", "model");
        Assert.Contains("kalm can work here", doctor.IsSuccess().Output, StringComparison.Ordinal);
        Assert.Contains(feed.File("clean"), doctor.Output.Replace("\n", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tool_brings_every_file_it_names_and_no_libtorch()
    {
        using var package = Open("Kalm.Cli");
        const string folder = "tools/net10.0/any/";
        var files = package.Entries.Select(entry => entry.FullName).ToHashSet();
        Assert.DoesNotContain(files, file => file.Contains("libtorch", StringComparison.Ordinal));
        Assert.InRange(package.Entries.Sum(entry => entry.Length), 1, 80_000_000);

        using var text = new StreamReader(package.GetEntry(folder + "Kalm.Cli.deps.json")!.Open());
        var targets = JsonNode.Parse(await text.ReadToEndAsync(TestContext.Current.CancellationToken))!["targets"]!.AsObject()
            .Single().Value!.AsObject();
        foreach (var (library, assets) in targets)
        {
            foreach (var (asset, _) in assets!["runtime"]?.AsObject() ?? [])
                Assert.True(files.Contains(folder + asset.Split('/')[^1]), $"{library}: {asset}");
            foreach (var (asset, _) in assets["runtimeTargets"]?.AsObject() ?? [])
                Assert.True(files.Contains(folder + asset), $"{library}: {asset}");
        }
    }

    [Fact]
    public async Task A_fresh_program_that_references_the_package_trains()
    {
        RequireFeed();
        feed.Write("program/nuget.config", $"""
            <configuration><packageSources><add key="kalm" value="{feed.Path}" /></packageSources></configuration>
            """);
        feed.Write("program/Stranger.csproj", Project);
        feed.Write("program/Program.cs", Program);
        var folder = feed.File("program");

        var built = await feed.Run("dotnet", folder, [], "build", "-c", "Release");
        Assert.SkipWhen(PackedFeed.Unreachable(built) is not null, PackedFeed.Unreachable(built) ?? "");
        built.IsSuccess();
        var run = await feed.Run("dotnet", folder, [], "bin/Release/net10.0/Stranger.dll", "model");

        Assert.Equal("trained two steps\n", run.IsSuccess().Output);
        Assert.True(File.Exists(feed.File("program/model/model.safetensors")));
    }

    [Fact]
    public async Task The_installed_tool_helps_without_libtorch_and_trains_with_that_of_the_users_packages()
    {
        RequireFeed();
        using var graph = FamilyGraph.Make();
        var folder = feed.File("tool");
        var kalm = Path.Combine(folder, "kalm");
        var withoutPackages = ("NUGET_PACKAGES", feed.File("none"));
        string[] pretrain =
        [
            "pretrain", "--quiet", "--graph", graph.Path, "--steps", "2", "--vocabulary", "300", "--context", "32", "--out",
        ];

        (await feed.Run("dotnet", feed.Path, [], "tool", "install", "Kalm.Cli", "--tool-path",
            folder, "--source", feed.Path, "--version", feed.Version)).IsSuccess();

        Assert.Contains(
            "pretrain", (await feed.Run(kalm, folder, [withoutPackages], "--help")).IsSuccess().Output, StringComparison.Ordinal);
        var fault = await feed.Run(kalm, folder, [withoutPackages], [.. pretrain, "never"]);
        fault.IsFault("libtorch_cpu.so", $"dotnet package download libtorch-cpu-linux-x64@{NativeEngine.LibtorchVersion}");
        Assert.Equal(2, fault.Error.TrimEnd().Split('\n').Length);
        (await feed.Run(kalm, folder, [], [.. pretrain, "model"])).IsSuccess();
        Assert.True(File.Exists(Path.Combine(folder, "model", "model.safetensors")));
    }

    private void RequireFeed() => Assert.SkipUnless(feed.Unavailable is null, feed.Unavailable ?? "");

    private ZipArchive Open(string name, string kind = "nupkg")
    {
        RequireFeed();
        return ZipFile.OpenRead(Path.Combine(feed.Path, $"{name}.{feed.Version}.{kind}"));
    }
}
