using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Kalm.Benchmarks;

/// <summary>A <c>kalm serve</c> in a process of its own, at an address that outlives it.</summary>
internal sealed class SoakServer : IChatServer
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private readonly IReadOnlyList<string> command;
    private readonly HttpClient client = new() { Timeout = TimeSpan.FromSeconds(10) };
    private Process? process;

    /// <summary>Prepares a server at a free port.</summary>
    public SoakServer(string program, string model, string graph, string index, int threads)
    {
        if (!File.Exists(program))
            throw new KalmException($"{program}: no such file; expected kalm, built, or --kalm with where it is");
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}");
        command = [program, "serve", "--model", model, "--graph", graph, "--index", index, "--urls", Address.ToString(), "--threads",
            threads.ToString(CultureInfo.InvariantCulture), "--quiet"];
    }

    /// <inheritdoc/>
    public Uri Address { get; }

    /// <inheritdoc/>
    public async Task Start()
    {
        process?.Dispose();
        process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, command))!;
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Patience && !process.HasExited; await Task.Delay(100))
            try
            {
                using var response = await client.GetAsync(new Uri(Address, "/health"));
                if (response.IsSuccessStatusCode)
                    return;
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
            {
                // It does not listen yet.
            }
        throw new KalmException($"{string.Join(' ', command)}: does not answer; expected it to within {Patience.TotalMinutes:F0} minutes");
    }

    /// <summary>Ends it as <c>kill -9</c> does.</summary>
    public void Kill()
    {
        process!.Kill();
        process.WaitForExit();
    }

    /// <summary>The memory it holds; null while it is down, and where the system does not tell.</summary>
    public double? ResidentMebibytes()
    {
        try
        {
            var line = File.ReadLines($"/proc/{process!.Id}/status")
                .FirstOrDefault(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return line is null ? null
                : double.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        if (process is { HasExited: false })
            Kill();
        process?.Dispose();
        client.Dispose();
    }
}
