using Kalm.Engine;
using Kalm.Language.Sources.Config;
using TorchSharp;

namespace Kalm.Language.Execution;

/// <summary>What a training pass keeps for the way back, and how much of it this machine has room for. Estimated, not measured: the states
/// between the operations of a layer, in F32.</summary>
/// <param name="config">The architecture.</param>
/// <param name="device">Where it computes; of a GPU that does not tell its memory everything is hoped to fit.</param>
/// <param name="workers">The workers that share the memory.</param>
/// <param name="frozen">How many layers keep nothing, because nothing learns in them or below.</param>
internal sealed class ActivationMemory(ModelConfig config, torch.Device device, int workers, int frozen = 0)
{
    private const int Share = 4;

    // More tokens at once make products no faster.
    private const long BlockBytes = 1L << 30;
    private const int LeastTokens = 512;

    /// <summary>Tokens that fill a GPU; more only take memory.</summary>
    internal const int MostOnGpu = 32_768;

    /// <summary>Bytes kept for a token.</summary>
    public long BytesPerToken { get; } = sizeof(float) * (config.LayerCount - frozen)
        * (States(config).Width * config.HiddenSize + 2L * config.KeyValueHeadCount * config.HeadDimension
            + States(config).FeedForward * config.IntermediateSize);

    // A quarter of the machine's memory, for weights, their gradients and everything else need room too; half of what a GPU has free
    // once they are there. Asked once, so that the same rows are always cut into the same blocks.
    private readonly long? room = device.type == DeviceType.CPU ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / Share
        : GpuMemory.Of(device.index)?.Free / 2;

    /// <summary>Whether a pass over so many tokens can keep all it needs.</summary>
    public bool Holds(long tokens) => room is null || tokens * BytesPerToken <= room;

    /// <summary>How many tokens each worker takes through the body at a time: on a CPU at most <paramref name="most"/>, on a GPU, which
    /// many at once keep busy, up to <see cref="MostOnGpu"/>.</summary>
    public int TokensAtOnce(int most) => room is not { } bytes ? most
        : device.type == DeviceType.CPU
            ? (int)Math.Clamp(Math.Min(bytes / workers / BytesPerToken, Math.Max(BlockBytes / BytesPerToken, LeastTokens)), 1, most)
            : (int)Math.Clamp(bytes / BytesPerToken, 1, MostOnGpu);

    // Norms twice, queries, attention, two sums and what dropout and low-rank paths add; gate, up and their product. The library's
    // operations keep more between them than the hand-written ones of narrow models: by what bench memory saw.
    private static (long Width, long FeedForward) States(ModelConfig config) => config.HiddenSize < Decoder.WideModel ? (9, 4) : (16, 8);
}
