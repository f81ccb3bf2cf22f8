using System.Diagnostics;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Kalm.Server;
using Kalm.Tests.Cli;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class LifecycleTests(RunningServer server)
{
    [Fact]
    public async Task Until_the_index_is_ready_requests_are_refused_and_health_says_why()
    {
        await using var starting = new KalmServer(server.Options() with { IndexFolder = server.File("fresh-index") });
        await starting.Listen(RunningServer.Cancellation);
        using var health = await server.Client.GetAsync(new Uri(starting.Urls[0] + "/health"), RunningServer.Cancellation);
        using var models = await server.Client.GetAsync(new Uri(starting.Urls[0] + "/v1/models"), RunningServer.Cancellation);
        foreach (var response in new[] { health, models })
        {
            Assert.Equal(503, (int)response.StatusCode);
            Assert.NotNull(response.Headers.RetryAfter);
        }
        Assert.Equal("loading", (string?)(await health.Content.ReadFromJsonAsync<JsonNode>(RunningServer.Cancellation))!["status"]);
        RunningServer.IsError(await models.Content.ReadFromJsonAsync<JsonNode>(RunningServer.Cancellation));
        starting.Load();
        await starting.Ready.WaitAsync(RunningServer.Cancellation);
        using var ready = await server.Client.GetAsync(new Uri(starting.Urls[0] + "/health"), RunningServer.Cancellation);
        Assert.Equal(200, (int)ready.StatusCode);
    }

    [Fact]
    public async Task A_server_that_is_stopped_finishes_the_chat_under_way()
    {
        var stopping = await RunningServer.Another(server.Options());
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(stopping.Urls[0] + "/v1/chat/completions"))
        {
            Content = JsonContent.Create(JsonNode.Parse("""{"messages":[{"role":"user","content":"a"}],"max_tokens":150,"stream":true}""")),
        };
        using var response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, RunningServer.Cancellation);
        var stopped = stopping.Stop();
        Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync(RunningServer.Cancellation), StringComparison.Ordinal);
        await stopped.WaitAsync(RunningServer.Cancellation);
        await Assert.ThrowsAsync<HttpRequestException>(() => server.Client.GetAsync(
            new Uri(stopping.Urls[0] + "/health"), RunningServer.Cancellation));
        await stopping.DisposeAsync();
    }

    [Fact]
    public async Task What_cannot_be_served_is_told_before_or_while_loading()
    {
        await using var without = new KalmServer(server.Options() with { Model = server.File("nothing") });
        await Assert.ThrowsAsync<KalmException>(() => without.Run(RunningServer.Cancellation).WaitAsync(
            TimeSpan.FromSeconds(20), RunningServer.Cancellation));
        await using var taken = new KalmServer(server.Options() with { Urls = [server.Server.Urls[0]] });
        var error = await Assert.ThrowsAsync<KalmException>(() => taken.Run(RunningServer.Cancellation));
        Assert.Contains("--urls", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_program_serves_until_a_signal_and_exits_with_success()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("needs kill");
        var isServed = false;
        var result = await CommandLine.RunProcess(
            CommandLine.Program,
            async process =>
            {
                var address = new Uri($"http://127.0.0.1:{FreePort}");
                while (!process.HasExited && !isServed)
                {
                    await Task.Delay(100, RunningServer.Cancellation);
                    try
                    {
                        isServed =
                            (int)(await server.Client.GetAsync(new Uri(address, "/health"), RunningServer.Cancellation)).StatusCode == 200;
                    }
                    catch (HttpRequestException)
                    {
                        // It does not listen yet.
                    }
                }
                using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
                await kill.WaitForExitAsync(RunningServer.Cancellation);
            },
            "serve", "--model", server.Model, "--graph", server.Options().Graph,
            "--urls", $"http://127.0.0.1:{FreePort}", "--threads", "1", "--json-log");
        Assert.True(isServed, result.Error);
        Assert.Equal("", result.IsSuccess().Output);
        Assert.All(result.Error.TrimEnd().Split('\n'), line => Assert.NotNull(JsonNode.Parse(line)!["EventId"]));
    }

    [Fact]
    public async Task A_body_that_comes_too_slowly_ends_its_connection_and_leaves_no_fault_in_the_log()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("needs kill");
        var (port, heads) = (FindPort(), new List<string>());
        var result = await CommandLine.RunProcess(
            CommandLine.Program,
            async process =>
            {
                foreach (var part in new[] { "", "{", """{"input":["a",""" })
                    heads.Add(await SlowAnswer(process, port, part));
                using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
                await kill.WaitForExitAsync(RunningServer.Cancellation);
            },
            "serve", "--model", server.Model, "--graph", server.Options().Graph, "--urls", $"http://127.0.0.1:{port}", "--threads", "1",
            "--json-log", "--max-body-time", "1");
        Assert.All(heads, head => Assert.Contains("\r\nConnection: close\r\n", head, StringComparison.Ordinal));
        Assert.All(heads, head => Assert.StartsWith("HTTP/1.1 408", head, StringComparison.Ordinal));
        Assert.Equal(3, heads.Count);
        Assert.DoesNotContain("Kestrel", result.IsSuccess().Error, StringComparison.Ordinal);
        Assert.DoesNotContain("\"Error\"", result.Error, StringComparison.Ordinal);
    }

    // The answer to a body of which only a part comes, once the model is loaded.
    private static async Task<string> SlowAnswer(Process process, int port, string part)
    {
        while (!process.HasExited)
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync("127.0.0.1", port, RunningServer.Cancellation);
            }
            catch (SocketException)
            {
                // It does not listen yet.
                await Task.Delay(100, RunningServer.Cancellation);
                continue;
            }
            await using var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                $"POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{part}"),
                RunningServer.Cancellation);
            var (buffer, count) = (new byte[4096], 0);
            try
            {
                for (int read; (read = await stream.ReadAsync(buffer.AsMemory(count), RunningServer.Cancellation)) > 0; count += read)
                {
                }
            }
            catch (IOException)
            {
                // Who does not send the rest in time is cut off after the answer.
            }
            var answer = Encoding.UTF8.GetString(buffer, 0, count);
            if (!answer.StartsWith("HTTP/1.1 503", StringComparison.Ordinal))
                return answer;
        }
        return "";
    }

    // Chosen once by the system, as port 0 would be, but known beforehand.
    private static readonly int FreePort = FindPort();

    internal static int FindPort()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
