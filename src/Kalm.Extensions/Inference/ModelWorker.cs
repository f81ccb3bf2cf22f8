using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Kalm.Language.Execution;
using Kalm.Language.Generation;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Extensions.Inference;

/// <summary>The one thread that touches tensors. Each turn it encodes for all jobs that wait, together, a slice at a time, and then writes
/// one token of every chat, all in one pass; between two slices chats come in and are written for as long as a slice took, so that neither
/// kind waits long for the other.</summary>
/// <param name="model">The model; not owned.</param>
/// <param name="batch">Writes chats; not owned.</param>
/// <param name="queue">Where jobs come from.</param>
/// <param name="limits">How much is done at once.</param>
/// <param name="watch">Sees what is done.</param>
/// <param name="turns">Whose turn it is, where another thread uses the model in the background; null where none does.</param>
internal class ModelWorker(
    LoadedModel model, GenerationBatch batch, JobQueue queue, WorkerLimits limits, WorkerWatch watch, DecoderTurns? turns = null)
{
    private static readonly TimeSpan SliceTime = TimeSpan.FromMilliseconds(250);
    private const int FewestSliceTokens = 512;
    private const int MostSliceTokens = 2048;
    private readonly Language.Generation.Generator generator = new(model.Decoder, model.Model.Tokenizer);
    private readonly List<ChatJob> chats = [];
    private int sliceTokens = FewestSliceTokens;
    private volatile int writing;

    /// <summary>Whether chats are being written.</summary>
    public bool IsWriting => writing > 0;

    /// <summary>Works until the queue is closed and all is done, or until it is told to give up.</summary>
    public void Run(CancellationToken giveUp)
    {
        var taken = new List<Job>();
        while (queue.Take(taken, limits.BatchViews, limits.Chats - chats.Count, isIdle: chats.Count == 0))
        {
            using var turn = turns?.Take();
            RemoveLost(taken, giveUp);
            Begin(taken.OfType<ChatJob>());
            Encode([.. taken.OfType<EncodingJob>()], giveUp);
            foreach (var job in taken)
                if (job is ICall call)
                    Guard(job, () => call.Run(model));
            Write(giveUp);
        }
    }

    private void RemoveLost(List<Job> taken, CancellationToken giveUp)
    {
        if (giveUp.IsCancellationRequested)
            taken.ForEach(job => job.Fail(ModelUnavailableException.Closed()));
        taken.RemoveAll(job => IsLost(job, giveUp));
        watch.Waiting(queue.Length);
    }

    private void Begin(IEnumerable<ChatJob> begun)
    {
        foreach (var chat in begun)
            if (Guard(chat, () => chat.Begin(generator)))
                chats.Add(chat);
        writing = chats.Count;
    }

    // Chats come in while others' texts are encoded, and get as much time as those had.
    private void WriteFor(TimeSpan time, CancellationToken giveUp)
    {
        var clock = Stopwatch.StartNew();
        var taken = new List<Job>();
        do
        {
            queue.TakeChats(taken, limits.Chats - chats.Count);
            RemoveLost(taken, giveUp);
            Begin(taken.OfType<ChatJob>());
            Write(giveUp);
        }
        while (chats.Count > 0 && clock.Elapsed < time);
    }

    private bool IsLost(Job job, CancellationToken giveUp)
    {
        if (job.Cancellation.IsCancellationRequested)
            job.Fail(new OperationCanceledException(job.Cancellation));
        else if (job.Age > limits.QueueTime)
            job.Fail(ModelUnavailableException.Busy($"the model was busy for {limits.QueueTime.TotalSeconds:F0} seconds"));
        else
            return giveUp.IsCancellationRequested;
        return true;
    }

    private void Encode(IReadOnlyList<EncodingJob> jobs, CancellationToken giveUp)
    {
        if (jobs.Count == 0)
            return;
        watch.Batched(jobs.Count);
        try
        {
            EncodeTogether(jobs, giveUp);
        }
#pragma warning disable CA1031 // Whatever fails is told to whoever asked; the thread goes on.
        catch (Exception error)
#pragma warning restore CA1031
        {
            // One job must not spoil the others.
            if (jobs.Count == 1)
                Report(jobs[0], error);
            else
                foreach (var job in jobs)
                    Guard(job, () => EncodeTogether([job], giveUp));
        }
    }

    private void EncodeTogether(IReadOnlyList<EncodingJob> jobs, CancellationToken giveUp)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var views = jobs.SelectMany(job => job.Views).ToList();
        var forest = new ViewForest(model.Wording, views);
        watch.Encoded(forest.Rows.Sum(row => row.Length));
        var vectors = EncodeSlices(forest.Rows, giveUp);
        Encoder.RequireFinite(vectors);
        var reads = new List<int[]>(jobs.Count);
        var view = 0;
        foreach (var job in jobs)
            reads.Add([.. job.Views.SelectMany(_ => forest.Reads(view++))]);

        Use(jobs, reads, vectors);
        var values = vectors.cpu().data<float>().ToArray();
        var width = (int)vectors.shape[1];
        foreach (var (job, own) in jobs.Zip(reads))
            job.Complete([.. own.Select(read => values[(read * width)..((read + 1) * width)])]);
    }

    private Tensor EncodeSlices(IReadOnlyList<TokenRow> rows, CancellationToken giveUp)
    {
        var parts = new List<Tensor>();
        for (var (start, end) = (0, 0); start < rows.Count; start = end)
        {
            var (clock, tokens) = (Stopwatch.StartNew(), 0);
            while (end < rows.Count && (end == start || tokens + rows[end].Length <= sliceTokens))
                tokens += rows[end++].Length;
            // A slice is short: what has begun is ended.
            parts.Add(Encoder.Encode(model.Decoder, [.. rows.Skip(start).Take(end - start)], null, CancellationToken.None));
            var time = clock.Elapsed;
            // Half of the way, so that one slow slice does not decide; a slice that was cut short by its end tells too little.
            if (end < rows.Count)
            {
                sliceTokens = (int)Math.Clamp(
                    (sliceTokens + (tokens * (SliceTime / time))) / 2, FewestSliceTokens, MostSliceTokens * model.Decoder.WorkerCount);
                WriteFor(time, giveUp);
            }
        }
        return parts.Count == 1 ? parts[0] : cat([.. parts]);
    }

    /// <summary>Does more with the vectors before they are handed out.</summary>
    /// <param name="jobs">The jobs.</param>
    /// <param name="reads">For each, which of the vectors are its own, in its order.</param>
    /// <param name="vectors">[vectors, width], unit length; not owned.</param>
    protected virtual void Use(IReadOnlyList<EncodingJob> jobs, IReadOnlyList<int[]> reads, Tensor vectors) { }

    private void Write(CancellationToken giveUp)
    {
        var left = chats.Where(chat => chat.Cancellation.IsCancellationRequested || giveUp.IsCancellationRequested).ToList();
        left.ForEach(chat => chat.Fail(new OperationCanceledException()));
        Drop(left);
        if (chats.Count == 0)
            return;
        try
        {
            var step = batch.Step(chats.Select(chat => chat.Generation!));
            watch.Stepped(step, batch.PrefixBytes);
        }
#pragma warning disable CA1031 // As above.
        catch (Exception error)
#pragma warning restore CA1031
        {
            chats.ForEach(chat => Report(chat, error));
            Drop([.. chats]);
            return;
        }
        var done = new List<ChatJob>();
        foreach (var chat in chats)
        {
            var before = chat.WrittenTokens;
            chat.HandOn();
            watch.Written(chat.WrittenTokens - before);
            var generation = chat.Generation!;
            if (generation.Fault is { } fault)
                Report(chat, fault);
            else if (generation.IsFinished || (generation.IsRead && chat.WritingTime > limits.ChatTime))
                chat.Finish();
            else
                continue;
            done.Add(chat);
        }
        Drop(done);
    }

    private void Drop(List<ChatJob> done)
    {
        foreach (var chat in done)
        {
            chats.Remove(chat);
            chat.Dispose();
        }
        writing = chats.Count;
        watch.Writing(chats.Count);
    }

    private bool Guard(Job job, Action action)
    {
        try
        {
            action();
            return true;
        }
#pragma warning disable CA1031 // As above.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Report(job, error);
            return false;
        }
    }

    private void Report(Job job, Exception error)
    {
        watch.Failed(job, error);
        job.Fail(ExceptionDispatchInfo.SetCurrentStackTrace(new InvalidOperationException("the model failed", error)));
    }
}
