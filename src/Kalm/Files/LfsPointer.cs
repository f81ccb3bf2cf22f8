namespace Kalm.Files;

/// <summary>Git LFS keeps large files apart and leaves a few lines of text in their place until they are fetched.</summary>
internal static class LfsPointer
{
    /// <summary>What to say of such a file.</summary>
    public const string Advice = "a Git LFS pointer instead of the file itself: fetch it with 'git lfs pull', or download the file";

    /// <summary>The most bytes that such a text has.</summary>
    public const int LongestPointer = 1024;

    /// <summary>Whether the content of a file, or at least its first bytes, are such a text.</summary>
    public static bool IsPointer(ReadOnlySpan<byte> content) =>
        content.Length <= LongestPointer && content.StartsWith("version https://git-lfs.github.com/spec/"u8);
}
