namespace Kalm.Files;

/// <summary>A right that one process has at a time: a file locked with <c>flock</c>, or on Windows held open. It ends with its process,
/// however that ends. The empty file stays, because another may be about to lock it.</summary>
public static class FileLock
{
    /// <summary>Takes the lock.</summary>
    /// <param name="path">The lock file, in a folder that is there.</param>
    /// <returns>What releases it when disposed; null while another has it.</returns>
    /// <exception cref="IOException">The file cannot be made.</exception>
    public static IDisposable? TryTake(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException error) when (IsHeld(error))
        {
            return null;
        }
    }

    // A sharing or lock violation of Windows; EWOULDBLOCK of flock on Linux and on macOS.
    private static bool IsHeld(IOException error) => OperatingSystem.IsWindows() ? (error.HResult & 0xFFFF) is 32 or 33
        : error.HResult is 11 or 35;
}
