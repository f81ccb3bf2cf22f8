using Kalm.Language.Sources.Config;
using TorchSharp;

namespace Kalm.Language.Execution;

/// <summary>What a training pass keeps for the way back, and how much of it this machine has room for. Estimated, not measured: the states
/// between the operations of a layer, in F32.</summary>
/// <param name="config">The architecture.</param>
/// <param name="device">Where it computes; the memory of a GPU is not looked at.</param>
/// <param name="workers">The workers that share the memory.</param>
/// <param name="frozen">How many layers keep nothing, because nothing learns in them or below.</param>
internal sealed class ActivationMemory(ModelConfig config, torch.Device device, int workers, int frozen = 0)
{
    private const int Share = 4;

    // More tokens at once make products no faster.
    private const long BlockBytes = 1L << 30;
    private const int LeastTokens = 512;

    /// <summary>Bytes kept for a token.</summary>
    public long BytesPerToken { get; } = sizeof(float) * (config.LayerCount - frozen)
        * (States(config).Width * config.HiddenSize + 2L * config.KeyValueHeadCount * config.HeadDimension
            + States(config).FeedForward * config.IntermediateSize);

    // A quarter of the machine's memory: weights, their gradients and everything else need room too.
    private static long Room => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / Share;

    private bool IsUnbounded => device.type != DeviceType.CPU;

    /// <summary>Whether a pass over so many tokens can keep all it needs.</summary>
    public bool Holds(long tokens) => IsUnbounded || tokens * BytesPerToken <= Room;

    /// <summary>How many tokens each worker takes through the body at a time, at most <paramref name="most"/>.</summary>
    public int TokensAtOnce(int most) => IsUnbounded ? most
        : (int)Math.Clamp(Math.Min(Room / workers / BytesPerToken, Math.Max(BlockBytes / BytesPerToken, LeastTokens)), 1, most);

    // Norms twice, queries, attention, two sums and what dropout and low-rank paths add; gate, up and their product. The library's
    // operations keep more between them than the hand-written ones of narrow models: by what bench memory saw.
    private static (long Width, long FeedForward) States(ModelConfig config) => config.HiddenSize < Decoder.WideModel ? (9, 4) : (16, 8);
}
