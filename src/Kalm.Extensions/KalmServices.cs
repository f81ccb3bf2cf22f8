using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace Kalm.Extensions;

/// <summary>Registers a model.</summary>
public static class KalmServices
{
    /// <summary>Registers a model with its <see cref="IChatClient"/> and its <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> of
    /// texts. It is loaded when one of them is first asked for, and freed with the container.</summary>
    /// <param name="services">Where it is registered.</param>
    /// <param name="model">A run folder, an adapter folder or a Hugging Face folder.</param>
    /// <param name="options">How it is loaded; the defaults when null.</param>
    public static IServiceCollection AddKalm(this IServiceCollection services, string model, SharedModelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddSingleton(_ => SharedModel.Load(model, options));
        services.AddSingleton<IChatClient>(provider => new KalmChatClient(provider.GetRequiredService<SharedModel>()));
        services.AddSingleton<IEmbeddingGenerator<string, Embedding<float>>>(
            provider => new KalmEmbeddingGenerator(provider.GetRequiredService<SharedModel>()));
        services.AddSingleton<IEmbeddingGenerator>(
            provider => provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>());
        return services;
    }
}
