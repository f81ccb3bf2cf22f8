using System.Text;
using Kalm.Language.Generation;
using Kalm.Language.Tokenization;

namespace Kalm.Server.Routes;

/// <summary>How likely the tokens of a text were.</summary>
/// <param name="Content">The tokens.</param>
internal sealed record ChatLogprobs(IReadOnlyList<ChatTokenLogprob> Content)
{
    /// <summary>Of tokens that were written.</summary>
    public static ChatLogprobs Of(IEnumerable<WrittenToken> tokens, Tokenizer tokenizer) => new([.. tokens.Select(token =>
    {
        var (text, bytes) = TokenText.Of(token.Chosen.Token, tokenizer);
        return new ChatTokenLogprob(text, TokenText.Finite(token.Chosen.LogProbability), bytes, [.. token.Likeliest.Select(other =>
        {
            var (own, spelled) = TokenText.Of(other.Token, tokenizer);
            return new ChatTopLogprob(own, TokenText.Finite(other.LogProbability), spelled);
        })]);
    })]);
}

/// <summary>A token and how likely it was.</summary>
/// <param name="Token">Its text.</param>
/// <param name="Logprob">The natural logarithm of its probability by the model alone.</param>
/// <param name="Bytes">Its bytes, of which several tokens may make one character.</param>
/// <param name="TopLogprobs">The likeliest tokens at its place.</param>
internal sealed record ChatTokenLogprob(
    string Token, double Logprob, IReadOnlyList<int> Bytes, IReadOnlyList<ChatTopLogprob> TopLogprobs);

/// <summary>A token that might have been.</summary>
internal sealed record ChatTopLogprob(string Token, double Logprob, IReadOnlyList<int> Bytes);

/// <summary>What tokens are in answers.</summary>
internal static class TokenText
{
    // What OpenAI tells where a probability is 0.
    private const double Least = -9999;

    /// <summary>The text and the bytes of a token.</summary>
    public static (string Text, IReadOnlyList<int> Bytes) Of(int token, Tokenizer tokenizer)
    {
        var bytes = tokenizer.BytesOf(token);
        return (Encoding.UTF8.GetString(bytes), [.. bytes.Select(value => (int)value)]);
    }

    /// <summary>A log-probability that JSON can hold.</summary>
    public static double Finite(double logProbability) => Math.Max(logProbability, Least);
}
