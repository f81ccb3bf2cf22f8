using System.Text.Json;

namespace Kalm.Alignment.Options;

/// <summary>A file of options: JSON in sections, or in the flat names of former versions.</summary>
public static class RecipeFile
{
    /// <summary>Reads a recipe; what it leaves out keeps its default.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="KalmException">The file is missing, is no JSON, has an unknown name, gives a value under both of its names, or a
    /// value makes no sense; the message names the file and, but for the last, the line.</exception>
    public static AlignmentOptions Read(string path)
    {
        var options = Json.Read(path, Parse);
        try
        {
            return options.Validated();
        }
        catch (KalmException error)
        {
            throw new KalmException($"{path}: {error.Message}", error);
        }
    }

    private static AlignmentOptions Parse(string text)
    {
        var lines = JsonLines.Of(text);
        var found = JsonSerializer.Deserialize<JsonElement>(text, Json.Options);
        try
        {
            return OptionsJson.Read(found, Json.Options);
        }
        catch (JsonException error)
        {
            var place = Spelled(error.Path ?? "$", lines);
            throw new JsonException(error.Message.Split(" Path:")[0], place, LineOf(place, lines), null, error);
        }
    }

    /// <summary>A path in sections as the file has it: under the former name, where that was given.</summary>
    private static string Spelled(string path, Dictionary<string, int> lines)
    {
        foreach (var (name, now) in FlatNames.Paths)
            if ((path + '.').StartsWith($"$.{now}.", StringComparison.Ordinal) && !lines.ContainsKey($"$.{now}")
                && lines.ContainsKey($"$.{name}"))
                return $"$.{name}{path[(2 + now.Length)..]}";
        return path;
    }

    /// <summary>The line of a path, or of what it lies in.</summary>
    private static int LineOf(string path, Dictionary<string, int> lines)
    {
        for (var place = path; place.LastIndexOfAny(['.', '[']) is >= 0 and var end; place = place[..end])
            if (lines.TryGetValue(place, out var line))
                return line;
        return 0;
    }
}
