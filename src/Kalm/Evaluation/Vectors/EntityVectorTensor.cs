using static TorchSharp.torch;

namespace Kalm.Evaluation.Vectors;

/// <summary>Entity vectors in memory.</summary>
/// <param name="vectors">[texts, width], F32; owned from here on.</param>
public sealed class EntityVectorTensor(Tensor vectors) : IEntityVectors
{
    /// <inheritdoc/>
    public int Count => (int)vectors.shape[0];

    /// <inheritdoc/>
    public int Width => (int)vectors.shape[1];

    /// <inheritdoc/>
    public Tensor Read(int start, int count) => vectors.narrow(0, start, count);

    /// <inheritdoc/>
    public void Dispose() => vectors.Dispose();
}
