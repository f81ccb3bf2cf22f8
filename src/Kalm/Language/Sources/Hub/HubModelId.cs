using Kalm.Files;

namespace Kalm.Language.Sources.Hub;

/// <summary>A model of the Hugging Face hub as a user names it: <c>org/name</c> or <c>name</c>, then <c>@revision</c>, then
/// <c>:file.gguf</c>. Also understood: <c>hf://org/name@revision/file.gguf</c> and the addresses of the hub's pages.</summary>
/// <param name="Repository">The id proper, <c>org/name</c> or, of the oldest models, <c>name</c>.</param>
/// <param name="Revision">A branch, a tag or a commit of 40 hexadecimal digits; <c>main</c> where none was given.</param>
/// <param name="File">A GGUF file of the repository, or what tells one from the others (<c>Q4_K_M</c>); null takes the model
/// itself.</param>
public sealed record HubModelId(string Repository, string Revision = HubModelId.DefaultRevision, string? File = null)
{
    /// <summary>The branch that is taken where none is named.</summary>
    public const string DefaultRevision = "main";

    private static readonly string[] FileEndings = [".gguf", ".safetensors", ".json", ".bin", ".pt", ".pth", ".ckpt"];

    /// <summary>As the user writes it, shortest form.</summary>
    public override string ToString() =>
        Repository + (Revision == DefaultRevision ? "" : "@" + Revision) + (File is null ? "" : ":" + File);

    /// <summary>Decides what a user's word for a model means. What exists as a file or folder is a path, and so is what is spelled like one
    /// (see <see cref="LooksLikePath"/>), existing or not.</summary>
    /// <returns>The id, or null where the word is a path.</returns>
    /// <exception cref="KalmException">Neither: nothing of that name exists, and it is not a valid id; the message says both.</exception>
    public static HubModelId? FromArgument(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (System.IO.File.Exists(text) || Directory.Exists(text) || LooksLikePath(text))
            return null;
        var (id, fault) = HubModelIdText.Read(text);
        return id ?? throw new KalmException($"{FileFault.Plain(text)}: as a path: no such file or folder\n"
            + $"as a model of the hub: {fault}; expected {HubModelIdText.Form}");
    }

    /// <summary>Reads an id without a look at the disk.</summary>
    /// <exception cref="KalmException">It is not a valid id; the message names the rule.</exception>
    public static HubModelId Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var (id, fault) = HubModelIdText.Read(text);
        return id ?? throw new KalmException($"{FileFault.Quote(text)} is no model of the hub: {fault}\nexpected {HubModelIdText.Form}");
    }

    /// <summary>Reads an id without a look at the disk; null where it is not valid.</summary>
    public static HubModelId? TryParse(string? text) => text is null ? null : HubModelIdText.Read(text).Id;

    /// <summary>Whether a word can only be meant as a path: it is empty, begins with <c>.</c>, <c>~</c> or a slash, has a drive, a
    /// backslash, a slash at its end or two of them, or ends like a file and has no colon.</summary>
    public static bool LooksLikePath(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (HubModelIdText.IsAddress(text))
            return false;
        if (text.Length == 0 || text[0] is '.' or '~' or '/' || text.Contains('\\') || (text.Length > 1 && text[1] == ':'))
            return true;
        var id = text.AsSpan(0, text.AsSpan().IndexOfAny('@', ':') is >= 0 and var end ? end : text.Length);
        return id.Count('/') > 1 || id.EndsWith('/')
            || (id.Length == text.Length && FileEndings.Any(ending => text.EndsWith(ending, StringComparison.OrdinalIgnoreCase)));
    }
}
