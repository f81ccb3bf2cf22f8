using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>A loss of the head's logits, a portion of the states at a time: logits over a whole vocabulary are held for a portion, never
/// for all, and are small enough for the allocator to use their memory again instead of asking the system for it.</summary>
internal static class HeadPortions
{
    // 16 MiB: glibc's malloc maps what is above 32 MiB anew each time, and every page of it is a fault.
    internal const int LogitsAtOnce = 1 << 22;
    // A head that learns gets a gradient of its own size from every portion.
    internal const int LearnedLogitsAtOnce = 1 << 24;

    /// <summary>Sends the gradient of the portions' losses back.</summary>
    /// <param name="decoder">The model that learns.</param>
    /// <param name="states">Its states, [reads, hidden], with their graph.</param>
    /// <param name="multiple">Portions are filled with zeros to a multiple of it.</param>
    /// <param name="loss">Given the logits of some reads, [filled, vocabulary], F32, the first read and their number, without what is
    /// filled: writes the gradient by the logits over them and returns the loss.</param>
    /// <param name="logitsAtOnce">The logits of a portion; null for as many as suit memory.</param>
    /// <returns>The sum over the portions.</returns>
    public static double Backward(
        Decoder decoder, Tensor states, int multiple, Func<Tensor, int, int, double> loss, int? logitsAtOnce = null)
    {
        using var scope = NewDisposeScope();
        var (reads, sum) = ((int)states.shape[0], 0.0);
        var most = logitsAtOnce ?? (decoder.LearnsHead ? LearnedLogitsAtOnce : LogitsAtOnce);
        var portion = Filled(Math.Max(1, most / decoder.Vocabulary), multiple);
        var isWhole = reads <= portion;
        var leaf = isWhole ? states : states.detach().requires_grad_();
        for (var start = 0; start < reads; start += portion)
        {
            using var inner = NewDisposeScope();
            var count = Math.Min(portion, reads - start);
            var filled = Filled(count, multiple) - count;
            var some = leaf.narrow(0, start, count);
            // Nothing on the way back reads the logits themselves, so that their memory may take the gradient.
            var logits = decoder.Logits(filled == 0 ? some : nn.functional.pad(some, [0, 0, 0, filled]))
                .to(ScalarType.Float32).contiguous();
            var gradient = logits.detach();
            sum += loss(gradient, start, count);
            autograd.backward([logits], [gradient]);
        }
        if (!isWhole)
            autograd.backward([states], [leaf.grad!]);
        return sum;
    }

    private static int Filled(int count, int multiple) => (count + multiple - 1) / multiple * multiple;
}
