namespace Kalm.Language.Sources.Hub;

/// <summary>The right to fetch one content, held against other processes, those of <c>huggingface_hub</c> too: both lock the same file
/// (<c>flock</c>, or on Windows by holding it open). The empty file stays, because another may be about to lock it.</summary>
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
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            }
            catch (IOException error) when (IsHeld(error))
            {
                if (isFirst)
                    waiting();
            }
            await Task.Delay(Pause, cancellation);
        }
    }

    // A sharing or lock violation of Windows; EWOULDBLOCK of flock on Linux and on macOS.
    private static bool IsHeld(IOException error) => OperatingSystem.IsWindows() ? (error.HResult & 0xFFFF) is 32 or 33
        : error.HResult is 11 or 35;
}
