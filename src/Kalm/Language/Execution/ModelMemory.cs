using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Gguf;

namespace Kalm.Language.Execution;

/// <summary>What a model takes of a machine's memory, in bytes, told from headers alone: estimates, to be known before anything is
/// read.</summary>
public static class ModelMemory
{
    /// <summary>The runtime and the tensor library.</summary>
    public const long Program = 350L << 20;

    /// <summary>The memory of this machine, or what a container is given of it.</summary>
    public static long Available => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>The weights as <see cref="CausalModel.LoadForReading"/> holds them on a CPU.</summary>
    public static long Reading(IModelSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source.Config.TensorShapes().Sum(tensor =>
        {
            var change = source.Adapter?.Changes.GetValueOrDefault(tensor.Name);
            return (change is null || LowRank.IsAddition(change, tensor.Name, source))
                && StoredMatrix.FormOf(source, tensor.Name, tensor.Shape) is { } form
                ? form.ByteCount(Count(tensor.Shape)) : sizeof(float) * Count(tensor.Shape);
        });
    }

    /// <summary>The keys and values of a token that a text goes on from.</summary>
    public static long CachedToken(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return 2L * sizeof(float) * config.LayerCount * config.KeyValueHeadCount * config.HeadDimension;
    }

    /// <summary>The weights of a base that is trained or adapted.</summary>
    /// <param name="source">The model.</param>
    /// <param name="precision">How the layers' matrices are held.</param>
    public static long Base(IModelSource source, BasePrecision precision)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source.Config.TensorShapes().Sum(tensor => !FrozenForm.Covers(tensor.Name, tensor.Shape)
            ? sizeof(float) * Count(tensor.Shape)
            : precision switch
            {
                BasePrecision.Bf16 => sizeof(ushort) * Count(tensor.Shape),
                BasePrecision.EightBit => Count(tensor.Shape) + (sizeof(float) * tensor.Shape[0]),
                BasePrecision.Auto or BasePrecision.Stored when (source as GgufSource)?.BlocksOf(tensor.Name) is { } blocks =>
                    blocks.ByteCount(Count(tensor.Shape)),
                _ => sizeof(float) * Count(tensor.Shape),
            });
    }

    private static long Count(long[] shape) => shape.Aggregate(1L, (product, size) => product * size);
}
