using System.Diagnostics;
using System.Text.Json.Nodes;
using Kalm.Tests.Cli;

namespace Kalm.Tests.Server;

/// <summary>OpenAI's own client for JavaScript, as npm installs it, talks to a server.</summary>
[Collection(nameof(RunningServer))]
public class OpenAiClientTests(RunningServer server)
{
    private const string Key = "sesame";
    private static readonly string Sources = Path.Combine(LayeringTests.RepositoryRoot(), "tests", "openai-client");

    [Fact]
    public async Task The_official_client_embeds_chats_streams_and_tells_errors_by_their_classes()
    {
        var program = await Install();
        await using var locked = await RunningServer.Another(server.Options() with { ApiKey = Key });
        var ran = await Run("node", Path.GetDirectoryName(program)!, program, $"{locked.Urls[0]}/v1", "base", Key);
        var seen = JsonNode.Parse(ran.IsSuccess().Output)!;

        Assert.Equal("base", (string?)seen["models"]!.AsArray().Single());
        var (vectors, plain) = (Vectors("vectors"), Vectors("plain"));
        Assert.Equal([32, 32], vectors.Select(vector => vector.Length));
        foreach (var (decoded, number) in vectors.Zip(plain))
            Assert.Equal(number.Select(value => (float)value), decoded.Select(value => (float)value));
        Assert.All(vectors, vector => Assert.Equal(1, vector.Sum(value => value * value), 1e-4));
        Assert.True((int)seen["embeddings"]!["usage"]!["prompt_tokens"]! > 0);

        var content = (string)seen["chat"]!["content"]!;
        Assert.NotEqual("", content);
        Assert.Equal(content, string.Concat(seen["stream"]!["pieces"]!.AsArray().Select(piece => (string)piece!)));
        Assert.True(seen["stream"]!["pieces"]!.AsArray().Count > 1);
        Assert.Equal(content, (string?)seen["helper"]);
        Assert.Equal((string?)seen["chat"]!["finish"], (string?)seen["stream"]!["finish"]);
        Assert.Equal(seen["chat"]!["usage"]!.ToJsonString(), seen["stream"]!["usage"]!.ToJsonString());

        IsError("badRequest", "BadRequestError", 400, "temperature");
        IsError("notFound", "NotFoundError", 404, "model");
        IsError("unauthorized", "AuthenticationError", 401, null);

        double[][] Vectors(string name) =>
            [.. seen["embeddings"]![name]!.AsArray().Select(vector => vector!.AsArray().Select(value => (double)value!).ToArray())];

        void IsError(string name, string type, int status, string? param)
        {
            var error = seen[name]!;
            Assert.Equal((type, true, status, param),
                ((string)error["class"]!, (bool)error["isApiError"]!, (int)error["status"]!, (string?)error["param"]));
        }
    }

    // The client is installed once and kept, as the package source may not be reachable each time.
    private static async Task<string> Install()
    {
        var folder = Path.Combine(LayeringTests.RepositoryRoot(), "artifacts", "openai-client");
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
                Assert.Skip($"npm cannot install the client: {fault}");
            }
        }
        return Path.Combine(folder, "client.mjs");
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
        CommandLine.RunToEnd(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder }, TimeSpan.FromMinutes(2));
}
