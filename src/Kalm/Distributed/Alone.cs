using static TorchSharp.torch;

namespace Kalm.Distributed;

/// <summary>One process: nothing is loaded, sent or waited for.</summary>
public sealed class Alone : ICollectives
{
    private Alone() { }

    /// <summary>The only one.</summary>
    public static Alone Instance { get; } = new();

    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int Count => 1;

    /// <inheritdoc/>
    public Traffic Traffic => default;

    /// <inheritdoc/>
    public void Sum(Tensor values) { }

    /// <inheritdoc/>
    public Tensor Gather(Tensor rows) => rows.alias();

    /// <inheritdoc/>
    public void Max(long[] numbers) { }

    /// <inheritdoc/>
    public byte[] FromFirst(byte[]? bytes) => bytes ?? throw new ArgumentNullException(nameof(bytes));
}
