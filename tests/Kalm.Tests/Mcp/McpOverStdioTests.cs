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

    private const string Search =
        """{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"search_entities","arguments":{"search":"frog5"}}}""";

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
