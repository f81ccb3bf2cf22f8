using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using Kalm.Completion;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.VectorData;
using static TorchSharp.torch;

namespace Kalm.Extensions.VectorData;

/// <summary>The entities of a graph, after all changes, as records. A search is exact, over every entity, and its scores are cosines. It
/// takes a text (entities like it), an <see cref="EntityQuery"/> (entities that complete a triple) or a vector of the model's
/// width.</summary>
public sealed class EntityRecords : VectorStoreCollection<string, EntityRecord>
{
    private readonly Completer completer;
    private readonly bool isWriting;
    private readonly CatalogWriter writer;
    private readonly Lock gate = new();

    internal EntityRecords(Completer completer, bool isWriting) =>
        (this.completer, this.isWriting, writer) = (completer, isWriting, new CatalogWriter(completer));

    /// <inheritdoc/>
    public override string Name => KalmVectorStore.CollectionName;

    /// <inheritdoc/>
    public override Task<bool> CollectionExistsAsync(CancellationToken cancellationToken = default) => Task.FromResult(true);

    /// <inheritdoc/>
    public override Task EnsureCollectionExistsAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override Task EnsureCollectionDeletedAsync(CancellationToken cancellationToken = default) =>
        throw new NotSupportedException($"the collection '{Name}' is the graph's: it cannot be deleted, its records can");

