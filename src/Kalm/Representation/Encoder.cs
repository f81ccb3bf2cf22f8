using Kalm.Engine;
using Kalm.Language.Execution;
using static TorchSharp.torch;

namespace Kalm.Representation;

/// <summary>Turns views into vectors of unit length: the final-norm hidden state at the last token, L2-normalised.</summary>
/// <remarks>Source: KaLM, arXiv 2412.04948, section on explicit alignment.</remarks>
public static class Encoder
{
    /// <summary>Encodes without gradients.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="rows">Packed views.</param>
    /// <param name="progress">Told the tokens read after each block of rows, by the thread that read it, one at a time; may be
    /// null.</param>
    /// <param name="cancellation">Stops between blocks of rows.</param>
    /// <returns>[reads, hidden], unit length, in the order of the rows; the caller owns it.</returns>
    public static Tensor Encode(
        DecoderPool decoder, IReadOnlyList<TokenRow> rows, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        using var noGradient = no_grad();
        using var states = decoder.Read(rows, progress, cancellation);
        return UnitLength(states);
    }
    /// <summary>Fails when a number is not finite: neither a rank nor a mean of it would mean anything.</summary>
    /// <exception cref="KalmException">There is such a number.</exception>
    public static void RequireFinite(Tensor numbers)
    {
        using var scope = NewDisposeScope();
        if (numbers.isfinite().all().ReadNumber() == 0)
            throw new KalmException("the model gives embeddings that are not finite: its weights are damaged or its training diverged");
    }

    /// <summary>L2-normalises rows.</summary>
    /// <param name="states">[reads, hidden].</param>
    /// <returns>The same shape; the caller owns it.</returns>
    public static Tensor UnitLength(Tensor states)
    {
        using var scope = NewDisposeScope();
        return (states * (states * states).sum(1, keepdim: true).rsqrt()).MoveToOuterDisposeScope();
    }
}
