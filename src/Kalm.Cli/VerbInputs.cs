using Kalm.Cli.Progress;
using Kalm.Engine;
using Kalm.Graph.Readers;
using Kalm.Language.Sources;
using Kalm.Representation;
using TorchSharp;

namespace Kalm.Cli;

/// <summary>Checks of what the user gave that are made before any long work.</summary>
internal static class VerbInputs
{
    /// <summary>A folder that must be there.</summary>
    public static string Folder(string option, string path, string expected)
    {
        if (Directory.Exists(path))
            return path;
        throw new KalmException($"{option} {path}: {(File.Exists(path) ? "found a file" : "no such folder")}; expected {expected}");
    }

    /// <summary>The graph's folder or file, or the connection to a database.</summary>
    public static string Graph(string path, string option = "--graph") => Path.Exists(path) || GraphFormats.IsDatabase(path)
        ? path : throw new KalmException(
            $"{option} {path}: no such folder or file; expected a graph: a folder, a file or an archive");

    /// <summary>A file to be written at the end, which should not fail only then.</summary>
    public static void Writable(string option, string? path)
    {
        if (path is null)
            return;
        if (Directory.Exists(path))
            throw new KalmException($"{option} {path}: found a folder; expected a file to write");
        var folder = Path.GetDirectoryName(Path.GetFullPath(path));
        if (folder is not null && !Directory.Exists(folder))
            throw new KalmException($"{option} {path}: the folder {folder} does not exist; expected a file in a folder that does");
        if (folder is not null && FaultIn(folder) is { } fault)
            throw new KalmException($"{option} {path}: {fault}");
    }

    /// <summary>A folder to be made, which must be absent or empty.</summary>
    public static void Free(string option, string path)
    {
        if (File.Exists(path))
            throw new KalmException($"{option} {path}: found a file; expected an empty or absent folder");
        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
            throw new KalmException($"{option} {path}: the folder is not empty; expected an empty or absent folder");
        if (FaultIn(Path.GetFullPath(path)) is { } fault)
            throw new KalmException($"{option} {path}: {fault}");
    }

    // Tried, because rights, quotas and systems that only read are told in too many ways; what is missing of the path is made later.
    private static string? FaultIn(string folder)
    {
        while (!Path.Exists(folder) && Path.GetDirectoryName(folder) is { } parent)
            folder = parent;
        if (File.Exists(folder))
            return $"found the file {folder}; expected a folder there";
        return WhyNotWritten(folder) is { } why
            ? $"nothing can be written in {folder}: {why}\n"
                + $"expected a folder in which the user {Environment.UserName} may make files" : null;
    }

    /// <summary>Why no file can be made in a folder that is there; null where one can, which is tried.</summary>
    public static string? WhyNotWritten(string folder)
    {
        try
        {
            var probe = Path.Combine(folder, $".kalm-{Environment.ProcessId}-{Path.GetRandomFileName()}");
            File.Create(probe, 1, FileOptions.DeleteOnClose).Dispose();
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return error switch
            {
                UnauthorizedAccessException => "access is denied",
                FileNotFoundException or DirectoryNotFoundException => "its file system takes no new files",
                _ => error.Message.Split(" : '")[0],
            };
        }
    }

    /// <summary>Only one of some options may be given.</summary>
    public static void AtMostOne(params IReadOnlyList<(string Option, bool IsGiven)> options)
    {
        var given = options.Where(option => option.IsGiven).Select(option => option.Option).ToList();
        if (given.Count > 1)
            throw new KalmException(
                $"found {string.Join(" and ", given)}; expected only one of {string.Join(", ", options.Select(option => option.Option))}");
    }

    /// <summary>Looks for what an option names; a fault that does not know the option is told with it.</summary>
    public static T Named<T>(string option, Func<T> find)
    {
        try
        {
            return find();
        }
        catch (KalmException error)
        {
            throw new KalmException($"{option}: {error.Message}", error);
        }
    }

    /// <summary>Refuses a model that is neither there nor a hub id, before any long work.</summary>
    public static void Model(string name, string option = "--model") => OfModel(option, () =>
    {
        ModelSources.Require(name);
        return true;
    });

    /// <summary>Does something with a model; its faults begin with its name, before which the option belongs.</summary>
    public static T OfModel<T>(string option, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (KalmException error)
        {
            throw new KalmException($"{option} {error.Message}", error);
        }
    }

    /// <summary>The model, opened for reading; what is odd about its folder is noted.</summary>
    /// <param name="opened">The model; owned by what is returned.</param>
    /// <param name="device">The name of the device.</param>
    /// <param name="threads">CPU threads; null takes all cores.</param>
    /// <param name="progress">Takes the notes.</param>
    public static LoadedModel Load(OpenedModel opened, string device, int? threads, ProgressView progress)
    {
        progress.Report(ProgressStage.LoadingModel);
        var loaded = new LoadedModel(opened, Device(device), threads);
        foreach (var warning in loaded.Model.Warnings)
            progress.Note(warning);
        if ((opened.TemplateRefusal ?? loaded.Wording.Questions.Refusal) is { } refusal)
            progress.Note($"{refusal}; questions are asked in the form alpaca");
        return loaded;
    }

    /// <summary>The device by its name; loads the native library.</summary>
    public static torch.Device Device(string name)
    {
        try
        {
            return ComputeDevice.Of(name);
        }
        catch (KalmException error)
        {
            throw new KalmException($"--device {error.Message}", error);
        }
    }
}
