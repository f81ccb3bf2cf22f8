using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Kalm.Benchmarks;

/// <summary>llama.cpp behind HTTP, <c>bench/peers/llama-server.mjs</c>.</summary>
internal sealed class PeerServer : IChatServer
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly ProcessStartInfo start;
    private Process? process;

    /// <param name="folder">Holds the script and node-llama-cpp.</param>
    /// <param name="file">A GGUF file.</param>
    /// <param name="threads">CPU threads.</param>
    /// <param name="sequences">Chats at the same time.</param>
    public PeerServer(string folder, string file, int threads, int sequences)
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var port = ((IPEndPoint)free.LocalEndpoint).Port;
        Address = new Uri($"http://127.0.0.1:{port}");
        start = new ProcessStartInfo("node")
        {
            WorkingDirectory = folder,
            ArgumentList =
            {
                Path.Combine(Path.GetFullPath(folder), "llama-server.mjs"), Path.GetFullPath(file), $"{port}", $"{threads}", $"{sequences}",
            },
        };
    }

    /// <inheritdoc/>
    public Uri Address { get; }

    /// <inheritdoc/>
    public async Task Start()
    {
        process = Process.Start(start) ?? throw new KalmException("node: does not start");
        using var client = new HttpClient();
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Patience && !process.HasExited; await Task.Delay(100))
            try
            {
                using var response = await client.GetAsync(Address);
                return;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }
        throw new KalmException($"{start.ArgumentList[0]}: does not answer; expected it to within {Patience.TotalMinutes:F0} minutes");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (process is { HasExited: false })
        {
            process.Kill();
            process.WaitForExit();
        }
        process?.Dispose();
    }
}
