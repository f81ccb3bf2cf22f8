using System.Text.Json;
using Kalm.Templates;

namespace Kalm.Language.Chat;

/// <summary>A template as it was found.</summary>
/// <param name="Source">Its text.</param>
/// <param name="Name">Where it was.</param>
/// <param name="Tokens">The tokens that its tokenizer names.</param>
internal sealed record FoundTemplate(string Source, string Name, IReadOnlyList<(string Name, string Text)> Tokens);

/// <summary>Finds the chat template of a model folder.</summary>
internal static class ChatTemplateFiles
{
    private const string TemplateFile = "chat_template.jinja";
    private const string ConfigFile = "tokenizer_config.json";
    private const string Field = "chat_template";
    private const string Default = "default";
    private static readonly string[] TokenNames =
    [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ];

    /// <summary>Finds it.</summary>
    /// <exception cref="KalmException">A file is faulty.</exception>
    public static FoundTemplate? Find(string folder)
    {
        var config = Path.Combine(folder, ConfigFile);
        var own = Path.Combine(folder, TemplateFile);
        using var json = File.Exists(config) ? Read(config) : null;
        var tokens = json is null ? [] : TokenNames.Select(name => (name, Text: TokenOf(json.RootElement, name)))
            .Where(token => token.Text is not null).Select(token => (token.name, token.Text!)).ToList();
        if (File.Exists(own))
        {
            if (new FileInfo(own).Length > 4L * Template.MostCharacters)
                throw new KalmException(
                    $"{own}: found {new FileInfo(own).Length:N0} bytes; expected at most {4L * Template.MostCharacters:N0}");
            return new FoundTemplate(File.ReadAllText(own), TemplateFile, tokens);
        }
        if (json is null || !json.RootElement.TryGetProperty(Field, out var template) || template.ValueKind == JsonValueKind.Null)
            return null;
        return new FoundTemplate(SourceOf(template, config), $"{ConfigFile}: {Field}", tokens);
    }

    private static JsonDocument Read(string path)
    {
        try
        {
            var json = JsonDocument.Parse(File.ReadAllBytes(path),
                new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            if (json.RootElement.ValueKind == JsonValueKind.Object)
                return json;
            json.Dispose();
            throw new KalmException($"{path}: found no JSON object; expected one");
        }
        catch (JsonException error)
        {
            throw new KalmException($"{path}: not JSON: {error.Message}", error);
        }
    }

    private static string SourceOf(JsonElement template, string path)
    {
        if (template.ValueKind == JsonValueKind.Array)
            foreach (var item in template.EnumerateArray())
                if (item.ValueKind == JsonValueKind.Object && item.TryGetProperty("name", out var name)
                    && name.ValueKind == JsonValueKind.String && name.ValueEquals(Default)
                    && item.TryGetProperty("template", out var own))
                    return TextOf(own, path);
        return TextOf(template, path);
    }

    private static string TextOf(JsonElement element, string path)
    {
        try
        {
            if (element.ValueKind == JsonValueKind.String)
                return element.GetString()!;
        }
        catch (InvalidOperationException error)
        {
            throw new KalmException($"{path}: {Field} is not valid Unicode", error);
        }
        throw new KalmException(
            $"{path}: found {element.ValueKind} as {Field}; expected a text, or a list of templates of which one is named {Default}");
    }

    // A token stands there as its text, or as an object that holds it.
    private static string? TokenOf(JsonElement root, string name)
    {
        if (!root.TryGetProperty(name, out var token))
            return null;
        if (token.ValueKind == JsonValueKind.Object && token.TryGetProperty("content", out var content))
            token = content;
        return token.ValueKind == JsonValueKind.String ? TextOf(token, name) : null;
    }
}
