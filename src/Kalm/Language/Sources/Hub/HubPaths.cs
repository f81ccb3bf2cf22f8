using System.Text.RegularExpressions;

namespace Kalm.Language.Sources.Hub;

/// <summary>Paths as environment variables hold them.</summary>
internal static partial class HubPaths
{
    /// <summary>The path with a leading <c>~</c> and with <c>$NAME</c> and <c>${NAME}</c> replaced, as Python's <c>os.path</c> does; what
    /// is not set stays as it is.</summary>
    public static string Expand(string path, Func<string, string?> variable)
    {
        if (path == "~" || path.StartsWith("~/", StringComparison.Ordinal) || path.StartsWith("~\\", StringComparison.Ordinal))
            path = (variable("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)) + path[1..];
        return Variable().Replace(path, match => variable(match.Groups[1].Value + match.Groups[2].Value) ?? match.Value);
    }

    [GeneratedRegex(@"\$(?:(\w+)|\{(\w+)\})")]
    private static partial Regex Variable();
}
