using System.Runtime.CompilerServices;
using System.Text;
using Kalm.Language.Chat;
using Kalm.Language.Generation;
using Microsoft.Extensions.AI;

namespace Kalm.Extensions;

/// <summary>Chats with a model: in the words of its chat template, or in those of alignment where it has none. Safe to use from several
/// threads.</summary>
/// <param name="model">The model; not owned.</param>
public sealed class KalmChatClient(SharedModel model) : IChatClient
{
    private const int DefaultTokens = 128;
    private readonly ChatClientMetadata metadata = new("kalm", null, model.Name);

    /// <inheritdoc/>
    /// <exception cref="KalmException">The chat is not one that the model can answer.</exception>
    /// <exception cref="NotSupportedException">The options ask for tools or for a form of the answer.</exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var text = new StringBuilder();
        var response = new ChatResponse { ModelId = model.Name, CreatedAt = DateTimeOffset.UtcNow };
        await foreach (var update in GetStreamingResponseAsync(messages, options, cancellationToken).ConfigureAwait(false))
        {
            text.Append(update.Text);
            response.ResponseId = update.ResponseId;
            response.FinishReason ??= update.FinishReason;
            response.Usage ??= update.Contents.OfType<UsageContent>().FirstOrDefault()?.Details;
        }
        response.Messages = [new ChatMessage(ChatRole.Assistant, text.ToString())];
        return response;
    }

    /// <inheritdoc/>
    /// <exception cref="KalmException">As above.</exception>
    /// <exception cref="NotSupportedException">As above.</exception>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ModelName.Require(model, options?.ModelId);
        if (options?.Tools is { Count: > 0 })
            throw new NotSupportedException("Tools: the model calls none; expected none");
        if (options?.ResponseFormat is not (null or ChatResponseFormatText))
            throw new NotSupportedException($"ResponseFormat: found {options.ResponseFormat.GetType().Name}; expected text");
        var said = messages.Select(TurnOf).ToList();
        if (!string.IsNullOrEmpty(options?.Instructions))
            said.Insert(0, new ChatTurn("system", options.Instructions));
        return Stream(said, OptionsOf(options, GenerationOptions.Of(model.Model.Model.Generation)), cancellationToken);
    }

    private async IAsyncEnumerable<ChatResponseUpdate> Stream(
        IReadOnlyList<ChatTurn> said, GenerationOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Who stops to read stops the model.
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var job = model.Answer(said, options, reading.Token);
        var id = $"chatcmpl-{Guid.NewGuid():N}";
        try
        {
            await foreach (var piece in job.Pieces.ReadAllAsync(reading.Token).ConfigureAwait(false))
            {
                if (piece.Text.Length > 0)
                    yield return Update(new TextContent(piece.Text));
                if (piece.End is { } end)
                {
                    var last = Update();
                    last.FinishReason = end == GenerationEnd.Stop ? ChatFinishReason.Stop : ChatFinishReason.Length;
                    yield return last;
                }
            }
            yield return Update(new UsageContent(new UsageDetails
            {
                InputTokenCount = job.PromptTokens, OutputTokenCount = job.WrittenTokens,
                TotalTokenCount = job.PromptTokens + job.WrittenTokens,
            }));
        }
        finally
        {
            await reading.CancelAsync().ConfigureAwait(false);
        }

        ChatResponseUpdate Update(params IList<AIContent> contents) =>
            new(ChatRole.Assistant, contents) { ResponseId = id, MessageId = id, ModelId = model.Name, CreatedAt = DateTimeOffset.UtcNow };
    }

    private static ChatTurn TurnOf(ChatMessage message)
    {
        if (message.Contents.FirstOrDefault(content => content is not TextContent) is { } other)
            throw new KalmException($"found {other.GetType().Name} in a message; expected text");
        return new ChatTurn(RoleOf(message.Role), message.Text);
    }

    private static string RoleOf(ChatRole role) => role == ChatRole.System || role.Value == "developer" ? "system"
        : role == ChatRole.User || role == ChatRole.Assistant
        ? role.Value : throw new KalmException($"found the role '{role}'; expected system, user or assistant");

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
