namespace Kalm.Language.Sources.Hub;

/// <summary>How far a download is.</summary>
/// <param name="File">The file's name in the repository.</param>
/// <param name="FileDone">Bytes of the file that are there, those of an earlier attempt included.</param>
/// <param name="FileSize">Bytes of the whole file.</param>
/// <param name="Done">Bytes there of all files that had to be fetched.</param>
/// <param name="Total">Bytes of all those files; it grows once, when an index has told which shards there are.</param>
/// <param name="BytesPerSecond">Bytes received in a second, over the last few seconds.</param>
/// <param name="Note">Why nothing moves (another process has the file, a request is repeated), or null.</param>
public sealed record HubProgress(
    string File, long FileDone, long FileSize, long Done, long Total, double BytesPerSecond, string? Note = null);
