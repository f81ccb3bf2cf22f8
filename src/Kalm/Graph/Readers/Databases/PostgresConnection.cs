using Npgsql;

namespace Kalm.Graph.Readers.Databases;

/// <summary>Where a PostgreSQL server is: postgres://user@host:port/database, or Host=…;Database=….</summary>
/// <param name="Full">The connection as the client takes it.</param>
/// <param name="Kept">The same without the password, which is not kept: it is found again in PGPASSWORD or the passfile.</param>
/// <param name="Shown">What messages call it.</param>
internal sealed record PostgresConnection(string Full, string Kept, string Shown)
{
    private static readonly string[] Schemes = ["postgres://", "postgresql://"];
    private static readonly string[] Keywords = ["host", "server", "database", "db"];

    // What libpq calls the parameters that may stand behind the '?', and what the client does.
    private static readonly Dictionary<string, string> Parameters = new(StringComparer.OrdinalIgnoreCase)
    {
        ["host"] = "Host",
        ["port"] = "Port",
        ["user"] = "Username",
        ["password"] = "Password",
        ["dbname"] = "Database",
        ["sslmode"] = "SSL Mode",
        ["sslrootcert"] = "Root Certificate",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["passfile"] = "Passfile",
        ["application_name"] = "Application Name",
        ["connect_timeout"] = "Timeout",
        ["options"] = "Options",
        ["target_session_attrs"] = "Target Session Attributes",
    };

    /// <summary>Whether a path is one; it need not be right.</summary>
    public static bool Is(string path) => Schemes.Any(scheme => path.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
        || (!System.IO.Path.Exists(path)
            && path.Split(';').Any(part => part.IndexOf('=', StringComparison.Ordinal) is > 0 and var at
                && Keywords.Contains(part[..at].Trim(), StringComparer.OrdinalIgnoreCase)));

    /// <summary>Reads one.</summary>
    /// <exception cref="KalmException">It is none that the client understands.</exception>
    public static PostgresConnection Of(string path)
    {
        try
        {
            var builder = Schemes.Any(scheme => path.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
                ? OfUri(new Uri(path)) : new NpgsqlConnectionStringBuilder(path);
            // One connection is opened, and closed with the answer.
            builder.Pooling = false;
            var full = builder.ConnectionString;
            builder.Remove("Password");
            builder.Remove("Pooling");
            return new PostgresConnection(full, builder.ConnectionString, $"postgres {builder.Host}:{builder.Port}/{builder.Database}");
        }
        catch (Exception problem) when (problem is ArgumentException or FormatException or InvalidCastException or OverflowException
            or KeyNotFoundException)
        {
            throw new KalmException($"a connection to PostgreSQL: {problem.Message.TrimEnd('.')}; expected "
                + "postgres://user@host:port/database, or Host=…;Database=…;Username=…", problem);
        }
    }

    /// <summary>Connects, and does something there.</summary>
    /// <param name="work">What to do.</param>
    /// <param name="expected">What the message says for a refusal behind "expected".</param>
    /// <exception cref="KalmException">The server cannot be reached, or refuses.</exception>
    public void Use(Action<NpgsqlConnection> work, string expected)
    {
        try
        {
            using var server = new NpgsqlConnection(Full);
            server.Open();
            work(server);
        }
        catch (PostgresException problem)
        {
            var place = problem.Position > 0 ? $", at character {problem.Position} of the query"
                : problem.Where is { Length: > 0 } where ? $", {where.Split('\n')[0]}" : "";
            throw new KalmException($"{Shown}: {problem.MessageText}{place} ({problem.SqlState}); expected {expected}", problem);
        }
        catch (Exception problem) when (problem is NpgsqlException or IOException or System.Net.Sockets.SocketException or TimeoutException
            or InvalidOperationException or ArgumentException or NotSupportedException)
        {
            throw new KalmException($"{Shown}: {problem.Message.TrimEnd('.')}; expected a PostgreSQL server that can be reached", problem);
        }
    }

    private static NpgsqlConnectionStringBuilder OfUri(Uri uri)
    {
        var builder = new NpgsqlConnectionStringBuilder();
        if (uri.Host.Length > 0)
            builder.Host = Uri.UnescapeDataString(uri.Host.Trim('[', ']'));
        if (uri.Port > 0)
            builder.Port = uri.Port;
        var user = uri.UserInfo.Split(':', 2);
        if (user[0].Length > 0)
            builder.Username = Uri.UnescapeDataString(user[0]);
        if (user.Length > 1)
            builder.Password = Uri.UnescapeDataString(user[1]);
        if (uri.AbsolutePath.Length > 1)
            builder.Database = Uri.UnescapeDataString(uri.AbsolutePath[1..]);
        foreach (var parameter in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = parameter.Split('=', 2);
            var name = Uri.UnescapeDataString(parts[0]);
            if (!Parameters.TryGetValue(name, out var keyword))
                throw new ArgumentException($"parameter '{name}' is not known, expected one of {string.Join(", ", Parameters.Keys)}");
            var value = parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "";
            builder[keyword] = keyword is "SSL Mode" or "Target Session Attributes" ? value.Replace("-", "", StringComparison.Ordinal)
                : value;
        }
        return builder;
    }
}
