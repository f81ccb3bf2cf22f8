using Kalm.Language.Execution;
using Kalm.Language.Generation.Grammar;
using Kalm.Language.Tokenization;

namespace Kalm.Language.Generation;

/// <summary>Continues texts: many prompts together, each as it would be alone, or one as a stream of pieces.</summary>
/// <param name="pool">The model; not owned.</param>
/// <param name="tokenizer">Its tokenizer.</param>
public sealed class Generator(DecoderPool pool, Tokenizer tokenizer)
{
    private readonly HashSet<int> ends = [.. pool.EndTokenIds];
    private readonly Lazy<VocabularyTrie> vocabulary = new(() => new VocabularyTrie(tokenizer));

    /// <summary>Continues prompts.</summary>
    /// <param name="prompts">Token ids, each at least one.</param>
    /// <param name="options">How to write.</param>
    /// <param name="progress">Told the number of prompts done; may be null.</param>
    /// <param name="cancellation">Stops between tokens.</param>
    /// <returns>A continuation for each prompt, in their order.</returns>
    /// <exception cref="KalmException">A prompt leaves no room in the context, or an option makes no sense.</exception>
    public IReadOnlyList<Continuation> Continue(
        IReadOnlyList<int[]> prompts, GenerationOptions options, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        var sequences = prompts.Select((prompt, number) => Begin(prompt, number, options.Validated())).ToArray();
        new PromptBatches(pool, prompts).Run((batch, rows) =>
        {
            Finish(batch, [.. rows.Select(row => sequences[row])], cancellation);
            progress?.Report(sequences.Count(sequence => sequence.End is not null));
        });
        return [.. sequences.Select(sequence => sequence.Continuation)];
    }

    /// <summary>Continues one prompt piece by piece; no piece splits a character.</summary>
    /// <param name="prompt">Token ids, at least one.</param>
    /// <param name="options">How to write.</param>
    /// <param name="cancellation">Stops between tokens.</param>
    /// <exception cref="KalmException">The prompt leaves no room in the context, or an option makes no sense.</exception>
    public IEnumerable<string> Stream(int[] prompt, GenerationOptions options, CancellationToken cancellation = default)
    {
        var sequence = Begin(prompt, 0, options.Validated());
        return Pieces();

        IEnumerable<string> Pieces()
        {
            using var batch =
                pool.OnFirst(decoder => new DecodingBatch(decoder, new KeyValueCache(pool.Config, 1, pool.Device), pool.Device));
            var next = prompt;
            while (sequence.End is null)
            {
                cancellation.ThrowIfCancellationRequested();
                var logits = pool.OnFirst(_ => batch.Feed([next]));
                var piece = sequence.Write(logits);
                next = [sequence.LastToken];
                if (piece.Length > 0)
                    yield return piece;
            }
        }
    }

    /// <summary>Opens a prompt to be continued step by step (<see cref="GenerationBatch"/>).</summary>
    /// <param name="prompt">Token ids, at least one.</param>
    /// <param name="count">The number of sequences, each with draws of its own.</param>
    /// <param name="options">How to write.</param>
    /// <returns>The generation; the caller owns it.</returns>
    /// <exception cref="KalmException">The prompt leaves no room in the context, or an option makes no sense.</exception>
    public OpenGeneration Open(int[] prompt, int count, GenerationOptions options)
    {
        options.Validated();
        return new OpenGeneration(prompt, [.. Enumerable.Range(0, count).Select(number => Begin(prompt, number, options))]);
    }

    private GeneratedSequence Begin(int[] prompt, int number, GenerationOptions options)
    {
        PromptBatches.RequireRoom(prompt, pool.Config);
        var grammar = options.Grammar is { } wanted ? new GrammarCursor(wanted, vocabulary.Value, tokenizer, ends) : null;
        return new GeneratedSequence(prompt, number, options, tokenizer, ends, pool.Config.ContextLength, grammar);
    }

    private static void Finish(PromptBatch batch, GeneratedSequence[] sequences, CancellationToken cancellation)
    {
        var logits = batch.Decoding.Feed(batch.Prompts);
        var width = logits.Length / sequences.Length;
        while (true)
        {
            for (var row = 0; row < sequences.Length; row++)
                if (sequences[row].End is null)
                    sequences[row].Write(logits.AsSpan(row * width, width));
            var open = sequences.Count(sequence => sequence.End is null);
            if (open == 0)
                return;
            cancellation.ThrowIfCancellationRequested();
            // Dropping rows copies the cache, so it waits until half are done.
            if (open <= sequences.Length / 2)
            {
                var rows = Enumerable.Range(0, sequences.Length).Where(row => sequences[row].End is null).ToArray();
                batch.Decoding.Keep(rows);
                sequences = [.. rows.Select(row => sequences[row])];
            }
            logits = batch.Decoding.Feed([.. sequences.Select(sequence => new[] { sequence.LastToken })]);
        }
    }
}
