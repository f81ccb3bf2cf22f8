using Kalm.Language.Generation.Grammar;
using Kalm.Language.Sources;

namespace Kalm.Language.Generation;

/// <summary>How a text is continued.</summary>
public sealed record GenerationOptions
{
    /// <summary>At most so many tokens are written.</summary>
    public int MaximumNewTokens { get; init; } = 128;

    /// <summary>Logits are divided by it before a token is drawn; 0 always takes the likeliest.</summary>
    public double Temperature { get; init; }

    /// <summary>Only the so many likeliest tokens are drawn from; null for all.</summary>
    public int? TopK { get; init; }

    /// <summary>Only the likeliest tokens whose probabilities together reach it are drawn from (nucleus sampling, arXiv
    /// 1904.09751).</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Logits of tokens that occurred are divided by it when positive and multiplied when negative (CTRL, arXiv
    /// 1909.05858).</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Tokens less likely than this share of the likeliest one's probability are not drawn.</summary>
    public double MinP { get; init; }

    /// <summary>Taken off the logit of every token that was written, once.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>Taken off the logit of every token that was written, for each time.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Added to the logits of tokens, by their ids.</summary>
    public IReadOnlyDictionary<int, double> LogitBias { get; init; } = new Dictionary<int, double>();

    /// <summary>Of each token that is written its log-probability is told, and those of the so many likeliest ones; null tells
    /// none.</summary>
    public int? LogProbabilities { get; init; }

    /// <summary>What the text must be, whole or cut short; null for anything.</summary>
    public TextGrammar? Grammar { get; init; }

    /// <summary>Writing ends before any of these.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Whether the model's end token is a token like any other, so that the limit alone ends a text: for measurements of
    /// speed.</summary>
    public bool IgnoreEnd { get; init; }

    /// <summary>Decides what is drawn.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>What a model wants where nothing else is asked for.</summary>
    public static GenerationOptions Of(GenerationDefaults defaults)
    {
        ArgumentNullException.ThrowIfNull(defaults);
        var options = new GenerationOptions { RepetitionPenalty = defaults.RepetitionPenalty ?? 1 };
        options = defaults.MaximumNewTokens is > 0 and { } tokens ? options with { MaximumNewTokens = tokens } : options;
        return !defaults.Samples ? options : options with
        {
            Temperature = defaults.Temperature ?? 1,
            TopK = defaults.TopK is > 0 and { } kept ? kept : null,
            TopP = defaults.TopP is > 0 and <= 1 and { } share ? share : 1,
        };
    }

    /// <summary>Checks the values.</summary>
    /// <exception cref="KalmException">A value makes no sense; the message names it.</exception>
    public GenerationOptions Validated()
    {
        Require(MaximumNewTokens > 0, "max_tokens", MaximumNewTokens, "1 or more");
        Require(Temperature is >= 0 and <= 100, "temperature", Temperature, "0..100");
        Require(TopK is null or > 0, "top_k", TopK, "1 or more");
        Require(TopP is > 0 and <= 1, "top_p", TopP, "more than 0, at most 1");
        Require(MinP is >= 0 and <= 1, "min_p", MinP, "0..1");
        Require(double.IsFinite(PresencePenalty), "presence_penalty", PresencePenalty, "a finite number");
        Require(double.IsFinite(FrequencyPenalty), "frequency_penalty", FrequencyPenalty, "a finite number");
        Require(LogProbabilities is null or >= 0, "logprobs", LogProbabilities, "0 or more");
        Require(RepetitionPenalty is > 0 and <= 100, "repetition_penalty", RepetitionPenalty, "more than 0, at most 100");
        Require(Stop.All(text => text.Length > 0), "stop", "an empty string", "texts of one character or more");
        return this;
    }

    private static void Require(bool holds, string option, object? found, string expected)
    {
        if (!holds)
            throw new KalmException($"{option}: found {found}; expected {expected}");
    }
}

/// <summary>Why writing ended.</summary>
public enum GenerationEnd
{
    /// <summary>The model wrote an end token, or a stop text came.</summary>
    Stop,

    /// <summary>The token limit or the context was reached.</summary>
    Length,
}

/// <summary>What a model wrote behind a prompt.</summary>
/// <param name="Text">What was written, without the end token and without the stop text.</param>
/// <param name="Tokens">The tokens, the end token not counted.</param>
/// <param name="End">Why it ended.</param>
public sealed record Continuation(string Text, IReadOnlyList<int> Tokens, GenerationEnd End);
