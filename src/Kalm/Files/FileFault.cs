namespace Kalm.Files;

/// <summary>Turns failures of the file system, and text from files, into messages for the user.</summary>
internal static class FileFault
{
    private const int LongestQuote = 80;

    /// <summary>Whether <paramref name="error"/> is the file system's: missing, full, not permitted, not a usable path.</summary>
    public static bool Is(Exception error) => error is IOException or UnauthorizedAccessException or NotSupportedException;

    /// <summary>The error that names <paramref name="path"/> and what was being done.</summary>
    public static KalmException At(string path, string doing, Exception error) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException => new KalmException($"{path}: cannot {doing}: no such file or folder", error),
        _ => new KalmException($"{path}: cannot {doing}: {error.Message}", error),
    };

    /// <summary>Removes a folder with all that it holds.</summary>
    /// <exception cref="KalmException">The file system refused.</exception>
    public static void RemoveFolder(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception error) when (Is(error))
        {
            throw At(path, "remove the folder", error);
        }
    }

    /// <summary><paramref name="text"/> in quotes, safe for one line of a message: a file may hold any name.</summary>
    public static string Quote(string text) => $"'{Plain(text)}'";

    /// <summary><paramref name="text"/>, cut short and without control characters.</summary>
    public static string Plain(string text)
    {
        var shown = text.Length > LongestQuote ? string.Concat(text.AsSpan(0, LongestQuote), "...") : text;
        return string.Create(shown.Length, shown, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = char.IsControl(source[i]) ? '?' : source[i];
        });
    }
}
