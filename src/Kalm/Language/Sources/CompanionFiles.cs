using Kalm.Files;

namespace Kalm.Language.Sources;

/// <summary>What libraries look for beside the weights of a Hugging Face folder; on an export each goes along as it is.</summary>
internal static class CompanionFiles
{
    private const string TemplateFolder = "additional_chat_templates";

    private static readonly string[] OfTokenizer =
    [
        "tokenizer.json", "tokenizer_config.json", "tokenizer.model",
        "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
        "chat_template.jinja", "chat_template.json",
    ];

    private static readonly string[] Others =
    [
        GenerationDefaults.FileName, "LICENSE", "LICENSE.txt", "LICENSE.md", "USE_POLICY.md", "NOTICE",
    ];

    /// <summary>Copies all that is there.</summary>
    public static void Copy(string from, string to) => Copy(from, to, [.. OfTokenizer, .. Others]);

    /// <summary>Copies the tokenizer and the words of chats alone, in place of those that are there.</summary>
    public static void CopyTokenizer(string from, string to)
    {
        foreach (var name in OfTokenizer)
            File.Delete(Path.Combine(to, name));
        Copy(from, to, OfTokenizer);
    }

    private static void Copy(string from, string to, IEnumerable<string> names)
    {
        try
        {
            foreach (var name in names.Where(name => File.Exists(Path.Combine(from, name))))
                CopyContent(Path.Combine(from, name), Path.Combine(to, name));
            var templates = Path.Combine(from, TemplateFolder);
            if (!Directory.Exists(templates))
                return;
            Directory.CreateDirectory(Path.Combine(to, TemplateFolder));
            foreach (var file in Directory.EnumerateFiles(templates, "*.jinja"))
                CopyContent(file, Path.Combine(to, TemplateFolder, Path.GetFileName(file)));
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(to, "copy the tokenizer's files", error);
        }
    }

    // A cache's files are links and may be read-only; the copy is a file of its own.
    private static void CopyContent(string from, string to)
    {
        using var source = File.OpenRead(from);
        using var target = File.Create(to);
        source.CopyTo(target);
    }
}
