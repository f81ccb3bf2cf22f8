using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Kalm.Tests.Graph.Readers;

/// <summary>A PostgreSQL server of its own in a temporary folder, where the machine has one; tests that ask for it are skipped visibly
/// otherwise.</summary>
public sealed class PostgresServer : IDisposable
{
    public const string User = "kalm";
    public const string Password = "pass;'word";
    private readonly TemporaryFolder folder = new();
    private readonly List<string> errors = [];
    private readonly Process? server;
    private readonly string? missing;

    public PostgresServer()
    {
        if (Binaries() is not { } binaries)
        {
            missing = "needs a PostgreSQL server: initdb and postgres on the PATH or in /usr/lib/postgresql/*/bin";
            return;
        }
        if (IsRoot() && !CanBeNobody())
        {
            missing = "needs a PostgreSQL server, which refuses to run as root, and setpriv cannot start it as nobody here";
            return;
        }
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Port = ((IPEndPoint)free.LocalEndpoint).Port;
        }
        folder.Write("password", Password);
        if (IsRoot())
            Wait(Start("chown", "-R", "nobody", folder.Path));
        Wait(Start(Path.Combine(binaries, "initdb"), "-D", folder.File("data"), "-U", User, "--auth=scram-sha-256",
            "--pwfile=" + folder.File("password"), "--encoding=UTF8", "--no-locale", "--no-sync"));
        server = Start(Path.Combine(binaries, "postgres"), "-D", folder.File("data"), "-k", folder.Path, "-p", $"{Port}",
            "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off");
        for (var patience = Stopwatch.StartNew(); ;)
        {
            try
            {
                using var connection = new NpgsqlConnection(Connection);
                connection.Open();
                return;
            }
            catch (NpgsqlException) when (patience.Elapsed < TimeSpan.FromSeconds(60) && !server.HasExited)
            {
                Thread.Sleep(100);
            }
        }
    }

    public int Port { get; }

    public string Connection => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1", Port = Port, Username = User, Password = Password, Database = "postgres", Pooling = false,
    }.ConnectionString;

    /// <summary>Skips the calling test where there is no server.</summary>
    public void Require()
    {
        if (missing is not null)
            Assert.Skip(missing);
    }

    /// <summary>Runs statements.</summary>
    public void Run(string statements)
    {
        using var connection = new NpgsqlConnection(Connection);
        connection.Open();
        using var command = new NpgsqlCommand(statements, connection);
        command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        if (server is not null)
        {
            server.Kill(entireProcessTree: true);
            server.WaitForExit();
            server.Dispose();
        }
        folder.Dispose();
    }

    private static string? Binaries()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Concat(Directory.Exists("/usr/lib/postgresql")
                ? Directory.EnumerateDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")) : []);
        return folders.FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")));
    }

    // The server refuses to run as root.
    private static bool IsRoot() => OperatingSystem.IsLinux() && Environment.UserName == "root";

    private bool CanBeNobody()
    {
        try
        {
            using var probe = Start("true");
            probe.WaitForExit();
            return probe.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private Process Start(string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder.Path };
        var isOwn = IsRoot() && program != "chown";
        start.FileName = isOwn ? "setpriv" : program;
        foreach (var argument in isOwn ? ["--reuid=nobody", "--clear-groups", "--", program, .. arguments] : arguments)
            start.ArgumentList.Add(argument);
        start.Environment["LC_ALL"] = "C";
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.ErrorDataReceived += (_, said) => errors.Add(said.Data ?? "");
        process.BeginErrorReadLine();
        return process;
    }

    private void Wait(Process process)
    {
        using (process)
        {
            process.WaitForExit();
            if (process.ExitCode != 0)
                throw new InvalidOperationException(string.Join('\n', errors));
        }
    }
}
