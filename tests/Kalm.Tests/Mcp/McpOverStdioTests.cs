using System.Diagnostics;
using System.Text.Json.Nodes;
using Kalm.Tests.Cli;
using Kalm.Tests.Server;
using ModelContextProtocol.Client;

namespace Kalm.Tests.Mcp;

[Collection(nameof(RunningServer))]
public class McpOverStdioTests(RunningServer server)
{
    private const string Initialize =
        """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{}, """
        + """ "clientInfo":{"name":"t","version":"1"}}}""";

    private const string Initialized = """{"jsonrpc":"2.0","method":"notifications/initialized"}""";

    private const string Search =
        """{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"search_entities","arguments":{"search":"frog5"}}}""";

    private const string Embed =
        """{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"embed_texts","arguments":{"texts":["a bird"]}}}""";

    private string[] Arguments =>
        [CommandLine.Program, "mcp", "--model", server.Model, "--graph", server.Options().Graph, "--threads", "1"];

    [Fact]
    public async Task The_first_call_waits_for_the_index_and_is_answered_as_over_http()
    {
        await using var client = await McpClient.CreateAsync(
            new StdioClientTransport(new StdioClientTransportOptions
            {
                Command = "dotnet", Arguments = [.. Arguments, "--write"], ShutdownTimeout = TimeSpan.FromSeconds(30),
            }), cancellationToken: RunningServer.Cancellation);
        var found = await RunningMcp.CallWell(client, "complete_triple", """{"head":"bird16","relation":"kind_of"}""");
        var expected = await server.PostWell("/v1/complete", JsonNode.Parse("""{"head":"bird16","relation":"kind_of"}""")!);
        Assert.Equal(expected.ToJsonString(), found.ToJsonString());
        Assert.Equal(8, (await client.ListToolsAsync(cancellationToken: RunningServer.Cancellation)).Count);
        Assert.Contains("kind_of", await RunningMcp.Fault(
            client, "complete_triple", """{"head":"bird16","relation":"kindof"}"""), StringComparison.Ordinal);
        Assert.NotEmpty(await client.ListResourcesAsync(cancellationToken: RunningServer.Cancellation));
    }

    [Fact]
    public async Task The_end_of_the_input_ends_the_process_and_only_answers_are_written()
    {
        using var process = Start();
        var log = process.StandardError.ReadToEndAsync(RunningServer.Cancellation);
        foreach (var (line, id) in new[] { (Initialize, 1), (Search, 2) })
        {
            await process.StandardInput.WriteLineAsync(line);
            var answer = JsonNode.Parse((await process.StandardOutput.ReadLineAsync(RunningServer.Cancellation))!)!;
            Assert.Equal(id, (int)answer["id"]!);
        }
        process.StandardInput.Close();
        await process.WaitForExitAsync(RunningServer.Cancellation).WaitAsync(TimeSpan.FromSeconds(90), RunningServer.Cancellation);
        Assert.True(process.ExitCode == 0, await log);
        Assert.Equal("", await process.StandardOutput.ReadToEndAsync(RunningServer.Cancellation));
    }

    [Fact]
    public async Task All_that_was_asked_before_the_input_ends_is_answered()
    {
        using var process = Start();
        await process.StandardInput.WriteLineAsync(string.Join('\n',
            Initialize, Initialized, Search, """{"jsonrpc":"2.0","id":"no such method","method":"nothing"}""", Embed, "no message"));
        // The last line has no end.
        await process.StandardInput.WriteAsync("""{"jsonrpc":"2.0","id":4,"method":"ping"}""");
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(RunningServer.Cancellation);
        var log = process.StandardError.ReadToEndAsync(RunningServer.Cancellation);
        await process.WaitForExitAsync(RunningServer.Cancellation).WaitAsync(TimeSpan.FromSeconds(90), RunningServer.Cancellation);
        Assert.True(process.ExitCode == 0, await log);
        var answers = (await output).TrimEnd().Split('\n').Select(line => JsonNode.Parse(line)!)
            .ToDictionary(answer => answer["id"]!.ToString());
        Assert.Equal(["1", "2", "3", "4", "no such method"], answers.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("kalm", (string?)answers["1"]["result"]!["serverInfo"]!["name"]);
        Assert.Equal("frog5", (string?)answers["2"]["result"]!["structuredContent"]!["entities"]![0]!["id"]);
        Assert.NotNull(answers["no such method"]["error"]);
    }

    [Fact]
    public async Task A_request_that_was_given_up_does_not_hold_the_end_up()
    {
        using var process = Start();
        await process.StandardInput.WriteLineAsync(string.Join('\n',
            Initialize, Initialized, Embed, """{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}}"""));
        process.StandardInput.Close();
        var log = process.StandardError.ReadToEndAsync(RunningServer.Cancellation);
        var answer = Assert.Single((await process.StandardOutput.ReadToEndAsync(RunningServer.Cancellation)).TrimEnd().Split('\n'));
        Assert.Equal(1, (int)JsonNode.Parse(answer)!["id"]!);
        await process.WaitForExitAsync(RunningServer.Cancellation).WaitAsync(TimeSpan.FromSeconds(60), RunningServer.Cancellation);
        Assert.True(process.ExitCode == 0, await log);
    }

    [Fact]
    public async Task A_signal_ends_the_process()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("needs kill");
        using var process = Start();
        await process.StandardInput.WriteLineAsync(Initialize);
        Assert.NotNull(await process.StandardOutput.ReadLineAsync(RunningServer.Cancellation));
        using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
            await kill.WaitForExitAsync(RunningServer.Cancellation);
        await process.WaitForExitAsync(RunningServer.Cancellation).WaitAsync(TimeSpan.FromSeconds(60), RunningServer.Cancellation);
        Assert.True(process.ExitCode == 0, await process.StandardError.ReadToEndAsync(RunningServer.Cancellation));
    }

    [Fact]
    public async Task A_graph_that_cannot_be_read_ends_the_process_with_a_reason()
    {
        var graph = Directory.CreateDirectory(server.File("no-graph")).FullName;
        using var process = Start(CommandLine.Program, "mcp", "--model", server.Model, "--graph", graph, "--quiet");
        var output = process.StandardOutput.ReadToEndAsync(RunningServer.Cancellation);
        var error = process.StandardError.ReadToEndAsync(RunningServer.Cancellation);
        await process.WaitForExitAsync(RunningServer.Cancellation).WaitAsync(TimeSpan.FromSeconds(60), RunningServer.Cancellation);
        new CommandLine(process.ExitCode, await output, await error).IsFault("no-graph");
    }

    private Process Start() => Start(Arguments);

    private static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo("dotnet", arguments)
    {
        RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
    })!;
}
