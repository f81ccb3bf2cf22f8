using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kalm.Alignment;

/// <summary>Where a stopped run goes on: the newest checkpoint that is whole, if what is asked now is what was asked then.</summary>
internal static class ResumePoint
{
    private const int DifferencesShown = 3;

    /// <summary>Refuses to go on with other options, another base, graph or number of threads.</summary>
    /// <exception cref="KalmException">The differences.</exception>
    public static void RequireSame(string path, RunDescription earlier, RunDescription now)
    {
        var differences = Differences("", Facts(earlier), Facts(now)).ToList();
        if (differences.Count > 0)
            throw new KalmException(
                $"{path}: cannot be resumed with other inputs than it was started with:\n"
                    + string.Join('\n', differences.Take(DifferencesShown))
                + (differences.Count > DifferencesShown ? $"\nand {differences.Count - DifferencesShown} more" : ""));
    }

    /// <summary>The newest checkpoint whose files are what was written; a damaged one is told of and passed over.</summary>
    /// <returns>Its folder; null when there is none.</returns>
    public static string? Find(string path, string run, IProgress<ProgressEvent>? progress)
    {
        foreach (var checkpoint in RunFolder.Checkpoints(path))
        {
            try
            {
                CheckpointManifest.Verify(checkpoint, run);
                return checkpoint;
            }
            catch (KalmException damage)
            {
                progress?.Report(new ProgressNote($"checkpoint passed over: {damage.Message}"));
            }
        }
        return null;
    }

    private static JsonObject Facts(RunDescription run) => new()
    {
        ["options"] = JsonSerializer.SerializeToNode(run.Options, Json.Options),
        ["sha256"] = JsonSerializer.SerializeToNode(run.Hashes, Json.Options),
        ["threads"] = run.Threads,
        ["workers"] = run.Workers,
    };

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
