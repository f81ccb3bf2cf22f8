using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kalm.Files;
using Kalm.Language.Training;

namespace Kalm.Language.Pretraining;

/// <summary>What a pretraining is, and how far it has come.</summary>
internal sealed record PretrainingDescription
{
    public required string Id { get; init; }

    /// <summary>All options, with the threads that are used.</summary>
    public required PretrainingOptions Options { get; init; }

    /// <summary>The number of texts.</summary>
    public required int Texts { get; init; }

    /// <summary>The SHA-256 of the texts in their order, in hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The number of steps, once it is fixed.</summary>
    public int? TotalSteps { get; init; }

    public int StepsDone { get; init; }

    /// <summary>Of the last step, in nats a token.</summary>
    public double Loss { get; init; }

    public static PretrainingDescription Of(IReadOnlyList<string> texts, PretrainingOptions options)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var text in texts)
            hash.AppendData(Encoding.UTF8.GetBytes(text + "\0"));
        return new PretrainingDescription
        {
            Id = Guid.NewGuid().ToString("N"), Options = options, Texts = texts.Count,
            Sha256 = Convert.ToHexStringLower(hash.GetHashAndReset()),
        };
    }

    public JsonObject Deciding() => new()
    {
        ["options"] = JsonSerializer.SerializeToNode(Options, Json.Options), ["texts"] = Texts, ["sha256"] = Sha256,
    };
}

/// <summary>The folder beside a model where its pretraining keeps steps until the model is there, so that a stopped one goes on. It belongs
/// to one process at a time; without a checkpoint nothing of it is left.</summary>
internal sealed class KeptPretraining : IDisposable
{
    private const string DescriptionName = "pretraining.json";
    private const string LockName = "lock";
    private readonly string folder;
    private readonly IDisposable held;
    private bool isWorthKeeping;

    private KeptPretraining(string folder, IDisposable held, PretrainingDescription description) =>
        (this.folder, this.held, Description) = (folder, held, description);

    /// <summary>As it was at <see cref="Checkpoint"/>, or at the start.</summary>
    public PretrainingDescription Description { get; }

    /// <summary>The checkpoint to go on from; null at the start.</summary>
    public string? Checkpoint { get; private init; }

    /// <summary>Makes the folder.</summary>
    /// <exception cref="KalmException">A stopped or a running pretraining has it.</exception>
    public static KeptPretraining Begin(string folder, PretrainingDescription description)
    {
        if (File.Exists(Path.Combine(folder, DescriptionName)))
        {
            Lock(folder).Dispose();
            throw new KalmException(
                $"{folder}: holds a stopped pretraining; expected --resume to go on with it, or no such folder to begin again");
        }
        using var staged = new StagedFolder(folder);
        Json.Write(staged.File(DescriptionName), description);
        Directory.CreateDirectory(staged.File(Checkpoints.FolderName));
        staged.Commit();
        return new KeptPretraining(folder, Lock(folder), description);
    }

    /// <summary>Opens the folder of a stopped pretraining.</summary>
    /// <exception cref="KalmException">There is none, another process has it, or it was of something else.</exception>
    public static KeptPretraining Resume(string folder, PretrainingDescription now, IProgress<ProgressEvent>? progress)
    {
        var file = Path.Combine(folder, DescriptionName);
        if (!File.Exists(file))
            throw new KalmException($"{file}: no such file; expected a stopped pretraining to go on with, or no --resume");
        var held = Lock(folder);
        try
        {
            var earlier = Json.Read<PretrainingDescription>(file);
            ResumePoint.RequireSame(folder, earlier.Deciding(), now.Deciding());
            var checkpoint = Checkpoints.Newest(folder, earlier.Id, progress);
            var description = checkpoint is null ? earlier : TrainingState.Describe<PretrainingDescription>(checkpoint);
            progress?.Report(new ProgressNote(
                checkpoint is null ? "no whole checkpoint: starting over" : $"resuming after step {description.StepsDone:N0}"));
            return new KeptPretraining(folder, held, description) { Checkpoint = checkpoint, isWorthKeeping = checkpoint is not null };
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Writes a checkpoint.</summary>
    public void Save(PretrainingDescription description, Action<string> save)
    {
        Checkpoints.Save(folder, description.Id, description.StepsDone, null, save);
        isWorthKeeping = true;
    }

    /// <summary>Removes the folder, for the model is there.</summary>
    /// <exception cref="KalmException">The file system refused.</exception>
    public void Delete()
    {
        held.Dispose();
        FileFault.RemoveFolder(folder);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        held.Dispose();
        try
        {
            if (!isWorthKeeping && Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            // What ended the work is the fault worth reporting.
        }
    }

    private static IDisposable Lock(string folder)
    {
        try
        {
            return FileLock.TryTake(Path.Combine(folder, LockName))
                ?? throw new KalmException($"{folder}: another process writes there; expected it to end first");
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(folder, "lock the folder", error);
        }
    }
}
