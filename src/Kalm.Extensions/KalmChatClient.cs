using System.Runtime.CompilerServices;
using Kalm.Extensions.Inference;
using Kalm.Language.Chat;
using Kalm.Language.Generation;
using Microsoft.Extensions.AI;

namespace Kalm.Extensions;

/// <summary>Chats with a model: in the words of its chat template, or in those of alignment where it has none. Functions that it may call
/// are told to it, and its calls are given back to be run. Safe to use from several threads.</summary>
/// <param name="model">The model; not owned.</param>
public sealed class KalmChatClient(SharedModel model) : IChatClient
{
    private const int DefaultTokens = 128;
    private readonly ChatClientMetadata metadata = new("kalm", null, model.Name);

    /// <inheritdoc/>
    /// <exception cref="KalmException">The chat is not one that the model can answer, or a schema is not supported.</exception>
    /// <exception cref="NotSupportedException">The options hold a tool that is no function.</exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in GetStreamingResponseAsync(messages, options, cancellationToken).ConfigureAwait(false))
            updates.Add(update);
        return updates.ToChatResponse();
    }

    /// <inheritdoc/>
    /// <exception cref="KalmException">As above.</exception>
    /// <exception cref="NotSupportedException">As above.</exception>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ModelName.Require(model, options?.ModelId);
        var tools = ChatTools.Of(options);
        return Stream(
            ChatTurns.Of(messages, options?.Instructions), tools,
            OptionsOf(options, GenerationOptions.Of(model.Model.Model.Generation)) with
            {
                Grammar = ChatTools.Grammar(tools, options?.ResponseFormat),
            }, cancellationToken);
    }

    private async IAsyncEnumerable<ChatResponseUpdate> Stream(
        IReadOnlyList<ChatTurn> said, ToolSet? tools, GenerationOptions options,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Who stops to read stops the model.
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var job = model.Answer(said, tools, options, reading.Token);
        var (id, written) = ($"chatcmpl-{Guid.NewGuid():N}", new WrittenChoice(tools));
        try
        {
            await foreach (var piece in job.Pieces.ReadAllAsync(reading.Token).ConfigureAwait(false))
            {
                var added = written.Add(piece);
                if (added.Length > 0)
                    yield return Update(new TextContent(added));
                if (written.FinishReason is { } reason)
                {
                    var last = Update([.. written.Calls.Select(ChatTurns.CallOf)]);
                    last.FinishReason = new ChatFinishReason(reason);
                    yield return last;
                }
            }
            yield return Update(new UsageContent(new UsageDetails
            {
                InputTokenCount = job.PromptTokens, OutputTokenCount = job.WrittenTokens,
                CachedInputTokenCount = job.CachedTokens, TotalTokenCount = job.PromptTokens + job.WrittenTokens,
            }));
        }
        finally
        {
            await reading.CancelAsync().ConfigureAwait(false);
        }

        ChatResponseUpdate Update(params IList<AIContent> contents) =>
            new(ChatRole.Assistant, contents) { ResponseId = id, MessageId = id, ModelId = model.Name, CreatedAt = DateTimeOffset.UtcNow };
    }

    private static GenerationOptions OptionsOf(ChatOptions? options, GenerationOptions defaults) => defaults with
    {
        MaximumNewTokens = options?.MaxOutputTokens ?? DefaultTokens,
        Temperature = options?.Temperature ?? defaults.Temperature,
        TopP = options?.TopP ?? defaults.TopP,
        TopK = options?.TopK ?? defaults.TopK,
        Stop = [.. options?.StopSequences ?? []],
        Seed = options?.Seed ?? Random.Shared.NextInt64(),
    };

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null : serviceType == typeof(ChatClientMetadata) ? metadata
            : serviceType == typeof(SharedModel) ? model : serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Does nothing: the model belongs to who loaded it.</summary>
    public void Dispose() { }
}
