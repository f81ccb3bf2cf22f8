using Microsoft.Extensions.AI;

namespace Kalm.Extensions;

/// <summary>The vectors of texts as a model sees entities. Safe to use from several threads.</summary>
/// <param name="model">The model; not owned.</param>
public sealed class KalmEmbeddingGenerator(SharedModel model) : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly EmbeddingGeneratorMetadata metadata = new("kalm", null, model.Name, model.Width);

    /// <inheritdoc/>
    /// <exception cref="KalmException">A text holds no token, or the options ask for another model or width.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        ModelName.Require(model, options?.ModelId);
        if (options?.Dimensions is { } dimensions && dimensions != model.Width)
            throw new KalmException($"Dimensions: found {dimensions}; expected {model.Width}, the model's width");
        var (vectors, tokens) = await model.Embed([.. values], cancellationToken).ConfigureAwait(false);
        return new GeneratedEmbeddings<Embedding<float>>(
            vectors.Select(vector => new Embedding<float>(vector) { ModelId = model.Name, CreatedAt = DateTimeOffset.UtcNow }))
        {
            Usage = new UsageDetails { InputTokenCount = tokens, TotalTokenCount = tokens },
        };
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null : serviceType == typeof(EmbeddingGeneratorMetadata) ? metadata
            : serviceType == typeof(SharedModel) ? model : serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Does nothing: the model belongs to who loaded it.</summary>
    public void Dispose() { }
}

/// <summary>The name by which requests call a model.</summary>
internal static class ModelName
{
    /// <summary>Refuses another name than the model's.</summary>
    public static void Require(SharedModel model, string? asked)
    {
        if (asked is not null && asked != model.Name)
            throw new KalmException($"ModelId: found '{asked}'; expected '{model.Name}'");
    }
}
