using Kalm.Completion;
using Microsoft.Extensions.VectorData;

namespace Kalm.Extensions.VectorData;

/// <summary>The entities of a graph and their vectors as a vector store of one collection, <see cref="CollectionName"/>, over the index
/// that the engine searches. Any number of threads may use it; while it is in use, nothing else may use the completer.</summary>
/// <param name="completer">The engine; not owned.</param>
/// <param name="isWriting">Whether records may be written: changes then go to the log that servers over the same index follow.</param>
public sealed class KalmVectorStore(Completer completer, bool isWriting = false) : VectorStore
{
    /// <summary>The name of the one collection.</summary>
    public const string CollectionName = "entities";

    private readonly VectorStoreMetadata metadata = new() { VectorStoreSystemName = "kalm", VectorStoreName = completer.Graph.Path };
    private readonly EntityRecords entities = new(completer, isWriting);

    /// <summary>The one collection.</summary>
    public EntityRecords Entities => entities;

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Another collection, other types or a definition are asked for.</exception>
    public override VectorStoreCollection<TKey, TRecord> GetCollection<TKey, TRecord>(
        string name, VectorStoreCollectionDefinition? definition = null)
    {
        if (name != CollectionName)
            throw new NotSupportedException($"name: found '{name}'; expected '{CollectionName}', the one collection");
        if (definition is not null)
            throw new NotSupportedException("definition: found one; expected none: the records are entities");
        return entities as VectorStoreCollection<TKey, TRecord> ?? throw new NotSupportedException(
            $"found {typeof(TKey).Name} and {typeof(TRecord).Name}; expected String and {nameof(EntityRecord)}");
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override VectorStoreCollection<object, Dictionary<string, object?>> GetDynamicCollection(
        string name, VectorStoreCollectionDefinition definition) =>
        throw new NotSupportedException($"a dynamic collection: expected one of String and {nameof(EntityRecord)}");

    /// <inheritdoc/>
    public override async IAsyncEnumerable<string> ListCollectionNamesAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        yield return CollectionName;
    }

    /// <inheritdoc/>
    public override Task<bool> CollectionExistsAsync(string name, CancellationToken cancellationToken = default) =>
        Task.FromResult(name == CollectionName);

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">It is the graph's collection.</exception>
    public override Task EnsureCollectionDeletedAsync(string name, CancellationToken cancellationToken = default) =>
        name == CollectionName ? entities.EnsureCollectionDeletedAsync(cancellationToken) : Task.CompletedTask;

    /// <inheritdoc/>
    public override object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null : serviceType == typeof(VectorStoreMetadata) ? metadata
            : serviceType == typeof(Completer) ? completer : serviceType.IsInstanceOfType(this) ? this : null;
    }
}
