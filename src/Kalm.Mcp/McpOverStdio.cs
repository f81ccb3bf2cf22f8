using Kalm.Server;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Server;

namespace Kalm.Mcp;

/// <summary>The protocol over the process's standard input and output, one client a process; the log goes to the standard error.</summary>
public static class McpOverStdio
{
    // Shorter than clients wait for an answer.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Serves until the input has ended and all is answered, or it is told to stop.</summary>
    /// <param name="options">What is served; what concerns addresses and keys is not used.</param>
    /// <param name="isWriting">Whether tools that change what is kept are offered.</param>
    /// <param name="stop">Stops.</param>
    /// <exception cref="KalmException">The model or the graph cannot be loaded.</exception>
    public static async Task Run(ServerOptions options, bool isWriting, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var logs = LoggerFactory.Create(logging => ServerLog.Configure(logging, options));
        var log = logs.CreateLogger("Kalm.Mcp");
        using var metrics = new ServerMetrics();
        using var host = new ModelHost(options, metrics, log);
        host.Start();
        var protocol = new McpServerOptions();
        GraphProtocol.Offer(protocol, host, options, isWriting, Patience, log);
        var lines = new AnsweredLines();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var carried = lines.Carry(Console.OpenStandardInput(), Console.OpenStandardOutput(), end.Token);
        await using (var transport = new StreamServerTransport(lines.Input, lines.Output, "kalm", logs))
        await using (var server = McpServer.Create(transport, protocol, logs))
        {
            var served = server.RunAsync(end.Token);
            if (await Task.WhenAny(served, host.Ready) == host.Ready && host.Ready.IsFaulted)
                await end.CancelAsync();
            await served.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await end.CancelAsync();
        }
        // Whoever does not read what is written holds nothing up.
        await Task.WhenAny(carried, Task.Delay(options.Limits.DrainTime, CancellationToken.None));
        var failure = host.Ready.IsFaulted ? host.Ready : Task.CompletedTask;
        using var patience = new CancellationTokenSource(options.Limits.DrainTime);
        await host.Stop(patience.Token);
        await failure;
    }
}
