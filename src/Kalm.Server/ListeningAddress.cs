using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Connections;

namespace Kalm.Server;

/// <summary>Addresses to listen at. They are read before the web server reads them, which takes a host that it does not know, and with it
/// a port that is no number, for all addresses of the machine.</summary>
internal static partial class ListeningAddress
{
    private const int MostPort = 65535;
    private const string Expected = "expected http://HOST:PORT, where HOST is localhost, an address of this machine, or * for all of them, "
        + "and PORT is 0 (any that is free) to 65535, as http://127.0.0.1:8080";

    /// <summary>Refuses what is no address to listen at.</summary>
    /// <exception cref="KalmException">Names the part that is at fault.</exception>
    public static void Require(string address)
    {
        if (address.StartsWith("http://unix:/", StringComparison.Ordinal))
            return;
        var fault = Parts().Match(address) is not { Success: true } parts
            ? address.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
                ? "found https, which kalm does not speak: a proxy before it does" : "found no such address"
            : !IsHost(parts.Groups["host"].Value) ? $"found the host '{parts.Groups["host"].Value}'"
            : !IsPort(parts.Groups["port"].Value) ? $"found the port '{parts.Groups["port"].Value}'" : null;
        if (fault is not null)
            throw new KalmException($"--urls {address}: {fault}\n{Expected}");
    }

    /// <summary>What to tell when the web server could not listen.</summary>
    /// <param name="addresses">What it was to listen at.</param>
    /// <param name="error">What it said.</param>
    public static KalmException Fault(IReadOnlyList<string> addresses, Exception error)
    {
        var socket = error as SocketException ?? error.InnerException as SocketException
            ?? error.InnerException?.InnerException as SocketException;
        var (found, remedy) = (error.InnerException is AddressInUseException, socket?.SocketErrorCode) switch
        {
            (true, _) or (_, SocketError.AddressAlreadyInUse) => (
                "found a port that another process listens at",
                "expected a free one: end that process (ss -ltnp names it) or give another port; 0 takes any that is free"),
            (_, SocketError.AccessDenied) => (
                "found a port that this user may not listen at", "expected one of 1024 or more, or the right to take a lower one"),
            (_, SocketError.AddressNotAvailable) => ("found an address that is not this machine's", Expected),
            _ => ($"cannot listen: {error.Message.Split('\n')[0]}", Expected),
        };
        return new KalmException($"--urls {string.Join(';', addresses)}: {found}\n{remedy}", error);
    }

    private static bool IsHost(string host) => host is "localhost" or "*" or "+" || IPAddress.TryParse(host, out _);

    private static bool IsPort(string port) => port.Length == 0
        || (int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= MostPort);

    [GeneratedRegex(@"^http://(?<host>\[[^\]/]+\]|[^/:\[\]]+)(:(?<port>[^/]*))?/?$", RegexOptions.IgnoreCase)]
    private static partial Regex Parts();
}
