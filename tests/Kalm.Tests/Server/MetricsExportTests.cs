using System.Diagnostics;
using System.Net;
using System.Text;
using Kalm.Tests.Cli;

namespace Kalm.Tests.Server;

[Collection(nameof(RunningServer))]
public class MetricsExportTests(RunningServer server)
{
    [Fact]
    public async Task Metrics_are_sent_where_the_environment_says()
    {
        using var collector = new HttpListener();
        var address = $"http://127.0.0.1:{LifecycleTests.FindPort()}/";
        collector.Prefixes.Add(address);
        collector.Start();
        var start = new ProcessStartInfo(
            "dotnet", [
                CommandLine.Program, "serve", "--model", server.Model, "--graph",
                server.Options().Graph, "--urls", "http://127.0.0.1:0", "--threads", "1",
            ])
        {
            RedirectStandardError = true,
        };
        start.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = address;
        start.Environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        start.Environment["OTEL_METRIC_EXPORT_INTERVAL"] = "200";
        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            // Names stand as they are in the protobuf message. What is sent while the server still starts holds none.
            var sent = "";
            while (!sent.Contains("kalm.server.queue.length", StringComparison.Ordinal))
            {
                var context = await collector.GetContextAsync().WaitAsync(TimeSpan.FromSeconds(30), RunningServer.Cancellation);
                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body, RunningServer.Cancellation);
                context.Response.Close();
                Assert.Equal("/v1/metrics", context.Request.Url!.AbsolutePath);
                sent = Encoding.UTF8.GetString(body.ToArray());
                patience.Token.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(RunningServer.Cancellation);
        }
    }
}
