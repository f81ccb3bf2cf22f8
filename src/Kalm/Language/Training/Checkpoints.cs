using Kalm.Files;

namespace Kalm.Language.Training;

/// <summary>The checkpoints of a training, in the folder <c>checkpoints</c> of its own: each is sealed and appears whole or not at
/// all.</summary>
public static class Checkpoints
{
    /// <summary>The folder's name.</summary>
    public const string FolderName = "checkpoints";

    private const int Kept = 2;
    private const string Pattern = "step-*";

    /// <summary>The checkpoints that are there, the newest first; what a killed process left half-written is removed.</summary>
    /// <param name="training">The training's folder.</param>
    public static IReadOnlyList<string> In(string training)
    {
        var folder = Path.Combine(training, FolderName);
        if (!Directory.Exists(folder))
            return [];
        foreach (var partial in Directory.GetDirectories(folder, ".*.partial-*").Concat(Directory.GetDirectories(training, ".*.partial-*")))
            Directory.Delete(partial, recursive: true);
        return [.. Directory.GetDirectories(folder, Pattern).OrderDescending(StringComparer.Ordinal)];
    }

    /// <summary>The newest checkpoint whose files are what was written; a damaged one is told of and passed over.</summary>
    /// <param name="training">The training's folder.</param>
    /// <param name="id">The training's id.</param>
    /// <param name="progress">Told what is passed over; may be null.</param>
    /// <returns>Its folder; null when there is none.</returns>
    public static string? Newest(string training, string id, IProgress<ProgressEvent>? progress)
    {
        foreach (var checkpoint in In(training))
        {
            try
            {
                CheckpointManifest.Verify(checkpoint, id);
                return checkpoint;
            }
            catch (KalmException damage)
            {
                progress?.Report(new ProgressNote($"checkpoint passed over: {damage.Message}"));
            }
        }
        return null;
    }

    /// <summary>Writes a sealed checkpoint and removes older ones, but never the best.</summary>
    /// <param name="training">The training's folder.</param>
    /// <param name="id">The training's id.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="best">The step of the best checkpoint so far; null when there is none.</param>
    /// <param name="save">Fills a folder.</param>
    public static void Save(string training, string id, int step, int? best, Action<string> save)
    {
        var folder = Path.Combine(training, FolderName);
        Replace(Path.Combine(folder, Name(step)), staged =>
        {
            save(staged);
            CheckpointManifest.Seal(staged, id);
        });
        var old = Directory.GetDirectories(folder, Pattern).Order(StringComparer.Ordinal).SkipLast(Kept);
        foreach (var checkpoint in old)
            if (best is null || Path.GetFileName(checkpoint) != Name(best.Value))
                Directory.Delete(checkpoint, recursive: true);

        static string Name(int step) => $"step-{step:D8}";
    }

    /// <summary>Writes a folder of a training. One of that name can only be left from before a stop; it is replaced.</summary>
    /// <param name="target">The folder.</param>
    /// <param name="save">Fills a folder.</param>
    public static void Replace(string target, Action<string> save)
    {
        if (Directory.Exists(target))
            Directory.Delete(target, recursive: true);
        using var staged = new StagedFolder(target);
        save(staged.Path);
        staged.Commit();
    }
}
