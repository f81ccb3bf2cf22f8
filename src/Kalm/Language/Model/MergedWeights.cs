using Kalm.Engine;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Config;
using static TorchSharp.torch;

namespace Kalm.Language.Model;

/// <summary>The weights of a source, its adapter merged, read one by one, so that a model can be written without being in memory as a
/// whole.</summary>
public sealed class MergedWeights
{
    private readonly IModelSource source;
    private readonly IProgress<ProgressEvent>? progress;
    private readonly CancellationToken cancellation;
    private readonly int total;
    private int done;

    /// <summary>Takes a source; nothing is read yet.</summary>
    /// <param name="source">The model; not owned.</param>
    /// <param name="progress">Told of every weight that is read; may be null.</param>
    /// <param name="cancellation">Ends the reading before the next weight.</param>
    public MergedWeights(IModelSource source, IProgress<ProgressEvent>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        NativeEngine.Initialize();
        (this.source, this.progress, this.cancellation) = (source, progress, cancellation);
        total = source.Config.TensorShapes().Count();
    }

    /// <summary>The model.</summary>
    public IModelSource Source => source;

    /// <summary>The architecture, the adapter merged.</summary>
    public ModelConfig Config => source.Config;

    /// <summary>Reads one weight in F32 on the CPU, the adapter merged.</summary>
    /// <param name="name">One of <see cref="ModelConfig.TensorShapes"/>.</param>
    /// <returns>The weight; the caller owns it.</returns>
    public Tensor Read(string name)
    {
        cancellation.ThrowIfCancellationRequested();
        progress?.Report(new ProgressStage("weights", done++, total));
        return source.Adapter is null ? ReadBase(name) : LowRank.Merge(source.Adapter, name, ReadBase);

        Tensor ReadBase(string tensor) => SourceTensors.Read(source, tensor, CPU);
    }
}
