using static TorchSharp.torch;

namespace Kalm.Language.Execution;

// What is read without gradients.
public sealed partial class DecoderPool
{
    /// <summary>The states of every row's reads behind the vectors' layer and the final norm, without gradients.</summary>
    /// <param name="rows">Any number of rows.</param>
    /// <param name="progress">Told the tokens read after each block, by the thread that read it, one at a time; may be null.</param>
    /// <param name="cancellation">Stops between blocks.</param>
    /// <returns>[reads, hidden] in the order of the rows; the caller owns it.</returns>
    public Tensor Read(IReadOnlyList<TokenRow> rows, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        var (plan, done, telling) = (Plan(rows), 0, new Lock());
        var parts = Array.ConvertAll(plan.Blocks.ToArray(), blocks => new Tensor[blocks.Count]);
        try
        {
            ReadAll();
            return Gather(plan, parts);
        }
        catch (OperationCanceledException)
        {
            foreach (var part in parts.SelectMany(part => part))
                part?.Dispose();
            throw;
        }

        void ReadAll()
        {
            if (Turns is null or { IsMine: true })
                workers.Run(worker => ReadBlocks(worker, 0, parts[worker].Length));
            else
                // The blocks are the same, whoever has a turn between them, and so are the numbers.
                for (var round = 0; round < parts.Max(blocks => blocks.Length); round++)
                    Turns.RunRound(() => workers.Run(worker => ReadBlocks(worker, round, Math.Min(round + 1, parts[worker].Length))));
        }

        void ReadBlocks(int worker, int start, int end)
        {
            using var noGradient = no_grad();
            for (var index = start; index < end; index++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                var decoder = decoders[worker];
                using var tokens = decoder.Block(plan.RowsOf(plan.Blocks[worker][index]));
                parts[worker][index] = decoder.Read(decoder.Embed(tokens.Tokens), tokens, vectorLayer).DetachFromDisposeScope();
                if (progress is not null)
                    lock (telling)
                        progress.Report(done += plan.Blocks[worker][index].Sum(row => rows[row].Length));
            }
        }
    }

    /// <summary>The log-probabilities of the labels that follow the reads, without gradients.</summary>
    /// <param name="rows">At least one row.</param>
    /// <param name="labels">For each row, the token that should follow each of its reads.</param>
    /// <returns>For each row, the natural logarithm of each label's probability.</returns>
    public IReadOnlyList<float[]> LogLikelihoods(IReadOnlyList<TokenRow> rows, IReadOnlyList<int[]> labels)
    {
        var plan = Plan(rows);
        var likelihoods = new float[rows.Count][];
        workers.Run(worker =>
        {
            using var noGradient = no_grad();
            foreach (var block in plan.Blocks[worker])
            {
                using var scope = NewDisposeScope();
                using var tokens = decoders[worker].Block(plan.RowsOf(block));
                var states = decoders[worker].Read(decoders[worker].Embed(tokens.Tokens), tokens);
                var found = LabelLikelihoods.Of(
                    decoders[worker], states, [.. block.SelectMany(row => labels[row]).Select(label => (long)label)], vocabulary);
                var at = 0;
                foreach (var row in block)
                    likelihoods[row] = found[at..(at += labels[row].Length)];
            }
        });
        return likelihoods;
    }
}