    /// <inheritdoc/>
    public override Task<EntityRecord?> GetAsync(
        string key, RecordRetrievalOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Run(
            () => completer.Catalog.WithId(key) is { } number ? Of(number, options?.IncludeVectors == true) : null, cancellationToken);
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<EntityRecord> GetAsync(
        Expression<Func<EntityRecord, bool>> filter, int top, FilteredRecordRetrievalOptions<EntityRecord>? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        var admits = RecordFilter.Of(filter);
        var found = await Run<List<EntityRecord>>(() =>
        {
            var catalog = completer.Catalog;
            var records = Enumerable.Range(0, catalog.Numbers).Where(number => !catalog.IsHidden(number))
                .Select(number => Of(number, false)).Where(admits);
            return [.. RecordFilter.Ordered(records, options).Skip(options?.Skip ?? 0).Take(top).Select(record =>
                options?.IncludeVectors == true ? Of(catalog.WithId(record.Id)!.Value, true) : record)];
        }, cancellationToken).ConfigureAwait(false);
        foreach (var record in found)
            yield return record;
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The value is none that can be searched with, or the options ask for what is not
    /// there.</exception>
    /// <exception cref="KalmException">The text is blank, the vector has another width, or the graph has no such relation.</exception>
    public override async IAsyncEnumerable<VectorSearchResult<EntityRecord>> SearchAsync<TInput>(
        TInput searchValue, int top, VectorSearchOptions<EntityRecord>? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        if (options?.VectorProperty?.Body is MemberExpression { Member.Name: not nameof(EntityRecord.Vector) } other)
            throw new NotSupportedException($"VectorProperty: found {other.Member.Name}; expected {nameof(EntityRecord.Vector)}");
        var admits = options?.Filter is { } filter ? RecordFilter.Of(filter) : null;
        var (skip, least) = (options?.Skip ?? 0, options?.ScoreThreshold ?? double.NegativeInfinity);
        var found = await Run<List<VectorSearchResult<EntityRecord>>>(() =>
        {
            var most = (int)Math.Min((long)top + skip, completer.Catalog.Count);
            Func<int, bool>? wanted = admits is null ? null : number => admits(Of(number, false));
            return [.. Find(searchValue, most, wanted).Skip(skip).Where(hit => hit.Score >= least).Select(hit =>
                new VectorSearchResult<EntityRecord>(Of(hit.Entity, options?.IncludeVectors == true), hit.Score))];
        }, cancellationToken).ConfigureAwait(false);
        foreach (var result in found)
            yield return result;
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The store is not open for writing.</exception>
    /// <exception cref="KalmException">A field is blank, or the record brings a vector that is not the model's.</exception>
    public override Task UpsertAsync(EntityRecord record, CancellationToken cancellationToken = default) =>
        UpsertAsync([record], cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The store is not open for writing.</exception>
    /// <exception cref="KalmException">As above; none of the records is written then.</exception>
    public override Task UpsertAsync(IEnumerable<EntityRecord> records, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        return Write([.. records.Select<EntityRecord, Func<Catalog, Change?>>(record => catalog =>
        {
            RequireSound(record, catalog);
            if (catalog.WithId(record.Id) is { } number && catalog[number].Name == record.Name
                && catalog[number].Description == record.Text)
                return null;
            var isThere = (catalog.WithId(record.Id) ?? catalog.HiddenWithId(record.Id)) is not null;
            return new Change(
                0, default, isThere ? ChangeKind.EntityEdited : ChangeKind.EntityAdded, record.Id, record.Name, record.Text);
        })], cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The store is not open for writing.</exception>
    public override Task DeleteAsync(string key, CancellationToken cancellationToken = default) => DeleteAsync([key], cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The store is not open for writing.</exception>
    public override Task DeleteAsync(IEnumerable<string> keys, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return Write([.. keys.Select<string, Func<Catalog, Change?>>(key => catalog =>
            catalog.WithId(key) is null ? null : new Change(0, default, ChangeKind.EntityDeleted, key))], cancellationToken);
    }

    /// <inheritdoc/>
    public override object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null : serviceType == typeof(VectorStoreCollectionMetadata)
            ? new VectorStoreCollectionMetadata
            {
                VectorStoreSystemName = "kalm", VectorStoreName = completer.Graph.Path, CollectionName = Name,
            }
            : serviceType == typeof(Completer) ? completer : serviceType.IsInstanceOfType(this) ? this : null;
    }

    // Tensors are for one thread at a time, and nobody who asks waits on the thread that asks.
    private Task<T> Run<T>(Func<T> work, CancellationToken cancellation) => Task.Run(() =>
    {
        lock (gate)
        {
            cancellation.ThrowIfCancellationRequested();
            writer.Follow();
            return work();
        }
    }, cancellation);

    private Task<bool> Write(IReadOnlyList<Func<Catalog, Change?>> changes, CancellationToken cancellation) => isWriting
        ? Run(() => { writer.Write(changes); return true; }, cancellation)
        : throw new NotSupportedException($"the collection '{Name}' is open for reading only; expected a store made with isWriting");

    private EntityRecord Of(int number, bool withVector)
    {
        var entity = completer.Catalog[number];
        return new EntityRecord
        {
            Id = entity.Id, Name = entity.Name, Text = entity.Description,
            Vector = withVector ? completer.Index.Vectors.Row(number).ToArray() : default(ReadOnlyMemory<float>?),
        };
    }

    private IEnumerable<Hit> Find<TInput>(TInput value, int most, Func<int, bool>? wanted) => value switch
    {
        string text => Nearest(VectorOf(text), most, wanted),
        EntityQuery query => Complete(query, most, wanted),
        float[] vector => Nearest(Unit(vector), most, wanted),
        ReadOnlyMemory<float> vector => Nearest(Unit(vector.ToArray()), most, wanted),
        Embedding<float> embedding => Nearest(Unit(embedding.Vector.ToArray()), most, wanted),
        _ => throw new NotSupportedException($"searchValue: found {typeof(TInput).Name}; expected a text, an {nameof(EntityQuery)}, "
            + "Single[], ReadOnlyMemory<Single> or Embedding<Single>"),
    };

    private IEnumerable<Hit> Complete(EntityQuery query, int most, Func<int, bool>? wanted)
    {
        var (entity, relation) = (completer.Catalog.Find(query.Entity), completer.Catalog.FindRelation(query.Relation));
        return completer.Entities(entity, relation, completer.Search(entity, relation, most) with { Admits = wanted })
            .Select(candidate => new Hit(candidate.Entity, (float)candidate.Score));
    }

    private IReadOnlyList<Hit> Nearest(float[] vector, int most, Func<int, bool>? wanted)
    {
        using var scope = NewDisposeScope();
        return completer.Find(tensor(vector).unsqueeze(0), [new SearchRequest(null, [], most) { Admits = wanted }])[0].Hits;
    }

    private float[] VectorOf(string text) => string.IsNullOrWhiteSpace(text)
        ? throw new KalmException("searchValue: found a blank text; expected one of a token or more") : completer.VectorOf(text);

    private float[] Unit(float[] vector)
    {
        if (vector.Length != completer.Index.Vectors.Width)
            throw new KalmException(
                $"searchValue: found a vector of {vector.Length} numbers; expected {completer.Index.Vectors.Width}, the model's width");
        var length = Math.Sqrt(vector.Sum(number => (double)number * number));
        if (!double.IsFinite(length) || length == 0)
            throw new KalmException($"searchValue: found a vector of length {length}; expected one above 0");
        // One of the model's own stays as it is, to the last bit.
        return Math.Abs(length - 1) < 1e-6 ? vector : [.. vector.Select(number => (float)(number / length))];
    }

    private void RequireSound(EntityRecord record, Catalog catalog)
    {
        foreach (var (name, text) in new[] { ("Id", record.Id), ("Name", record.Name), ("Text", record.Text) })
            if (string.IsNullOrWhiteSpace(text))
                throw new KalmException($"{name}: found a blank text; expected one");
        if (record.Vector is { } vector && !(catalog.WithId(record.Id) is { } number && catalog[number].Description == record.Text
            && completer.Index.Vectors.Row(number).SequenceEqual(vector.Span)))
            throw new KalmException(
                $"Vector: found one that '{record.Id}' does not have; expected none: the model makes it of the text");
    }
}
