using System.Text;
using System.Text.Json;

namespace Kalm.Alignment.Options;

/// <summary>Where the names of a JSON text stand.</summary>
internal static class JsonLines
{
    /// <summary>The line, from 0, of each name that is not within a list, by its path.</summary>
    /// <exception cref="JsonException">The text is no JSON, or an object has a name twice.</exception>
    public static Dictionary<string, int> Of(string text)
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
            var path = $"$.{string.Join('.', names)}";
            if (!lines.TryAdd(path, line))
                throw new JsonException($"found '{names[^1]}' twice; expected it once", path, line, null);
        }
        return lines;
    }
}
