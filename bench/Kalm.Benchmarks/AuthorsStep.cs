using Kalm.Alignment.Losses;
using Kalm.Engine;
using Kalm.Language.Execution;
using Kalm.Language.Execution.Kernels;
using Kalm.Language.Model;
using Kalm.Language.Training;
using Kalm.Representation;
using TorchSharp;
using static TorchSharp.torch;

namespace Kalm.Benchmarks;

/// <summary>A training step as the authors' code takes it, on our decoder: three padded passes, the language-model head over every position
/// of each, the pass over the heads recorded for a gradient that nothing asks for, then a padded pass over the prompts.</summary>
/// <remarks>In its favour: batches are tokenised before the clock starts, attention is told that it is causal instead of given a mask, the
/// optimizer is our flat one, and nothing is moved between devices. All threads work inside each operation, as they do there.</remarks>
internal sealed class AuthorsStep : IDisposable
{
    private const double Rate = 1e-4;
    private const double Decay = 1e-3;
    private const double ClipNorm = 1;
    private const double Margin = 0.02;
    private const double Temperature = 0.05;
    private static readonly Scalar ImplicitWeight = 0.01.ToScalar();
    private readonly ParameterSet learned;
    private readonly ParameterReplica replica;
    private readonly Decoder decoder;
    private readonly AdamW optimizer;
    private readonly Tensor logInverseTemperature = tensor((float)Math.Log(1 / Temperature)).DetachFromDisposeScope();
    private readonly int threads;

    public AuthorsStep(CausalModel model, int threads)
    {
        this.threads = threads;
        learned = new ParameterSet(model.Weights, CPU);
        replica = learned.CreateReplica();
        decoder = new Decoder(model.Config, model.Weights, replica, null, CPU, kernels: new TorchKernels(model.Config));
        optimizer = new AdamW(learned, Decay);
    }

    /// <summary>Takes one step.</summary>
    public double Take(AuthorsBatch batch)
    {
        set_num_threads(threads);
        using var scope = NewDisposeScope();
        replica.Gradient.zero_();
        var queries = Embed(batch.Queries);
        var tails = Embed(batch.Tails);
        _ = Embed(batch.Heads);
        // Their look-up of known answers never hits, so nothing is masked.
        var rows = batch.Queries.Rows.Length;
        var (contrastive, _) = new ContrastiveLoss(
            [.. Enumerable.Range(0, rows)], [.. Enumerable.Repeat(Array.Empty<int>(), rows)],
            [.. Enumerable.Repeat(-1, rows)], rows, Margin, 0)
            .Compute(queries, tails, logInverseTemperature);
        var language = nn.functional.cross_entropy(
            decoder.Logits(Read(batch.Prompts)), tensor(batch.PromptLabels), ignore_index: AuthorsBatch.Unlabelled);
        var loss = contrastive.Plus(language.mul(ImplicitWeight));
        loss.backward();
        AdamW.Clip(replica.Gradient, ClipNorm);
        optimizer.Step(replica.Gradient, Rate);
        return loss.ReadNumber();
    }

    private Tensor Embed(PaddedRows rows)
    {
        var states = Read(rows);
        _ = decoder.Logits(states);
        return Encoder.UnitLength(states.index_select(0, tensor(rows.Ends)));
    }

    private Tensor Read(PaddedRows rows)
    {
        using var block = new TokenBlock(rows.Rows, CPU);
        return decoder.Read(decoder.Embed(block.Tokens), block);
    }

    public void Dispose()
    {
        optimizer.Dispose();
        decoder.Dispose();
        replica.Dispose();
        learned.Dispose();
        logInverseTemperature.Dispose();
    }
}
