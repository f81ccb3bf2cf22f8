using Kalm.Engine;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using static TorchSharp.torch;

namespace Kalm.Language.Model;

/// <summary>A model folder, and an adapter for it, open for reading weight by weight, so that a model can be written without being in memory as a
/// whole.</summary>
public sealed class MergedCheckpoint : IDisposable
{
    private readonly CheckpointFolder checkpoint;
    private readonly AdapterFolder? adapter;
    private readonly int total;
    private int done;

    private MergedCheckpoint(string folder, CheckpointFolder checkpoint, AdapterFolder? adapter)
    {
        (Folder, this.checkpoint, this.adapter) = (folder, checkpoint, adapter);
        total = checkpoint.Config.TensorShapes().Count();
    }

    /// <summary>The folder of the base model.</summary>
    public string Folder { get; }

    /// <summary>The architecture.</summary>
    public ModelConfig Config => checkpoint.Config;

    private IProgress<ProgressEvent>? Progress { get; init; }

    private CancellationToken Cancellation { get; init; }

    /// <summary>Opens both; nothing is merged yet.</summary>
    /// <param name="folder">The Hugging Face folder of the base model.</param>
    /// <param name="adapterFolder">A PEFT folder, or null.</param>
    /// <param name="progress">Told of every weight that is read; may be null.</param>
    /// <param name="cancellation">Ends the reading before the next weight.</param>
    /// <exception cref="KalmException">One is not sound or not supported, or the adapter does not fit the base.</exception>
    public static MergedCheckpoint Open(
        string folder, string? adapterFolder = null, IProgress<ProgressEvent>? progress = null, CancellationToken cancellation = default)
    {
        NativeEngine.Initialize();
        var checkpoint = CheckpointFolder.Open(folder);
        try
        {
            return new MergedCheckpoint(folder, checkpoint, adapterFolder is null ? null : AdapterFolder.Open(adapterFolder, checkpoint.Config))
            {
                Progress = progress,
                Cancellation = cancellation,
            };
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Reads one weight in F32 on the CPU, the adapter merged.</summary>
    /// <param name="name">One of <see cref="ModelConfig.TensorShapes"/>.</param>
    /// <returns>The weight; the caller owns it.</returns>
    public Tensor Read(string name)
    {
        Cancellation.ThrowIfCancellationRequested();
        Progress?.Report(new ProgressStage("weights", done++, total));
        var weight = CausalModel.ReadTensor(checkpoint.Weights, checkpoint.NameOf(name), CPU);
        if (adapter is not null)
            LowRank.Apply(adapter, name, weight);
        return weight;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        adapter?.Dispose();
        checkpoint.Dispose();
    }
}
