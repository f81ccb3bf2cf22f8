using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kalm.Language.Training;

/// <summary>Whether a stopped training can go on, or another process share it: what is asked now must be what was asked then.</summary>
internal static class ResumePoint
{
    private const int DifferencesShown = 3;

    /// <summary>Refuses to go on with anything that decides the result and is not what it was.</summary>
    /// <param name="path">The stopped training's folder.</param>
    /// <param name="earlier">What decided then.</param>
    /// <param name="now">What would decide now.</param>
    /// <exception cref="KalmException">The differences, each with its name.</exception>
    public static void RequireSame(string path, JsonObject earlier, JsonObject now) =>
        RequireNoDifference($"{path}: cannot be resumed with other inputs than it was started with", earlier, now);

    /// <summary>Refuses anything that decides the result and differs.</summary>
    /// <param name="refusal">What cannot be done, in a line.</param>
    /// <param name="expected">What decides elsewhere.</param>
    /// <param name="found">What would decide here.</param>
    /// <exception cref="KalmException">The differences, each with its name.</exception>
    public static void RequireNoDifference(string refusal, JsonObject expected, JsonObject found)
    {
        var differences = Differences("", expected, found).ToList();
        if (differences.Count > 0)
            throw new KalmException(
                $"{refusal}:\n"
                    + string.Join('\n', differences.Take(DifferencesShown))
                + (differences.Count > DifferencesShown ? $"\nand {differences.Count - DifferencesShown} more" : ""));
    }

    private static IEnumerable<string> Differences(string name, JsonNode? earlier, JsonNode? now)
    {
        if (earlier is JsonObject before && now is JsonObject after)
            return before.Select(item => item.Key).Union(after.Select(item => item.Key))
                .SelectMany(key => Differences(name.Length == 0 ? key : $"{name}.{key}", before[key], after[key]));
        return JsonNode.DeepEquals(earlier, now) ? [] : [$"{name}: found {Text(now)}; expected {Text(earlier)}"];

        static string Text(JsonNode? node) =>
            node?.ToJsonString(new JsonSerializerOptions(Json.Options) { WriteIndented = false }) ?? "null";
    }
}
