using Kalm.Language.Execution;

namespace Kalm.Language.Generation;

/// <summary>A text of the trie as an answer.</summary>
/// <param name="Text">Its number.</param>
/// <param name="LogProbability">The sum over its tokens of the log-probability among the tokens allowed there, in nats; over all texts of
/// the trie the probabilities sum to 1.</param>
/// <param name="Score">What answers are ordered by: the log-probability, less that after a neutral prompt where there is one.</param>
public sealed record ConstrainedAnswer(int Text, double LogProbability, double Score);

/// <summary>Writes only texts of a trie, so that every answer is a real one: beam search over the trie (constrained decoding; GENRE,
/// arXiv 2010.00904).</summary>
/// <param name="pool">The model; not owned.</param>
/// <param name="trie">The allowed texts.</param>
/// <param name="terminators">The tokens that may end a text; their probabilities count together.</param>
/// <param name="prior">How likely the texts are by themselves, which is taken off (pointwise mutual information, arXiv 2104.08315); null
/// takes nothing off.</param>
public sealed class ConstrainedDecoder(DecoderPool pool, TokenTrie trie, int[] terminators, TriePrior? prior = null)
{
    /// <summary>The best answers to each prompt.</summary>
    /// <param name="prompts">Token ids, each at least one.</param>
    /// <param name="count">Answers wanted for each.</param>
    /// <param name="beams">Unfinished texts kept for each; the search is exact when it is no less than the number of texts.</param>
    /// <param name="progress">Told the number of prompts done; may be null.</param>
    /// <param name="cancellation">Stops between tokens.</param>
    /// <returns>For each prompt its answers, the best first; fewer than wanted when the trie or the beams hold no more.</returns>
    /// <exception cref="KalmException">A prompt leaves no room in the context.</exception>
    public IReadOnlyList<IReadOnlyList<ConstrainedAnswer>> Best(
        IReadOnlyList<int[]> prompts, int count, int beams, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        foreach (var prompt in prompts)
            PromptBatches.RequireRoom(prompt, pool.Config);
        var answers = new IReadOnlyList<ConstrainedAnswer>[prompts.Count];
        var done = 0;
        new PromptBatches(pool, prompts, Math.Min(beams, trie.Count)).Run((batch, rows) =>
        {
            var searches = rows.Select(row => new TrieSearch(
                trie, terminators, prior, count, beams, pool.Config.ContextLength - prompts[row].Length)).ToArray();
            Run(batch, searches, cancellation);
            for (var index = 0; index < rows.Length; index++)
                answers[rows[index]] = searches[index].Answers;
            progress?.Report(Interlocked.Add(ref done, rows.Length));
        });
        return answers;
    }

    private static void Run(PromptBatch batch, TrieSearch[] searches, CancellationToken cancellation)
    {
        var logits = batch.Decoding.Feed(batch.Prompts);
        var open = searches;
        while (true)
        {
            var width = logits.Length / open.Sum(search => search.Rows);
            var parents = new List<int>();
            var tokens = new List<int[]>();
            var start = 0;
            foreach (var search in open)
            {
                var rows = search.Rows;
                search.Advance(logits.AsSpan(start * width, rows * width), width);
                foreach (var (parent, token) in search.Fed)
                {
                    parents.Add(start + parent);
                    tokens.Add([token]);
                }
                start += rows;
            }
            open = [.. open.Where(search => search.Rows > 0)];
            if (open.Length == 0)
                return;
            cancellation.ThrowIfCancellationRequested();
            if (!parents.SequenceEqual(Enumerable.Range(0, start)))
                batch.Decoding.Keep(parents);
            logits = batch.Decoding.Feed(tokens);
        }
    }
}
