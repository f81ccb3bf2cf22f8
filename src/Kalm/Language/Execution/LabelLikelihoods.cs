using static TorchSharp.torch;

namespace Kalm.Language.Execution;

/// <summary>Log-probabilities of given labels. The head runs over a portion of the states at a time, because the logits of all of them,
/// [reads, vocabulary], can be larger than everything else together.</summary>
internal static class LabelLikelihoods
{
    private const int LogitsAtOnce = 1 << 24;

    /// <summary>Reads the likelihoods.</summary>
    /// <param name="decoder">Has the head.</param>
    /// <param name="states">[reads, hidden], from <see cref="Decoder.Read"/>.</param>
    /// <param name="labels">The token that should follow each read.</param>
    /// <param name="vocabulary">The number of logits.</param>
    /// <returns>A natural logarithm for each label.</returns>
    public static float[] Of(Decoder decoder, Tensor states, long[] labels, int vocabulary)
    {
        var likelihoods = new float[labels.Length];
        var portion = Math.Max(1, LogitsAtOnce / vocabulary);
        for (var start = 0; start < labels.Length; start += portion)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(portion, labels.Length - start);
            var logits = decoder.Logits(states.narrow(0, start, count)).to(ScalarType.Float32);
            var label = tensor(labels[start..(start + count)], [count, 1], device: states.device);
            var found = (logits.gather(1, label).squeeze(1) - logits.logsumexp(1)).cpu();
            found.data<float>().CopyTo(likelihoods, start);
        }
        return likelihoods;
    }
}
