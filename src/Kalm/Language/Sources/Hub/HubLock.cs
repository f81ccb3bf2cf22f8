using Kalm.Files;

namespace Kalm.Language.Sources.Hub;

/// <summary>The right to fetch one content, held against other processes, those of <c>huggingface_hub</c> too: both lock the same
/// file.</summary>
internal static class HubLock
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits until the lock is free and takes it.</summary>
    /// <param name="path">The lock file.</param>
    /// <param name="waiting">Called once when another has it.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>What releases it when disposed.</returns>
    public static async Task<IDisposable> Take(string path, Action waiting, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        for (var isFirst = true; ; isFirst = false)
        {
            if (FileLock.TryTake(path) is { } held)
                return held;
            if (isFirst)
                waiting();
            await Task.Delay(Pause, cancellation);
        }
    }
}
