namespace Kalm.Language.Sources.Hub;

/// <summary>The spelling of a <see cref="HubModelId"/>, by the rules of the hub itself.</summary>
internal static class HubModelIdText
{
    /// <summary>What an error says was expected.</summary>
    public const string Form = "org/name, org/name@revision or org/name:file.gguf";

    private const string Scheme = "hf://";
    private const int LongestName = 96;
    private const int LongestPart = 255;
    private static readonly string[] Hosts = ["huggingface.co", "www.huggingface.co", "hf.co"];

    // The pages of a repository below which a revision, and perhaps a file, stands.
    private static readonly string[] Pages = ["tree", "blob", "resolve", "raw"];

    /// <summary>Whether the text is spelled as an address, which no path is.</summary>
    public static bool IsAddress(string text) => text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
        || Hosts.Any(host => text.StartsWith(host + "/", StringComparison.OrdinalIgnoreCase));

    /// <summary>The id, or what is wrong, to go on with a sentence.</summary>
    public static (HubModelId? Id, string Fault) Read(string text)
    {
        var (id, fault) = IsAddress(text) ? OfAddress(text) : OfWord(text);
        fault ??= Fault(id!);
        return fault is null ? (id, "") : (null, fault);
    }

    private static (HubModelId? Id, string? Fault) OfWord(string text)
    {
        var revision = HubModelId.DefaultRevision;
        string? file = null;
        // A revision has no colon, and an id has neither: the first mark tells which of the two follows. A file may have an @ in its name.
        var mark = text.AsSpan().IndexOfAny('@', ':');
        var repository = mark < 0 ? text : text[..mark];
        if (mark >= 0)
        {
            var rest = text[(mark + 1)..];
            var colon = text[mark] == ':' ? 0 : rest.IndexOf(':', StringComparison.Ordinal) + 1;
            if (text[mark] == '@')
                revision = colon > 0 ? rest[..(colon - 1)] : rest;
            if (text[mark] == ':' || colon > 0)
                file = rest[colon..];
        }
        return (new HubModelId(repository, revision, file), null);
    }

    private static (HubModelId? Id, string? Fault) OfAddress(string text)
    {
        var isShort = text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);
        var path = isShort ? text[Scheme.Length..] : OfHost(text);
        if (path is null)
            return (null, $"an address elsewhere than {Hosts[0]} (a mirror is named by HF_ENDPOINT)");
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length > 0 && parts[0] is "datasets" or "spaces" or "collections" or "buckets")
            return (null, $"an address of {parts[0]}, not of a model");
        if (parts.Length > 1 && parts[0] == "models")
            parts = parts[1..];
        return isShort ? OfShortAddress(parts) : OfPage(parts);
    }

    private static string? OfHost(string text)
    {
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        var rest = scheme < 0 ? text : text[(scheme + 3)..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !Hosts.Contains(rest[..slash], StringComparer.OrdinalIgnoreCase))
            return null;
        return rest[(slash + 1)..].Split('?', '#')[0];
    }

    // hf://org/name@revision/file: a slash within the revision is written %2F.
    private static (HubModelId? Id, string? Fault) OfShortAddress(string[] parts)
    {
        var idParts = parts.Length > 1 && !parts[0].Contains('@', StringComparison.Ordinal) ? 2 : 1;
        var (id, fault) = OfWord(string.Join('/', parts.Take(idParts)));
        if (id is null || parts.Length <= idParts)
            return (id is null ? null : id with { Revision = Unescape(id.Revision) }, fault);
        return (id with { Revision = Unescape(id.Revision), File = string.Join('/', parts[idParts..]) }, null);
    }

    private static (HubModelId? Id, string? Fault) OfPage(string[] parts)
    {
        var page = Array.FindIndex(parts, part => Pages.Contains(part));
        if (page < 0)
            return OfWord(string.Join('/', parts));
        if (page is 0 or > 2 || parts.Length == page + 1)
            return (null, "an address without a model or a revision");
        var file = parts.Length > page + 2 && parts[page] != "tree" ? Unescape(string.Join('/', parts[(page + 2)..])) : null;
        return (new HubModelId(string.Join('/', parts.Take(page)), Unescape(parts[page + 1]), file), null);
    }

    private static string Unescape(string text) => Uri.UnescapeDataString(text);

    /// <summary>What is wrong with an id, to go on with a sentence, or null.</summary>
    public static string? Fault(HubModelId id)
    {
        var names = id.Repository.Split('/');
        if (names.Length > 2)
            return "more than one '/' in its id";
        foreach (var name in names)
            if (NameFault(name) is { } fault)
                return fault;
        if (id.Repository.Contains("--", StringComparison.Ordinal) || id.Repository.Contains("..", StringComparison.Ordinal))
            return "'--' or '..' in its id";
        if (id.Repository.EndsWith(".git", StringComparison.OrdinalIgnoreCase))
            return "an id that ends in .git";
        return RevisionFault(id.Revision) ?? (id.File is { } file && !IsSafeFile(file)
            ? "a file name that is no path within a repository" : null);
    }

    private static string? NameFault(string name) => name switch
    {
        "" => "a name that is empty",
        { Length: > LongestName } => $"a name of more than {LongestName} characters",
        _ when name.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_' or '.')) =>
            "a name with other characters than letters, digits, '-', '_' and '.'",
        _ when name[0] is '-' or '.' || name[^1] is '-' or '.' => "a name that begins or ends with '-' or '.'",
        _ => null,
    };

    // What git allows in the name of a branch, less what a file system may not take: the cache names a file after it.
    private static string? RevisionFault(string revision) =>
        revision.Length is 0 or > LongestPart || revision.Split('/').Any(part => part is "" || part[0] == '.' || part[^1] == '.')
            || revision.Contains("..", StringComparison.Ordinal)
            || revision.Any(letter => char.IsControl(letter) || " ~^:?*[\\\"<>|".Contains(letter))
            ? "a revision that is no branch, tag or commit" : null;

    /// <summary>Whether the name is a relative path that stays within the folder it is put into, on every file system.</summary>
    public static bool IsSafeFile(string name) => name.Length is > 0 and <= 4 * LongestPart
        && name.Split('/').All(part => part is not ("" or "." or "..") && part.Length <= LongestPart && part[^1] is not ('.' or ' '))
        && !name.Any(letter => char.IsControl(letter) || "\\:*?\"<>|".Contains(letter));
}
