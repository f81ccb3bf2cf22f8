using System.Globalization;
using System.Text;
using Kalm.Files;
using Kalm.Representation;
using TorchSharp;
using TorchSharp.Modules;

namespace Kalm.Alignment;

/// <summary>The folder of a run: run.json, metrics.jsonl, TensorBoard events, checkpoints and the result, each written whole or not at all.</summary>
public sealed class RunFolder : IDisposable
{
    private const int CheckpointsKept = 2;
    private readonly StreamWriter metrics;
    private readonly SummaryWriter events;

    private RunFolder(string path)
    {
        Path = path;
        metrics = new StreamWriter(System.IO.Path.Combine(path, "metrics.jsonl"), append: false, new UTF8Encoding(false)) { AutoFlush = true };
        events = torch.utils.tensorboard.SummaryWriter(System.IO.Path.Combine(path, "tensorboard"), createRunName: false);
    }

    /// <summary>The folder's path.</summary>
    public string Path { get; }

    /// <summary>Refuses a folder that cannot become a run, before any long work.</summary>
    /// <exception cref="KalmException">The folder holds something already.</exception>
    public static void RequireFree(string path)
    {
        if (File.Exists(path))
            throw new KalmException($"{path}: found a file; expected an empty or absent folder for the run");
        if (!Directory.Exists(path) || !Directory.EnumerateFileSystemEntries(path).Any())
            return;
        throw new KalmException(File.Exists(System.IO.Path.Combine(path, ModelFolder.RunFile))
            ? $"{path}: holds a run already; expected an empty or absent folder"
            : $"{path}: the folder is not empty and is not a run; expected an empty or absent folder");
    }

    /// <summary>Makes the folder with its run.json in one step.</summary>
    public static RunFolder Create(string path, RunDescription description)
    {
        RequireFree(path);
        using var staged = new StagedFolder(path);
        Json.Write(staged.File(ModelFolder.RunFile), description);
        Directory.CreateDirectory(staged.File("checkpoints"));
        staged.Commit();
        return new RunFolder(path);
    }

    /// <summary>Replaces run.json.</summary>
    public void Describe(RunDescription description) => Json.Write(System.IO.Path.Combine(Path, ModelFolder.RunFile), description);

    /// <summary>Adds a line to metrics.jsonl and a point to every TensorBoard curve.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="measures">Names and values.</param>
    public void Record(int step, IEnumerable<KeyValuePair<string, double>> measures)
    {
        var line = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{{\"step\":{step}");
        foreach (var (name, value) in measures)
        {
            line.Append(CultureInfo.InvariantCulture, $",\"{name}\":{value:R}");
            events.add_scalar(name, (float)value, step);
        }
        metrics.WriteLine(line.Append('}'));
    }

    /// <summary>Writes a checkpoint and removes older ones, but never the best.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="best">The step of the best checkpoint so far; null when there is none.</param>
    /// <param name="save">Fills a folder.</param>
    public void SaveCheckpoint(int step, int? best, Action<string> save)
    {
        var folder = System.IO.Path.Combine(Path, "checkpoints");
        var target = System.IO.Path.Combine(folder, Name(step));
        if (!Directory.Exists(target))
            Put(target, save);
        var old = Directory.GetDirectories(folder, "step-*").Order(StringComparer.Ordinal).SkipLast(CheckpointsKept);
        foreach (var checkpoint in old)
            if (best is null || System.IO.Path.GetFileName(checkpoint) != Name(best.Value))
                Directory.Delete(checkpoint, recursive: true);

        static string Name(int step) => $"step-{step:D8}";
    }

    /// <summary>Writes the result: the folder <c>model</c> or <c>adapter</c>.</summary>
    public void SaveResult(string name, Action<string> save) => Put(System.IO.Path.Combine(Path, name), save);

    private static void Put(string target, Action<string> save)
    {
        using var staged = new StagedFolder(target);
        save(staged.Path);
        staged.Commit();
    }

    /// <inheritdoc/>
    public void Dispose() => metrics.Dispose();
}
