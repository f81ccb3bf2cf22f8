using System.Diagnostics;
using System.Threading.Channels;
using Kalm.Language.Generation;
using Kalm.Representation;

namespace Kalm.Extensions.Inference;

/// <summary>Something a request wants of the model.</summary>
/// <param name="cancellation">Cancelled when nobody waits for it any more.</param>
internal abstract class Job(CancellationToken cancellation)
{
    private readonly long asked = Stopwatch.GetTimestamp();

    /// <summary>Cancelled when nobody waits for it any more.</summary>
    public CancellationToken Cancellation => cancellation;

    /// <summary>The time since it was asked for.</summary>
    public TimeSpan Age => Stopwatch.GetElapsedTime(asked);

    /// <summary>Tells the one who waits that it will not be done.</summary>
    public abstract void Fail(Exception error);
}

/// <summary>A job with one result.</summary>
internal abstract class Job<TResult>(CancellationToken cancellation) : Job(cancellation)
{
    // The model's thread has more to do than to run what comes after.
    private readonly TaskCompletionSource<TResult> source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The result; who cancels it does not wait until the model's thread has come to it.</summary>
    public Task<TResult> Result => source.Task.WaitAsync(Cancellation);

    /// <summary>Gives the result.</summary>
    public void Complete(TResult result) => source.TrySetResult(result);

    /// <inheritdoc/>
    public override void Fail(Exception error) => source.TrySetException(error);
}

/// <summary>Views to encode; many such jobs are done together. Gives a vector for each view, in order.</summary>
/// <param name="views">The views.</param>
/// <param name="cancellation">Cancelled when nobody waits for it any more.</param>
internal class EncodingJob(IReadOnlyList<ViewRequest> views, CancellationToken cancellation) : Job<IReadOnlyList<float[]>>(cancellation)
{
    /// <summary>The views.</summary>
    public IReadOnlyList<ViewRequest> Views => views;

    /// <summary>How many views it counts for where jobs are taken together; a long text counts for several.</summary>
    public int Weight { get; } = views.Sum(ViewPortions.WeightOf);
}

/// <summary>Anything else, done by itself on the model's thread.</summary>
internal sealed class CallJob<TResult>(Func<LoadedModel, TResult> call, CancellationToken cancellation) : Job<TResult>(cancellation), ICall
{
    /// <inheritdoc/>
    public void Run(LoadedModel model) => Complete(call(model));
}

/// <summary>A job that is done by itself.</summary>
internal interface ICall
{
    /// <summary>Does it.</summary>
    void Run(LoadedModel model);
}

/// <summary>Text to be written, piece by piece.</summary>
/// <param name="prompt">The prompt's tokens.</param>
/// <param name="choices">The number of texts.</param>
/// <param name="options">How to write.</param>
/// <param name="cancellation">Cancelled when nobody reads it any more.</param>
internal sealed class ChatJob(int[] prompt, int choices, GenerationOptions options, CancellationToken cancellation)
    : Job(cancellation), IDisposable
{
    // Bounded by the tokens a chat may have; a slow reader holds nobody up.
    private readonly Channel<GeneratedPiece> pieces = Channel.CreateUnbounded<GeneratedPiece>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private OpenGeneration? generation;
    private long begun;

    /// <summary>The number of prompt tokens.</summary>
    public int PromptTokens => prompt.Length;

    /// <summary>How many of them were there already from other chats, and not read.</summary>
    public int CachedTokens => generation?.CachedTokens ?? 0;

    /// <summary>What is written, as it is written; ends when all choices have ended.</summary>
    public ChannelReader<GeneratedPiece> Pieces => pieces.Reader;

    /// <summary>Tokens written so far, of all choices.</summary>
    public int WrittenTokens { get; private set; }

    /// <summary>The generation, once it has begun.</summary>
    public OpenGeneration? Generation => generation;

    /// <summary>The time since it began.</summary>
    public TimeSpan WritingTime => Stopwatch.GetElapsedTime(begun);

    /// <summary>Begins, on the model's thread.</summary>
    public void Begin(Generator generator) => (generation, begun) = (generator.Open(prompt, choices, options), Stopwatch.GetTimestamp());

    /// <summary>Hands on what the last step wrote.</summary>
    public void HandOn()
    {
        foreach (var piece in generation!.Pieces)
            if (piece.Text.Length > 0 || piece.End is not null || piece.Token is not null)
                pieces.Writer.TryWrite(piece);
        WrittenTokens = generation.WrittenTokens;
    }

    /// <summary>Ends; choices that are still being written end for their length.</summary>
    public void Finish()
    {
        foreach (var choice in generation!.OpenSequences)
            pieces.Writer.TryWrite(new GeneratedPiece(choice, "", GenerationEnd.Length));
        pieces.Writer.TryComplete();
    }

    /// <inheritdoc/>
    public override void Fail(Exception error) => pieces.Writer.TryComplete(error);

    /// <summary>Frees what the generation holds, on the model's thread.</summary>
    public void Dispose() => generation?.Dispose();
}
