using System.Diagnostics;
using System.Text.Json.Nodes;
using Kalm.Mcp;
using Kalm.Server;
using Kalm.Tests.Cli;
using Kalm.Tests.Extensions;

namespace Kalm.Tests.Server;

/// <summary>Clients as npm installs them make their calls to a server of this process: over a published model where its file is there, else
/// a tiny one, and over the demonstration's run. Which client makes which call is told in <c>docs/how-to/clients.md</c>.</summary>
[Collection(nameof(RunningServer))]
[Trait("needs", "node")]
public sealed class ClientTests(RunningServer server) : IDisposable
{
    private const string Key = "sesame";
    private const string Model = "chat";

    // A tiny model has little room for words about tools.
    private const string Brief = "{% for t in tools or [] %}{{ t.function.name }} {% endfor %}{% for m in messages %}{{ m.content }}"
        + "{{ '!' if m.tool_calls }};{% endfor %}";

    private static readonly string Root = LayeringTests.RepositoryRoot();
    private static readonly string Sources = Path.Combine(Root, "tests", "clients");
    private readonly TemporaryFolder folder = new();

    [Fact]
    public async Task Every_client_makes_its_calls_of_a_published_model_and_the_table_tells_them()
    {
        var lines = await Calls(server.Options() with
        {
            Model = DataFolder.Find(Path.Combine("smollm2-135m", "SmolLM2-135M-Instruct.Q4_1.gguf"))
                ?? ChatFolder.Make(folder, server.Model, Brief),
        });
        foreach (var client in (string[])["openai", "ai + @ai-sdk/openai-compatible", "fetch", "openapi-typescript + openapi-fetch",
            "@modelcontextprotocol/sdk"])
            Assert.Contains(lines, line => (string?)line["client"] == client);
    }

    [Fact]
    public async Task Every_client_makes_the_same_calls_of_the_run_of_the_demonstration()
    {
        await Calls(server.Options() with
        {
            Model = (await DemoRun.Made).Run, Graph = Path.Combine(Root, "samples", "world"),
        });
    }

    [Fact]
    public async Task Answers_of_schemas_drawn_at_random_are_valid_by_another_validator()
    {
        var clients = await Install();
        await using var serving = await RunningServer.Another(server.Options() with
        {
            Names = [Model], ApiKey = Key, IndexFolder = folder.File("index-of-schemas"),
        });
        var ran = await Run("node", clients, "schemas.mjs", serving.Urls[0], Model, Key, "40");
        Assert.True(ran.ExitCode == 0 && (bool)JsonNode.Parse(ran.Output)!["ok"]!, ran.Output + ran.Error);
    }

    // One line for each call; all go well, and are those of the documents.
    private async Task<List<JsonNode>> Calls(ServerOptions options)
    {
        var table = folder.File("clients.md");
        var clients = await Install();
        await using var serving = await RunningServer.Another(McpOverHttp.Server(options with
        {
            Names = [Model], ApiKey = Key, IndexFolder = folder.File("index"),
        }, isWriting: false));
        var ran = await Run("node", clients, "run.mjs", serving.Urls[0], Model, Key, table);
        var lines = ran.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Empty(lines.Where(line => !(bool)line["ok"]!).Select(line => line.ToJsonString()));
        ran.IsSuccess();
        Assert.Contains(
            await File.ReadAllTextAsync(table, RunningServer.Cancellation), Documents.Text("docs/how-to/clients.md"), StringComparison.Ordinal);
        return lines;
    }

    // The clients are installed once and kept, as the package source may not be reachable each time.
    private static async Task<string> Install()
    {
        var folder = Path.Combine(Root, "artifacts", "clients");
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.EnumerateFiles(Sources))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        var stamp = Path.Combine(folder, "node_modules", ".package-lock.json");
        if (await Find("node") is null)
            Assert.Skip("needs node, which is not on the PATH");
        if (!File.Exists(stamp) || File.GetLastWriteTimeUtc(stamp) < File.GetLastWriteTimeUtc(Path.Combine(Sources, "package-lock.json")))
        {
            if (await Find("npm") is null)
                Assert.Skip("needs npm, which is not on the PATH");
            var installed = await Run("npm", folder, "ci", "--no-audit", "--no-fund", "--ignore-scripts");
            if (installed.ExitCode != 0)
            {
                var fault = installed.Error.Split('\n').FirstOrDefault(line => line.Contains("npm error", StringComparison.Ordinal));
                Assert.Skip($"npm cannot install the clients: {fault}");
            }
        }
        return folder;
    }

    private static async Task<CommandLine?> Find(string program)
    {
        try
        {
            return await Run(program, Sources, "--version");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static Task<CommandLine> Run(string program, string folder, params string[] arguments) =>
        CommandLine.RunToEnd(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder }, TimeSpan.FromMinutes(10));

    public void Dispose() => folder.Dispose();
}
