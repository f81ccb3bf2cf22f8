using System.Globalization;
using System.Text;
using System.Text.Json;
using Kalm.Files;
using Kalm.Language.Sources;
using Kalm.Language.Training;
using TorchSharp;
using TorchSharp.Modules;

namespace Kalm.Alignment;

/// <summary>The folder of a run: run.json, metrics.jsonl, TensorBoard events, checkpoints and the result, each written whole or not at
/// all.</summary>
public sealed class RunFolder : IDisposable
{
    private const string MetricsName = "metrics.jsonl";
    private readonly StreamWriter metrics;
    private readonly SummaryWriter events;

    private RunFolder(string path)
    {
        Path = path;
        metrics = new StreamWriter(System.IO.Path.Combine(path, MetricsName), append: true, new UTF8Encoding(false)) { AutoFlush = true };
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
        throw new KalmException(File.Exists(System.IO.Path.Combine(path, ModelSources.RunFile))
            ? $"{path}: holds a run already; expected an empty or absent folder, or --resume to go on with it"
            : $"{path}: the folder is not empty and is not a run; expected an empty or absent folder");
    }

    /// <summary>Makes the folder with its run.json in one step.</summary>
    public static RunFolder Create(string path, RunDescription description)
    {
        RequireFree(path);
        using var staged = new StagedFolder(path);
        Json.Write(staged.File(ModelSources.RunFile), description);
        Directory.CreateDirectory(staged.File(Checkpoints.FolderName));
        staged.Commit();
        return new RunFolder(path);
    }

    /// <summary>Reads the description of a run.</summary>
    /// <exception cref="KalmException">The folder is no run, or holds several.</exception>
    public static RunDescription Describe(string path)
    {
        var file = System.IO.Path.Combine(path, ModelSources.RunFile);
        SeedFolders.RequireNone(path);
        return File.Exists(file) ? Json.Read<RunDescription>(file) : throw new KalmException(
            $"{path}: found no {ModelSources.RunFile}; expected a run to resume");
    }

    /// <summary>Opens a run to go on with it: what metrics.jsonl tells of later steps is dropped, for they are taken again.</summary>
    /// <param name="path">The run.</param>
    /// <param name="done">Steps done.</param>
    public static RunFolder Reopen(string path, int done)
    {
        var file = System.IO.Path.Combine(path, MetricsName);
        if (File.Exists(file))
            AtomicFile.WriteAllText(
                file, string.Concat(File.ReadLines(file).TakeWhile(line => StepOf(line) <= done).Select(line => line + "\n")));
        return new RunFolder(path);
    }

    /// <summary>Replaces run.json.</summary>
    public void Describe(RunDescription description) => Json.Write(System.IO.Path.Combine(Path, ModelSources.RunFile), description);

    /// <summary>Adds a line to metrics.jsonl and a point to every TensorBoard curve.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="measures">Names and values.</param>
    public void Record(int step, IReadOnlyList<KeyValuePair<string, double>> measures)
    {
        var line = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{{\"step\":{step}");
        foreach (var (name, value) in measures)
            line.Append(CultureInfo.InvariantCulture, $",\"{name}\":{value:R}");
        try
        {
            metrics.WriteLine(line.Append('}'));
            Plot(step, measures);
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(Path, "record a step in the run's folder", error);
        }
    }

    /// <summary>Adds a point to TensorBoard curves alone.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="measures">Names and values.</param>
    public void Plot(int step, IEnumerable<KeyValuePair<string, double>> measures)
    {
        foreach (var (name, value) in measures)
            events.add_scalar(name, (float)value, step);
    }

    /// <summary>Writes the result: the folder <c>model</c> or <c>adapter</c>.</summary>
    public void SaveResult(string name, Action<string> save) => Checkpoints.Replace(System.IO.Path.Combine(Path, name), save);

    /// <summary>The step of a metrics line; a torn one counts as beyond every step.</summary>
    private static int StepOf(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.GetProperty("step").GetInt32();
        }
        catch (JsonException)
        {
            return int.MaxValue;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => metrics.Dispose();
}
