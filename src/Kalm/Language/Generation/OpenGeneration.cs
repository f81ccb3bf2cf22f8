using Kalm.Language.Execution;

namespace Kalm.Language.Generation;

/// <summary>A prompt that is continued one token at a time, by one sequence or by several, beside others
/// (<see cref="GenerationBatch"/>). Owns its caches. Made by <see cref="Generator.Open"/>; not for several threads at once.</summary>
public sealed class OpenGeneration : IDisposable
{
    private readonly int[] prompt;
    private readonly GeneratedSequence[] sequences;
    private readonly KeyValueCache?[] caches;
    private readonly List<GeneratedPiece> pieces = [];

    internal OpenGeneration(int[] prompt, GeneratedSequence[] sequences) =>
        (this.prompt, this.sequences, caches) = (prompt, sequences, new KeyValueCache?[sequences.Length]);

    /// <summary>The number of prompt tokens.</summary>
    public int PromptTokens => prompt.Length;

    /// <summary>How many of them were not read, because their keys and values were there already.</summary>
    public int CachedTokens { get; private set; }

    /// <summary>Whether the prompt has been read, so that every step writes.</summary>
    public bool IsRead { get; private set; }

    /// <summary>What went wrong with this one alone; null while nothing did. It is not continued.</summary>
    public Exception? Fault { get; internal set; }

    /// <summary>Whether every sequence has ended.</summary>
    public bool IsFinished => Array.TrueForAll(sequences, sequence => sequence.End is not null);

    /// <summary>The sequences that have not ended, ascending.</summary>
    public IEnumerable<int> OpenSequences => Enumerable.Range(0, sequences.Length).Where(sequence => sequences[sequence].End is null);

    /// <summary>The tokens written so far, of all sequences, end tokens not counted.</summary>
    public int WrittenTokens => sequences.Sum(sequence => sequence.TokenCount);

    /// <summary>What the last step wrote.</summary>
    public IReadOnlyList<GeneratedPiece> Pieces => pieces;

    /// <summary>The sequences as they stand.</summary>
    public IReadOnlyList<Continuation> Continuations => Array.ConvertAll(sequences, sequence => sequence.Continuation);

    /// <summary>The prompt's tokens.</summary>
    internal int[] Prompt => prompt;

    /// <summary>Whether reading has begun.</summary>
    internal bool IsBegun => IsRead || caches[0] is not null;

    /// <summary>What others may begin with; null where there is nothing.</summary>
    internal CachedPrefix? Prefix => Array.Find(caches, cache => cache is not null) is { } cache
        ? new CachedPrefix(prompt, Math.Min(cache.SlotCount, prompt.Length), prompt.Length, cache) : null;

    /// <summary>Begins to read.</summary>
    /// <param name="cache">What is there of the prompt; owned from here on.</param>
    internal void Begin(KeyValueCache cache) => (caches[0], CachedTokens) = (cache, cache.SlotCount);

    /// <summary>Forgets what the last step wrote.</summary>
    internal void Clear() => pieces.Clear();

    /// <summary>The next part of the prompt.</summary>
    /// <param name="most">At most so many tokens.</param>
    internal Feed NextPart(int most)
    {
        var start = caches[0]!.SlotCount;
        var end = Math.Min(prompt.Length, start + most);
        return new Feed(this, Feed.Reading, caches[0]!, start, prompt[start..end], end == prompt.Length);
    }

    /// <summary>The last token of every sequence that goes on.</summary>
    internal IEnumerable<Feed> NextTokens() => OpenSequences.Select(sequence =>
        new Feed(this, sequence, caches[sequence]!, caches[sequence]!.SlotCount, [sequences[sequence].LastToken], true));

    /// <summary>Chooses what follows.</summary>
    /// <param name="sequence">Which sequence, or <see cref="Feed.Reading"/> for the prompt, which all continue.</param>
    /// <param name="logits">One number a token; changed.</param>
    internal void Write(int sequence, Span<float> logits)
    {
        if (sequence != Feed.Reading)
            WriteOne(sequence, logits);
        else
            for (var own = 0; own < sequences.Length; own++)
                // Writing changes the logits, which all sequences share at first.
                WriteOne(own, own == sequences.Length - 1 ? logits : logits.ToArray());
    }

    /// <summary>Gives sequences that go on caches of their own once the prompt is read, and gives up those of sequences that have
    /// ended.</summary>
    /// <param name="kept">Keeps the latter.</param>
    internal void Settle(PrefixCache kept)
    {
        if (!IsRead)
            foreach (var sequence in OpenSequences.Where(sequence => sequence > 0))
                caches[sequence] = caches[0]!.First(prompt.Length);
        IsRead = true;
        for (var sequence = 0; sequence < caches.Length; sequence++)
            if (sequences[sequence].End is not null && caches[sequence] is { } cache)
            {
                caches[sequence] = null;
                kept.Keep(new CachedPrefix(
                    [.. prompt, .. sequences[sequence].Continuation.Tokens], cache.SlotCount, prompt.Length, cache));
            }
    }

    private void WriteOne(int sequence, Span<float> logits)
    {
        var text = sequences[sequence].Write(logits);
        pieces.Add(new GeneratedPiece(sequence, text, sequences[sequence].End) { Token = sequences[sequence].LastWritten });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (var sequence = 0; sequence < caches.Length; sequence++)
        {
            caches[sequence]?.Dispose();
            caches[sequence] = null;
        }
    }
}

/// <summary>Some tokens of one sequence, to be fed in a pass.</summary>
/// <param name="Generation">Whose they are.</param>
/// <param name="Sequence">Which of its sequences, or <see cref="Reading"/>.</param>
/// <param name="Cache">What they follow; not owned.</param>
/// <param name="Start">The slots that it had.</param>
/// <param name="Tokens">The tokens.</param>
/// <param name="IsAnswered">Whether the logits behind the last of them are wanted.</param>
internal sealed record Feed(
    OpenGeneration Generation, int Sequence, KeyValueCache Cache, int Start, int[] Tokens, bool IsAnswered)
{
    /// <summary>The prompt, which all sequences continue.</summary>
    public const int Reading = -1;

    /// <summary>The tokens in their places.</summary>
    public TokenRow Row => new(
        Tokens, [.. Enumerable.Range(Start, Tokens.Length)], new int[Tokens.Length], [Tokens.Length - 1]);
}

/// <summary>What one step wrote of one sequence.</summary>
/// <param name="Sequence">Its number, from 0.</param>
/// <param name="Text">The text that has become certain; often empty.</param>
/// <param name="End">Why it has ended; null while it goes on.</param>
public sealed record GeneratedPiece(int Sequence, string Text, GenerationEnd? End)
{
    /// <summary>The token that was written, where log-probabilities are told; null for an end token.</summary>
    public WrittenToken? Token { get; init; }
}
