using System.Collections.Concurrent;
using Kalm.Language.Execution;

namespace Kalm.Language.Generation;

/// <summary>A prompt that is continued one token at a time, by one sequence or by several, so that many prompts can take turns. Owns its
/// cache. Made by <see cref="Generator.Open"/>; not for several threads at once.</summary>
public sealed class OpenGeneration : IDisposable
{
    private readonly int[] prompt;
    private readonly GeneratedSequence[] sequences;
    private readonly DecoderPool pool;
    private readonly List<GeneratedPiece> pieces = [];
    private int[] rows = [];
    private DecodingBatch? batch;

    internal OpenGeneration(int[] prompt, GeneratedSequence[] sequences, DecoderPool pool) =>
        (this.prompt, this.sequences, this.pool) = (prompt, sequences, pool);

    /// <summary>The number of prompt tokens.</summary>
    public int PromptTokens => prompt.Length;

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

    /// <summary>Writes one token for every sequence of every generation that goes on, on all workers side by side.</summary>
    /// <param name="pool">The model of all of them.</param>
    /// <param name="generations">Any number.</param>
    public static void Step(DecoderPool pool, IEnumerable<OpenGeneration> generations)
    {
        var queue = new ConcurrentQueue<OpenGeneration>(generations.Where(generation => !generation.IsFinished));
        if (!queue.IsEmpty)
            pool.RunEach(queue.Count, decoder =>
            {
                while (queue.TryDequeue(out var generation))
                    generation.Step(decoder);
            });
    }

    private void Step(Decoder decoder)
    {
        pieces.Clear();
        var isFirst = batch is null;
        batch ??= new DecodingBatch(decoder, new KeyValueCache(pool.Config, 1, pool.Device), pool.Device);
        var logits = batch.Feed(isFirst ? [prompt] : [.. rows.Select(row => new[] { sequences[row].LastToken })], decoder);
        if (isFirst)
            rows = [.. Enumerable.Range(0, sequences.Length)];
        var width = isFirst ? logits.Length : logits.Length / rows.Length;
        foreach (var (place, row) in rows.Index())
        {
            // Writing changes the logits, which all sequences share at first.
            var own = isFirst ? logits.AsSpan().ToArray() : logits.AsSpan(place * width, width);
            pieces.Add(new GeneratedPiece(row, sequences[row].Write(own), sequences[row].End) { Token = sequences[row].LastWritten });
        }
        var open = Array.FindAll(rows, row => sequences[row].End is null);
        if (open.Length > 0 && (isFirst ? open.Length > 1 : open.Length < rows.Length))
            batch.Keep([.. open.Select(row => isFirst ? 0 : Array.IndexOf(rows, row))]);
        rows = open;
    }

    /// <inheritdoc/>
    public void Dispose() => batch?.Dispose();
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
