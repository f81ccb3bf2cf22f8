using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

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
        var found = Json.Parse<JsonObject>(text, Json.Options);
        try
        {
            return OptionsJson.Read(found, Json.Options);
        }
        catch (JsonException error)
        {
            var (place, line) = PlaceOf(error.Path ?? "$", LinesOf(text));
            throw new JsonException(error.Message.Split(" Path:")[0], place, line, null, error);
        }
    }

    /// <summary>Where the file has what the sections have at a path: under that path, under the former name, or not but above
    /// it.</summary>
    private static (string Place, int Line) PlaceOf(string path, Dictionary<string, int> lines)
    {
        for (var place = path; place.LastIndexOfAny(['.', '[']) is >= 0 and var end; place = place[..end])
        {
            if (lines.TryGetValue(place, out var line))
                return (path, line);
            foreach (var (name, former) in FlatNames.Paths)
                if (place == $"$.{former}" && lines.TryGetValue($"$.{name}", out line))
                    return ($"$.{name}{path[place.Length..]}", line);
        }
        return (path, 0);
    }

    /// <summary>The line of each name of the objects in a text, from 0.</summary>
    private static Dictionary<string, int> LinesOf(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var reader = new Utf8JsonReader(bytes);
        var lines = new Dictionary<string, int>();
        var names = new List<string>();
        var (line, counted) = (0, 0);
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.StartArray)
                reader.Skip();
            if (reader.TokenType != JsonTokenType.PropertyName)
                continue;
            var start = (int)reader.TokenStartIndex;
            line += bytes.AsSpan(counted..start).Count((byte)'\n');
            counted = start;
            names.RemoveRange(reader.CurrentDepth - 1, names.Count - reader.CurrentDepth + 1);
            names.Add(reader.GetString()!);
            lines[$"$.{string.Join('.', names)}"] = line;
        }
        return lines;
    }
}
