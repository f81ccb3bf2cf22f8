using Kalm.Language.Sources.Config;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Language.Execution.Kernels;

/// <summary>What a decoder computes between its products, in one body for each kind of machine: chosen once for a model, and never asked
/// about again.</summary>
internal interface IDecoderKernels : IDisposable
{
    /// <summary>Whether rows are laid end to end, so that <see cref="Attend"/> reads trees without padding and masks.</summary>
    bool IsPacking { get; }

    /// <summary>x / sqrt(mean(x^2) + epsilon) * w over the last dimension (arXiv 1910.07467).</summary>
    /// <param name="states">[..., width].</param>
    /// <param name="weight">[width].</param>
    /// <param name="epsilon">Added to the mean of squares.</param>
    /// <returns>The shape of the states; the caller owns it.</returns>
    Tensor RootMeanSquareNorm(Tensor states, Tensor weight, float epsilon);

    /// <summary>silu(gate) * up, the product inside SwiGLU (arXiv 2002.05202).</summary>
    /// <param name="gate">Any shape.</param>
    /// <param name="up">The same shape.</param>
    /// <returns>The same shape; the caller owns it.</returns>
    Tensor SwiGlu(Tensor gate, Tensor up);

    /// <summary>states + dropout(added).</summary>
    /// <param name="states">Any shape.</param>
    /// <param name="added">The same shape.</param>
    /// <param name="dropout">How much is dropped.</param>
    /// <param name="randomness">Draws what; null where nothing is dropped.</param>
    /// <returns>The sum; the caller owns it.</returns>
    Tensor AddDropped(Tensor states, Tensor added, Dropout dropout, Generator? randomness);

    /// <summary>Whether <see cref="Attend"/> turns the queries and keys of a block by their positions itself.</summary>
    bool Turns(TokenBlock block);

    /// <summary>Causal attention of grouped queries (arXiv 2305.13245); keys and values go into the block's cache, if it has one.</summary>
    /// <param name="query">[tokens, heads x dimension].</param>
    /// <param name="key">[tokens, key heads x dimension].</param>
    /// <param name="value">[tokens, key heads x dimension].</param>
    /// <param name="layer">What the layer asks for.</param>
    /// <param name="pass">The pass.</param>
    /// <returns>[tokens, heads x dimension]; the caller owns it.</returns>
    Tensor Attend(Tensor query, Tensor key, Tensor value, AttentionLayer layer, DecoderPass pass);

    /// <summary>The negative log-likelihood of labels, and factor times its gradient by the logits, written over them.</summary>
    /// <param name="logits">[reads, vocabulary], F32, contiguous; reads behind the labels are filled ones, whose gradient is 0.</param>
    /// <param name="labels">For each read the token that should follow it.</param>
    /// <param name="shares">How much each counts; null counts all the same.</param>
    /// <param name="factor">What the gradient is weighed with.</param>
    /// <returns>The sum of share * -ln p(label), in nats.</returns>
    double LabelGradient(Tensor logits, long[] labels, float[]? shares, double factor);

    /// <summary>The divergence KL(softmax(expected) || softmax(logits)), and factor times its gradient by the logits, written over
    /// them.</summary>
    /// <param name="logits">[reads, vocabulary], F32, contiguous.</param>
    /// <param name="expected">The same shape; its numbers are used up.</param>
    /// <param name="factor">What the gradient is weighed with.</param>
    /// <returns>The sum over the reads, in nats.</returns>
    double DivergenceGradient(Tensor logits, Tensor expected, double factor);
}

/// <summary>What one layer asks of attention.</summary>
/// <param name="Index">The layer.</param>
/// <param name="Window">How many positions a token sees, itself included; null for all before it.</param>
/// <param name="Rotary">Turns queries and keys; null where nothing is turned any more.</param>
internal sealed record AttentionLayer(int Index, int? Window, Rotary? Rotary);

/// <summary>Chooses the body.</summary>
internal static class DecoderKernels
{
    /// <summary>The body for a model on a device.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="team">Shares attention to caches on a CPU; null where one thread does it. Not owned.</param>
    /// <param name="isShort">Whether the model's matrices are multiplied in BF16, on a GPU; attention is then, too.</param>
    /// <returns>The caller owns it.</returns>
    public static IDecoderKernels For(ModelConfig config, Device device, CoreTeam? team, bool isShort) =>
        device.type != DeviceType.CPU ? new TorchKernels(config, isShort)
        : config.HiddenSize < Decoder.WideModel ? new CpuKernels(config, team)
        : new WideCpuKernels(config, team);
}
