using Kalm.Language.Generation.Grammar;
using Kalm.Language.Tokenization;

namespace Kalm.Language.Generation;

/// <summary>One sequence while it is written.</summary>
internal sealed class GeneratedSequence
{
    private readonly GenerationOptions options;
    private readonly TokenSampler sampler;
    private readonly IReadOnlySet<int> ends;
    private readonly HashSet<int> seen;
    private readonly Dictionary<int, int> written = [];
    private readonly WrittenText text;
    private readonly GrammarCursor? grammar;
    private readonly int room;

    /// <summary>Begins behind a prompt.</summary>
    /// <param name="prompt">The prompt's tokens.</param>
    /// <param name="number">The sequence's number.</param>
    /// <param name="options">How to write.</param>
    /// <param name="tokenizer">Turns tokens to text.</param>
    /// <param name="ends">The tokens that end a text.</param>
    /// <param name="context">The model's context, in tokens.</param>
    /// <param name="grammar">Keeps it within a grammar; null for none.</param>
    public GeneratedSequence(
        int[] prompt, int number, GenerationOptions options, Tokenizer tokenizer, IReadOnlySet<int> ends, int context,
        GrammarCursor? grammar = null)
    {
        this.grammar = grammar;
        (this.options, this.ends) = (options, ends);
        sampler = new TokenSampler(options, number);
        seen = [.. prompt];
        text = new WrittenText(tokenizer, options.Stop);
        room = Math.Min(options.MaximumNewTokens, context - prompt.Length);
    }

    /// <summary>Why it has ended; null while it goes on.</summary>
    public GenerationEnd? End { get; private set; }

    /// <summary>The last token, to be fed next.</summary>
    public int LastToken { get; private set; }

    /// <summary>The token written by the last step, with its probability; null when that was an end token, or none is told.</summary>
    public WrittenToken? LastWritten { get; private set; }

    /// <summary>The number of tokens written, the end token not counted.</summary>
    public int TokenCount => text.Tokens.Count;

    /// <summary>The sequence as it stands.</summary>
    public Continuation Continuation => new(text.Text, text.Tokens, End ?? GenerationEnd.Length);

    /// <summary>Chooses the next token.</summary>
    /// <param name="logits">One number a token; changed.</param>
    /// <returns>The text that has become certain.</returns>
    public string Write(Span<float> logits)
    {
        var likelihood = options.LogProbabilities is { } told ? TokenLikelihood.Of(logits, told) : null;
        var isStuck = false;
        var token = sampler.Choose(
            logits, seen, written, grammar is null ? null : own => isStuck = !grammar.Restrict(own, room - TokenCount));
        LastWritten = null;
        if (isStuck)
        {
            // The vocabulary cannot spell what has to follow.
            End = GenerationEnd.Length;
            return text.Finish();
        }
        LastToken = token;
        if (!options.IgnoreEnd && ends.Contains(token))
        {
            End = GenerationEnd.Stop;
            return text.Finish();
        }
        seen.Add(token);
        written[token] = written.GetValueOrDefault(token) + 1;
        LastWritten = likelihood?.At(token);
        grammar?.Take(token);
        var piece = text.Add(token);
        if (text.IsStopped)
            End = GenerationEnd.Stop;
        else if (grammar?.IsOver == true)
        {
            End = GenerationEnd.Stop;
            return piece + text.Finish();
        }
        else if (text.Tokens.Count == room)
            End = GenerationEnd.Length;
        return End == GenerationEnd.Length ? piece + text.Finish() : piece;
    }
}
