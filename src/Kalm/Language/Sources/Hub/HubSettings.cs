using System.Globalization;
using Kalm.Files;

namespace Kalm.Language.Sources.Hub;

/// <summary>Where the hub and its cache are, and what may be asked of the network. The defaults are those of the Python library
/// <c>huggingface_hub</c> without any variable set.</summary>
public sealed record HubSettings
{
    private const int DefaultSeconds = 10;
    private const string PublicEndpoint = "https://huggingface.co";
    private static readonly string[] TrueWords = ["1", "ON", "YES", "TRUE"];

    /// <summary>The hub's address without a slash at its end (<c>HF_ENDPOINT</c>).</summary>
    public Uri Endpoint { get; init; } = new(PublicEndpoint);

    /// <summary>The folder of the cache (<c>HF_HUB_CACHE</c>, else <c>HF_HOME/hub</c>).</summary>
    public required string CacheFolder { get; init; }

    /// <summary>The user's access token, or null. It is sent to <see cref="Endpoint"/> alone and never shown.</summary>
    public string? Token { get; init; }

    /// <summary>Whether the network stays untouched (<c>HF_HUB_OFFLINE</c>, <c>TRANSFORMERS_OFFLINE</c>).</summary>
    public bool IsOffline { get; init; }

    /// <summary>How long an answer about a file may take (<c>HF_HUB_ETAG_TIMEOUT</c>, 10 s).</summary>
    public TimeSpan MetadataTimeout { get; init; } = TimeSpan.FromSeconds(DefaultSeconds);

    /// <summary>How long a download may stand still (<c>HF_HUB_DOWNLOAD_TIMEOUT</c>, 10 s).</summary>
    public TimeSpan DownloadTimeout { get; init; } = TimeSpan.FromSeconds(DefaultSeconds);

    /// <summary>The wait before the first repetition of a request that failed; it doubles with each.</summary>
    internal TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The bytes free in the file system of a folder.</summary>
    internal Func<string, long> FreeSpace { get; init; } = folder => new DriveInfo(folder).AvailableFreeSpace;

    /// <summary>Makes a symbolic link (its path, its target); throws where the file system or the rights do not allow it.</summary>
    internal Action<string, string> CreateLink { get; init; } = (path, target) => File.CreateSymbolicLink(path, target);

    /// <summary>Where hub and cache are; the token stays out of it.</summary>
    public override string ToString() => $"{Endpoint} {CacheFolder}{(IsOffline ? " offline" : "")}";

    /// <summary>The settings that the process's environment asks for.</summary>
    /// <exception cref="KalmException">A variable holds what it cannot mean; the message names it.</exception>
    public static HubSettings FromEnvironment() => From(Environment.GetEnvironmentVariable);

    /// <summary>The settings that the given variables ask for.</summary>
    internal static HubSettings From(Func<string, string?> variable)
    {
        // As in Python, a variable that is set to nothing is not set.
        string? Given(string name) => variable(name) is { Length: > 0 } value ? value : null;
        string Expand(string path) => HubPaths.Expand(path, Given);

        var home = Expand(Given("HF_HOME")
            ?? Path.Combine(Given("XDG_CACHE_HOME") ?? Path.Combine("~", ".cache"), "huggingface"));
        var cache = Given("HF_HUB_CACHE") ?? Given("HUGGINGFACE_HUB_CACHE") ?? Path.Combine(home, "hub");
        return new HubSettings
        {
            Endpoint = EndpointOf(Given("HF_ENDPOINT") ?? PublicEndpoint),
            CacheFolder = Path.GetFullPath(Expand(cache)),
            Token = TokenOf(Given, Expand(Given("HF_TOKEN_PATH") ?? Path.Combine(home, "token"))),
            IsOffline = IsTrue(Given("HF_HUB_OFFLINE") ?? Given("TRANSFORMERS_OFFLINE")),
            MetadataTimeout = SecondsOf(Given, "HF_HUB_ETAG_TIMEOUT"),
            DownloadTimeout = SecondsOf(Given, "HF_HUB_DOWNLOAD_TIMEOUT"),
        };
    }

    private static bool IsTrue(string? value) => value is not null && TrueWords.Contains(value.ToUpperInvariant());

    private static Uri EndpointOf(string text) =>
        Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out var address) && address.Scheme is "http" or "https" ? address
            : throw new KalmException($"HF_ENDPOINT: found {FileFault.Quote(text)}, expected an address such as {PublicEndpoint}");

    private static TimeSpan SecondsOf(Func<string, string?> given, string name) => given(name) is not { } text
        ? TimeSpan.FromSeconds(DefaultSeconds)
        : int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0 and < 1_000_000
            // huggingface_hub takes zero for the default.
            ? TimeSpan.FromSeconds(seconds == 0 ? DefaultSeconds : seconds)
            : throw new KalmException($"{name}: found {FileFault.Quote(text)}, expected a number of seconds");

    private static string? TokenOf(Func<string, string?> given, string path)
    {
        if (IsTrue(given("HF_HUB_DISABLE_IMPLICIT_TOKEN")))
            return null;
        var name = given("HF_TOKEN") is not null ? "HF_TOKEN" : "HUGGING_FACE_HUB_TOKEN";
        var token = given(name)?.Trim();
        if (token is null && File.Exists(path))
            try
            {
                (name, token) = (path, File.ReadAllText(path).Trim());
            }
            catch (Exception error) when (FileFault.Is(error))
            {
                throw FileFault.At(path, "read the hub's token", error);
            }
        if (token is null or "")
            return null;
        return token.All(letter => letter is > ' ' and < '\x7f') ? token
            : throw new KalmException($"{name}: holds a character that no token has; expected a token such as hf_abc");
    }
}
