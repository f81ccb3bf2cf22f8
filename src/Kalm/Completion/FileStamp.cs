namespace Kalm.Completion;

/// <summary>What tells whether a file was written since.</summary>
/// <param name="Written">When it was written last, in ticks of UTC; 0 for no file.</param>
/// <param name="Length">Its bytes; 0 for no file.</param>
public readonly record struct FileStamp(long Written, long Length)
{
    /// <summary>The stamp of a file as it is now.</summary>
    public static FileStamp Of(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? new FileStamp(file.LastWriteTimeUtc.Ticks, file.Length) : default;
    }
}
