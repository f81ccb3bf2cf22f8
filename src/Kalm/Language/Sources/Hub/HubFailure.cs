namespace Kalm.Language.Sources.Hub;

/// <summary>A request to the hub that came to nothing. It stays within this folder: the user gets a <see cref="KalmException"/>, or the
/// cached snapshot and a warning.</summary>
internal sealed class HubFailure : Exception
{
    public HubFailure(string message, Exception? inner = null) : base(message, inner) { }

    /// <summary>Whether the same request may succeed a little later.</summary>
    public bool IsTransient { get; init; }

    /// <summary>Whether a snapshot that is already in the cache may serve instead: it was the user's right to have it when it was
    /// fetched.</summary>
    public bool AllowsCache { get; init; }

    /// <summary>How long the server asks to wait, if it does.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
