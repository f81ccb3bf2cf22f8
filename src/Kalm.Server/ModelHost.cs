using System.Diagnostics;
using Kalm.Completion;
using Kalm.Engine;
using Kalm.Evaluation;
using Kalm.Extensions.Inference;
using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Language.Generation;
using Kalm.Language.Sources;
using Kalm.Representation;
using Kalm.Server.Http;
using Kalm.Server.Inference;
using Microsoft.Extensions.Logging;

namespace Kalm.Server;

/// <summary>Loads the model on a thread of its own and keeps it there; what needs nothing but the model is answered from then on. The index
/// is made meanwhile on a second thread, which takes turns with the first; what needs it is refused with 503 until then.</summary>
/// <param name="options">What is served.</param>
/// <param name="metrics">Counts.</param>
/// <param name="log">Takes notes and failures.</param>
internal sealed class ModelHost(ServerOptions options, ServerMetrics metrics, ILogger log) : IProgress<EvaluationProgress>, IDisposable
{
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource giveUp = new();
    private readonly CancellationTokenSource giveUpIndex = new();
    private readonly TaskCompletionSource loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly JobQueue queue = new(options.Limits.Queue);
    private readonly long started = Stopwatch.GetTimestamp();
    private ServedModel? served;
    private bool isStarted;
    private long lastLogged = Stopwatch.GetTimestamp();

    /// <summary>Completes when what needs nothing but the model is answered; fails when it never will be.</summary>
    public Task Loaded => loaded.Task;

    /// <summary>Completes when all requests can be answered; fails when they never will.</summary>
    public Task Ready => ready.Task;

    /// <summary>What is being done before it is ready.</summary>
    public EvaluationProgress Progress { get; private set; } = new("starting", 0, 1);

    /// <summary>The jobs that wait.</summary>
    public int Waiting => queue.Length;

    /// <summary>Whether what needs nothing but the model can be answered.</summary>
    public bool IsLoaded => loaded.Task.IsCompletedSuccessfully && !ended.Task.IsCompleted;

    /// <summary>Whether all requests can be answered.</summary>
    public bool IsReady => ready.Task.IsCompletedSuccessfully && !ended.Task.IsCompleted;

    /// <summary>All that requests need.</summary>
    /// <exception cref="ApiException">503: the model is not loaded.</exception>
    public ServedModel Served
    {
        get
        {
            RequireLoaded();
            return served!;
        }
    }

    /// <summary>The same, knowing what other servers changed.</summary>
    /// <exception cref="ApiException">503: the model is not loaded.</exception>
    public async Task<ServedModel> Current(CancellationToken cancellation)
    {
        if (Served.HasIndex)
            await Served.Changes.Refresh(cancellation);
        return Served;
    }

    /// <summary>Starts loading.</summary>
    public void Start()
    {
        isStarted = true;
        new Thread(Work) { IsBackground = true, Name = "model" }.Start();
    }

    /// <summary>Fails unless the model is loaded.</summary>
    /// <exception cref="ApiException">503.</exception>
    public void RequireLoaded()
    {
        if (!IsLoaded)
            throw ApiException.NotReady(ended.Task.IsCompleted
                ? "the server is stopping" : $"the model is being made ready: {Progress.Stage} {Progress.Done}/{Progress.Total}");
    }

    /// <summary>Finishes what waits and frees the model.</summary>
    /// <param name="patience">Cancelled when what is left is to be given up.</param>
    public async Task Stop(CancellationToken patience)
    {
        queue.Close();
        await giveUpIndex.CancelAsync();
        await using var registration = patience.Register(giveUp.Cancel);
        if (isStarted)
            await ended.Task;
    }

    /// <inheritdoc/>
    public void Report(EvaluationProgress value)
    {
        Progress = value;
        if (Stopwatch.GetElapsedTime(lastLogged) < LogInterval)
            return;
        lastLogged = Stopwatch.GetTimestamp();
        ServerLog.Progress(log, value.Stage, value.Done, value.Total);
    }

