using System.Text.Json.Nodes;

namespace Kalm.Tests.Extensions;

/// <summary>A copy of a model with a chat template.</summary>
internal static class ChatFolder
{
    public static string Make(TemporaryFolder folder, string model, string template)
    {
        var path = folder.File($"chat-{Guid.NewGuid():N}");
        Directory.CreateDirectory(path);
        foreach (var file in Directory.EnumerateFiles(model))
            File.Copy(file, Path.Combine(path, Path.GetFileName(file)));
        var config = Path.Combine(path, "tokenizer_config.json");
        var json = JsonNode.Parse(File.ReadAllText(config))!;
        json["chat_template"] = template;
        File.WriteAllText(config, json.ToJsonString());
        return path;
    }
}
