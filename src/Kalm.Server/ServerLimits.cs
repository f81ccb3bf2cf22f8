using Kalm.Extensions.Inference;
using Kalm.Language.Generation;

namespace Kalm.Server;

/// <summary>What one client may ask for, so that no request can harm the others.</summary>
public sealed record ServerLimits
{
    /// <summary>Bytes of a request's body.</summary>
    public long BodyBytes { get; init; } = 64 << 20;

    /// <summary>How long a body may take to come; it is refused with 408 then.</summary>
    public TimeSpan BodyTime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How deep the JSON of a request may be nested.</summary>
    public int JsonDepth { get; init; } = 64;

    /// <summary>Characters of one text: a description, an input. A chat may have what the context holds.</summary>
    public int TextCharacters { get; init; } = 1 << 20;

    /// <summary>Characters of an entity's text, which outlives its request.</summary>
    public int EntityCharacters { get; init; } = 32_768;

    /// <summary>Texts of one request for vectors or scores.</summary>
    public int Inputs { get; init; } = 16_384;

    /// <summary>Messages of a chat.</summary>
    public int Messages { get; init; } = 4096;

    /// <summary>Tokens that one choice of a chat may have, where the context leaves so many.</summary>
    public int NewTokens { get; init; } = 1 << 17;

    /// <summary>Choices of one chat.</summary>
    public int Choices { get; init; } = 8;

    /// <summary>Stop texts of one chat.</summary>
    public int Stops { get; init; } = 64;

    /// <summary>Characters of a stop text.</summary>
    public int StopCharacters { get; init; } = 256;

    /// <summary>Answers of one completion, entities of one search, facts of one entity.</summary>
    public int Answers { get; init; } = 100;

    /// <summary>Entities that can be added to the graph, or be otherwise than in it.</summary>
    public int AddedEntities { get; init; } = 10_000;

    /// <summary>Facts that can be accepted or rejected.</summary>
    public int ReviewedFacts { get; init; } = 100_000;

    /// <summary>Jobs that may wait for the model; one more is refused with 429.</summary>
    public int Queue { get; init; } = 256;

    /// <summary>Views that are encoded together.</summary>
    public int BatchViews { get; init; } = 256;

    /// <summary>Chats that are written at the same time; others wait in the queue.</summary>
    public int Chats { get; init; } = 32;

    /// <summary>Bytes of keys and values of chats that have ended, for those that begin alike; 0 keeps none.</summary>
    public long PrefixBytes { get; init; } = GenerationBatch.DefaultPrefixBytes;

    /// <summary>How long a job may wait for the model before it is refused with 429.</summary>
    public TimeSpan QueueTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a chat may be written; it ends there with <c>length</c>. Null for as long as who asked waits.</summary>
    public TimeSpan? ChatTime { get; init; }

    /// <summary>The same for texts that are kept.</summary>
    internal ServerLimits OfEntities => this with { TextCharacters = Math.Min(TextCharacters, EntityCharacters) };

    /// <summary>What the model's thread has to know of them.</summary>
    internal WorkerLimits ForWorker => new()
    {
        BatchViews = BatchViews, Chats = Chats, QueueTime = QueueTime, ChatTime = ChatTime ?? TimeSpan.MaxValue,
    };

    /// <summary>How long requests may take to finish when the server is asked to stop.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(30);
}
