using System.Text.Json.Nodes;
using Kalm.Language.Execution;
using Kalm.Language.Tokenization;
using Kalm.Representation;

namespace Kalm.Evaluation;

/// <summary>How well a model predicts a text. The text is read through a sliding window: every token but the first is predicted exactly
/// once, in the first window that reaches it, so that each has at least window - stride tokens of context once the first window is
/// full.</summary>
/// <param name="Tokens">All ids of the text, with the begin token of a tokenizer that adds one.</param>
/// <param name="NegativeLogLikelihood">Of all predicted tokens together, in nats.</param>
/// <param name="Window">Tokens in a window, its predicted ones included.</param>
/// <param name="Stride">Tokens from the begin of a window to that of the next.</param>
public sealed record TextPerplexity(int Tokens, double NegativeLogLikelihood, int Window, int Stride)
{
    private const int LargestDefaultWindow = 2048;
    private const int PortionTokens = 1 << 15;

    /// <summary>The number of tokens predicted: all but the first.</summary>
    public int Predicted => Tokens - 1;

    /// <summary>The perplexity per predicted token.</summary>
    public double Perplexity => Math.Exp(NegativeLogLikelihood / Predicted);

    /// <summary>Measures a text.</summary>
    /// <param name="model">The model.</param>
    /// <param name="text">The text, as one sequence.</param>
    /// <param name="window">2 up to the model's context; null takes the context, at most 2,048.</param>
    /// <param name="stride">1 up to the window less one; null takes half the window.</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <exception cref="KalmException">The text is shorter than two tokens, or window or stride cannot be.</exception>
    public static TextPerplexity Measure(
        LoadedModel model, string text, int? window, int? stride, IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        var context = model.Model.Config.ContextLength;
        var wide = window ?? Math.Min(context, LargestDefaultWindow);
        if (wide < 2 || wide > context)
            throw new KalmException($"window: found {wide}; expected 2 to {context}, the model's context");
        var step = stride ?? wide / 2;
        if (step < 1 || step >= wide)
            throw new KalmException(
                $"stride: found {step}; expected 1 to {wide - 1}, less than the window, so that every token has a context");
        var ids = model.Model.Tokenizer.Begin(model.Model.Tokenizer.Encode(text));
        return Measure(model.Decoder, ids, wide, step, progress, cancellation);
    }

    /// <summary>Measures token ids.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="ids">At least two token ids.</param>
    /// <param name="window">At least 2 and not beyond the model's context.</param>
    /// <param name="stride">At least 1 and less than the window.</param>
    /// <param name="progress">Told how many tokens are done; may be null.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <exception cref="KalmException">There are fewer than two tokens, or a likelihood is not finite.</exception>
    public static TextPerplexity Measure(
        DecoderPool decoder, int[] ids, int window, int stride, IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        if (ids.Length < 2)
            throw new KalmException(
                $"the text: found {(ids.Length == 0 ? "no token" : "one token")}; expected at least two: the first cannot be predicted");
        var sum = 0.0;
        var done = 0;
        // A few windows at a time: the text's own length then needs no memory but its ids.
        foreach (var portion in Windows(ids, window, stride).Chunk(Math.Max(1, PortionTokens / window)))
        {
            cancellation.ThrowIfCancellationRequested();
            var likelihoods = decoder.LogLikelihoods([.. portion.Select(item => item.Row)], [.. portion.Select(item => item.Labels)]);
            sum -= likelihoods.Sum(row => row.Sum(value => (double)value));
            done += portion.Sum(item => item.Labels.Length);
            progress?.Report(new EvaluationProgress("predicting", done, ids.Length - 1));
        }
        return double.IsFinite(sum) ? new TextPerplexity(ids.Length, sum, window, stride)
            : throw new KalmException("the model gives likelihoods that are not finite: its weights are damaged or its training diverged");
    }

    /// <summary>Measures texts that stand for themselves, each begun and ended as a model learns it; what exceeds the context is left
    /// out.</summary>
    /// <param name="model">The model.</param>
    /// <param name="texts">At least one of two tokens or more.</param>
    /// <param name="cancellation">Stops between portions.</param>
    public static TextPerplexity OfTexts(LoadedModel model, IReadOnlyList<string> texts, CancellationToken cancellation)
    {
        var context = model.Model.Config.ContextLength;
        var whole = texts.Select(model.Model.Tokenizer.Whole).Where(ids => ids.Length > 1)
            .Select(ids => ids[..Math.Min(ids.Length, context)]).ToList();
        if (whole.Count == 0)
            throw new KalmException("the texts: found none of two tokens; expected at least one");
        var sum = 0.0;
        foreach (var portion in whole.Chunk(256))
        {
            cancellation.ThrowIfCancellationRequested();
            var likelihoods = model.Decoder.LogLikelihoods(
                [.. portion.Select(ids => TokenRow.Sequence(ids[..^1], [.. Enumerable.Range(0, ids.Length - 1)]))],
                [.. portion.Select(ids => ids[1..])]);
            sum -= likelihoods.Sum(row => row.Sum(value => (double)value));
        }
        // One token of each text is not predicted.
        return new TextPerplexity(whole.Sum(ids => ids.Length - 1) + 1, sum, context, context);
    }

    /// <summary>The measure as JSON, without the facts about model and text that the caller adds; a perplexity beyond all numbers is
    /// null.</summary>
    public JsonObject ToJson() => new()
    {
        ["tokens"] = Tokens,
        ["predicted"] = Predicted,
        ["nll"] = NegativeLogLikelihood,
        ["perplexity"] = double.IsFinite(Perplexity) ? Perplexity : null,
        ["window"] = Window,
        ["stride"] = Stride,
    };

    private static IEnumerable<(TokenRow Row, int[] Labels)> Windows(int[] ids, int window, int stride)
    {
        var predicted = 1;
        for (var start = 0; predicted < ids.Length; start += stride)
        {
            var end = Math.Min(start + window, ids.Length);
            // A token is predicted at the one before it. The window's last is a label only, but its length may decide how positions are
            // stretched.
            yield return (TokenRow.Sequence(ids[start..end], [.. Enumerable.Range(predicted - 1 - start, end - predicted)]),
                ids[predicted..end]);
            predicted = end;
        }
    }
}
