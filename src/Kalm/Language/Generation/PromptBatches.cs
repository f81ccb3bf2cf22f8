using System.Collections.Concurrent;
using Kalm.Language.Execution;
using Kalm.Language.Sources.Config;

namespace Kalm.Language.Generation;

/// <summary>Prompts ready to be continued together.</summary>
/// <param name="Decoding">The rows; they hold the shared opening already.</param>
/// <param name="Prompts">What is left of each prompt.</param>
internal sealed record PromptBatch(DecodingBatch Decoding, IReadOnlyList<int[]> Prompts);

/// <summary>How prompts are shared out: those of similar length together, the opening that all have in common computed once a
/// worker.</summary>
internal sealed class PromptBatches
{
    private const int MostRows = 64;
    private const int MostTokens = 16_384;
    private readonly DecoderPool pool;
    private readonly IReadOnlyList<int[]> prompts;
    private readonly int branches;
    private readonly int shared;

    /// <summary>Plans.</summary>
    /// <param name="pool">The model; not owned.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="branches">The most continuations of a prompt that are held side by side, each with a cache of its own.</param>
    public PromptBatches(DecoderPool pool, IReadOnlyList<int[]> prompts, int branches = 1)
    {
        (this.pool, this.prompts, this.branches) = (pool, prompts, branches);
        shared = SharedPrefix.LengthOf(prompts);
    }

    /// <summary>Refuses a prompt that cannot be continued.</summary>
    /// <exception cref="KalmException">It is empty, or leaves no room in the context.</exception>
    public static void RequireRoom(int[] prompt, ModelConfig config)
    {
        if (prompt.Length == 0)
            throw new KalmException("an empty prompt: found no token; expected at least one");
        if (prompt.Length >= config.ContextLength)
            throw new KalmException($"a prompt of {prompt.Length} tokens leaves no room in the model's context of {config.ContextLength}; "
                + "expected a shorter one");
    }

    /// <summary>Hands every batch to an action, on the workers side by side.</summary>
    /// <param name="work">Given the batch and the numbers of its prompts.</param>
    public void Run(Action<PromptBatch, int[]> work)
    {
        var queue = new ConcurrentQueue<int[]>(Plan());
        pool.RunEach(queue.Count, decoder =>
        {
            if (queue.IsEmpty)
                return;
            using var opening = new SharedPrefix(pool, decoder, shared == 0 ? [] : prompts[0].AsSpan(0, shared));
            while (queue.TryDequeue(out var rows))
            {
                using var decoding = opening.Continue(rows.Length);
                work(new PromptBatch(decoding, [.. rows.Select(row => prompts[row][shared..])]), rows);
            }
        });
    }

    private IEnumerable<int[]> Plan()
    {
        var order = Enumerable.Range(0, prompts.Count).OrderByDescending(row => prompts[row].Length).ToArray();
        var fewest = (prompts.Count + pool.WorkerCount - 1) / pool.WorkerCount;
        for (var start = 0; start < order.Length;)
        {
            var fitting = MostTokens / ((long)branches * prompts[order[start]].Length);
            var size = (int)Math.Max(1, Math.Min(Math.Min(MostRows, fewest), fitting));
            yield return order[start..Math.Min(start + size, order.Length)];
            start += size;
        }
    }
}