    private void Work()
    {
        try
        {
            using (served = Load())
            {
                using var batch = new GenerationBatch(served.Model.Decoder, options.Limits.PrefixBytes);
                SearchWorker? worker = null;
                var turns = served.Model.Decoder.Turns = new DecoderTurns(() => queue.Length > 0 || worker?.IsWriting == true);
                worker = new SearchWorker(served, batch, queue, options.Limits.ForWorker, new ServerWatch(metrics, log), turns);
                var indexing = new Thread(MakeIndex) { IsBackground = true, Name = "index" };
                loaded.TrySetResult();
                indexing.Start();
                worker.Run(giveUp.Token);
                indexing.Join();
            }
        }
#pragma warning disable CA1031 // Told to whoever waits for the model.
        catch (Exception error)
#pragma warning restore CA1031
        {
            loaded.TrySetException(error);
            ready.TrySetException(error);
        }
        finally
        {
            ended.TrySetResult();
        }
    }

    private void MakeIndex()
    {
        try
        {
            served!.Take(Open(served.Model));
            ready.TrySetResult();
        }
#pragma warning disable CA1031 // Told to whoever waits for the index.
        catch (Exception error)
#pragma warning restore CA1031
        {
            ready.TrySetException(error);
        }
    }

    private ServedModel Load()
    {
        giveUpIndex.Token.ThrowIfCancellationRequested();
        Report(new EvaluationProgress("loading the model", 0, 1));
        NativeEngine.Initialize();
        var opened = OpenedModel.Open(options.Model, new ModelSourceOptions { Base = options.Base, Cancellation = giveUpIndex.Token });
        var model = new LoadedModel(opened, ComputeDevice.Of(options.Device), options.Threads);
        try
        {
            foreach (var warning in model.Model.Warnings)
                ServerLog.Note(log, warning);
            if (!opened.IsAligned)
                ServerLog.Note(log, $"{opened.Given}: not an aligned model; it answers as it is, with the default wording");
            var chats = new ChatWording(model);
            if (chats.Refusal is { } refusal)
                ServerLog.Note(log, $"chats are refused: {refusal}");
            ServerLog.Loaded(log, options.ModelName, Stopwatch.GetElapsedTime(started).TotalSeconds);
            return new ServedModel(model, chats, queue);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private Completer Open(LoadedModel model)
    {
        var cancellation = giveUpIndex.Token;
        Report(new EvaluationProgress("reading the graph", 0, 1));
        var graph = KnowledgeGraph.Load(options.Graph, options.GraphOptions);
        if (options.GraphFingerprint is { } expected && expected != graph.Fingerprint())
            throw new KalmException($"{options.Graph}: no longer the graph that {options.Model} learned from: its triples are others; "
                + "expected the same, or --graph to insist");
        foreach (var warning in graph.Warnings)
            ServerLog.Note(log, warning);
        cancellation.ThrowIfCancellationRequested();
        var root = options.IndexFolder ?? EntityIndex.RootOf(model.Opened);
        var completer = Completer.Open(model, Catalog.Open(graph, root), root, this, cancellation);
        completer.Precision = options.Precision;
        if (completer.Catalog.Log.Damage is { } damage)
            ServerLog.Note(log, $"{damage}; what was changed before is served, nothing can be changed");
        var index = completer.Index;
        if (options.SearchesApproximately)
            ServerLog.Note(log, index.SearchApproximately(model, graph, this, cancellation).ToString());
        if (index.Calibration.Queries == 0)
            ServerLog.Note(log, $"{graph.Path}: no validation split; probabilities are taken at the temperature of training");
        if (completer.Statement is null)
            ServerLog.Note(log, $"{graph.Path}: the validation split does not show how sure a fact must be for a precision of "
                + $"{options.Precision}; no prediction is stated as a fact");
        ServerLog.Ready(
            log, index.Vectors.Count, index.Folder, index.WasBuilt ? "built" : "found", Stopwatch.GetElapsedTime(started).TotalSeconds);
        return completer;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        giveUp.Dispose();
        giveUpIndex.Dispose();
    }
}
