using Kalm.Engine;
using Kalm.Extensions.Inference;
using Kalm.Language.Chat;
using Kalm.Language.Generation;
using Kalm.Language.Sources;
using Kalm.Representation;

namespace Kalm.Extensions;

/// <summary>How a model is loaded and shared.</summary>
public sealed record SharedModelOptions
{
    /// <summary>The base model of an adapter, in any form; null takes the one that the adapter names.</summary>
    public string? Base { get; init; }

    /// <summary>Where to compute: auto, cpu, cuda or cuda:N.</summary>
    public string Device { get; init; } = ComputeDevice.Auto;

    /// <summary>CPU threads; null takes all cores.</summary>
    public int? Threads { get; init; }

    /// <summary>Requests that may wait for the model; one more is refused with a <see cref="ModelUnavailableException"/>.</summary>
    public int Queue { get; init; } = 256;

    /// <summary>Bytes of keys and values of chats that have ended, for those that begin alike; 0 keeps none.</summary>
    public long PrefixBytes { get; init; } = GenerationBatch.DefaultPrefixBytes;
}

/// <summary>A loaded model that any number of threads may use: its tensors belong to a thread of its own, which encodes waiting texts
/// together and writes chats side by side. <see cref="KalmEmbeddingGenerator"/> and <see cref="KalmChatClient"/> are what programs know of
/// it.</summary>
public sealed class SharedModel : IDisposable
{
    private readonly JobQueue queue;
    private readonly Thread thread;
    private readonly CancellationTokenSource giveUp = new();
    private readonly WorkerLimits limits;
    private readonly TaskCompletionSource ready = new();
    private LoadedModel? model;
    private ChatWording? chats;

    private SharedModel(string path, SharedModelOptions options)
    {
        limits = new WorkerLimits { Queue = options.Queue };
        queue = new JobQueue(options.Queue);
        Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        thread = new Thread(() => Work(path, options)) { IsBackground = true, Name = "model" };
    }

    /// <summary>The name of the model's folder.</summary>
    public string Name { get; }

    /// <summary>The number of values in a vector.</summary>
    public int Width => Model.Model.Config.HiddenSize;

    /// <summary>The model; its tensors are for its own thread alone.</summary>
    internal LoadedModel Model => model!;

    /// <summary>How chats are put into its words.</summary>
    internal ChatWording Chats => chats!;

    /// <summary>Loads a model.</summary>
    /// <param name="path">A run folder, an adapter folder or a Hugging Face folder, as everywhere.</param>
    /// <param name="options">How; the defaults when null.</param>
    /// <exception cref="KalmException">It cannot be loaded.</exception>
    public static SharedModel Load(string path, SharedModelOptions? options = null)
    {
        var shared = new SharedModel(path, options ?? new SharedModelOptions());
        shared.thread.Start();
        shared.ready.Task.GetAwaiter().GetResult();
        return shared;
    }

    /// <summary>The vectors of texts as the model sees entities, of unit length, and the number of their tokens. A text is read whole,
    /// however long alignment let descriptions be.</summary>
    /// <param name="texts">Any number.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="KalmException">A text holds no token, or more than the model's context has room for.</exception>
    /// <exception cref="ModelUnavailableException">Too many wait for the model, or it is closed.</exception>
    public async Task<(IReadOnlyList<float[]> Vectors, int Tokens)> Embed(
        IReadOnlyList<string> texts, CancellationToken cancellation = default)
    {
        var requests = texts.Select((text, index) => RequestOf(text, index)).ToList();
        var vectors = new List<float[]>(texts.Count);
        foreach (var portion in ViewPortions.Of(requests))
        {
            cancellation.ThrowIfCancellationRequested();
            var job = new EncodingJob(portion, cancellation);
            queue.Add(job);
            // The thread looks at the token when the job's turn comes; who asked need not wait until then.
            vectors.AddRange(await job.Result.WaitAsync(cancellation).ConfigureAwait(false));
        }
        return (vectors, requests.Sum(request => request.Description.Length));
    }

    private ViewRequest RequestOf(string text, int index)
    {
        var request = new ViewRequest(Model.Wording.Text(text), true, []);
        if (request.Description.Length == 0)
            throw new KalmException($"text {index}: found '{text}', which holds no token; expected one of a token or more");
        var (length, context) = (Model.Wording.LengthOf(request), Model.Model.Config.ContextLength);
        return length <= context ? request
            : throw new KalmException($"text {index}: found {length} tokens with those of the wording; expected at most {context}, the "
                + "model's context");
    }

    /// <summary>Begins to answer a chat.</summary>
    /// <exception cref="KalmException">The chat leaves no room in the context.</exception>
    internal ChatJob Answer(
        IReadOnlyList<ChatTurn> said, ToolSet? tools, GenerationOptions options, CancellationToken cancellation)
    {
        var prompt = ToolSet.Prompt(Chats, said, tools);
        if (prompt.Length >= Chats.Context)
            throw new KalmException(
                $"the chat has {prompt.Length} tokens; expected fewer than the {Chats.Context} of the model's context");
        var job = new ChatJob(prompt, 1, options.Validated(), cancellation);
        queue.Add(job);
        return job;
    }

    private void Work(string path, SharedModelOptions options)
    {
        try
        {
            NativeEngine.Initialize();
            using (model = new LoadedModel(OpenedModel.Open(path, new ModelSourceOptions { Base = options.Base }),
                ComputeDevice.Of(options.Device), options.Threads))
            {
                chats = new ChatWording(model);
                ready.SetResult();
                using var batch = new GenerationBatch(model.Decoder, options.PrefixBytes);
                new ModelWorker(model, batch, queue, limits, new WorkerWatch()).Run(giveUp.Token);
            }
        }
#pragma warning disable CA1031 // Told to who loads the model.
        catch (Exception error)
#pragma warning restore CA1031
        {
            ready.TrySetException(error);
        }
    }

    /// <summary>Lets no more requests in, gives up those under way, and frees the model.</summary>
    public void Dispose()
    {
        queue.Close();
        if (!thread.IsAlive)
            return;
        giveUp.Cancel();
        thread.Join();
        giveUp.Dispose();
    }
}
