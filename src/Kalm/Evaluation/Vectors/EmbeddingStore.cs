using Kalm.Distributed;
using Kalm.Files;
using Kalm.Graph;
using Kalm.Language.Execution;
using Kalm.Representation;

namespace Kalm.Evaluation.Vectors;

/// <summary>The vectors of an export while it is made: a folder that outlives its process, so that the same export goes on where it
/// stood, and that is deleted when the export is in its place.</summary>
public sealed class EmbeddingStore : IDisposable
{
    /// <summary>What its folder is called behind the name of what is made.</summary>
    public const string Suffix = ".part";

    private readonly string folder;
    private readonly VectorFile? queryVectors;

    private EmbeddingStore(
        string folder, string key, int width, KnowledgeGraph graph, TextIndex texts, IReadOnlyList<Triple>? triples,
        Action<string>? startAnew)
    {
        (this.folder, Graph, Texts) = (folder, graph, texts);
        Queries = triples is null ? null : new QueryViews(graph, texts, triples);
        Entities = VectorFile.Open(Path.Combine(folder, "entities"), key, texts.Descriptions.Count, width, startAnew);
        try
        {
            if (Queries is not null)
                queryVectors = VectorFile.Open(
                    Path.Combine(folder, "queries"), VectorKey.OfQueries(key, Queries.Texts), Queries.Texts.Length, width, startAnew);
        }
        catch
        {
            Entities.Dispose();
            throw;
        }
    }

    /// <summary>The vectors of the distinct entity texts.</summary>
    public VectorFile Entities { get; }

    /// <summary>Texts encoded, of entities and of queries.</summary>
    public int Done => Entities.Done + (queryVectors?.Done ?? 0);

    /// <summary>Texts to encode in all.</summary>
    public int Count => Entities.Count + (queryVectors?.Count ?? 0);

    internal KnowledgeGraph Graph { get; }

    internal TextIndex Texts { get; }

    internal QueryViews? Queries { get; }

    internal VectorFile QueryVectors => queryVectors ?? throw new InvalidOperationException("found no queries; expected some");

    /// <summary>Opens the folder, made where it is absent.</summary>
    /// <param name="folder">Where the vectors lie meanwhile.</param>
    /// <param name="key">As <see cref="VectorKey"/> gives it.</param>
    /// <param name="width">Numbers in a vector.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="texts">Its texts as the model sees them.</param>
    /// <param name="triples">The triples whose two queries are wanted too; null for none.</param>
    /// <param name="startAnew">As for <see cref="VectorFile.Open"/>.</param>
    /// <inheritdoc cref="VectorFile.Open" path="/exception"/>
    public static EmbeddingStore Open(
        string folder, string key, int width, KnowledgeGraph graph, TextIndex texts, IReadOnlyList<Triple>? triples,
        Action<string>? startAnew = null) => new(folder, key, width, graph, texts, triples, startAnew);

    /// <summary>Encodes what is missing.</summary>
    /// <inheritdoc cref="VectorEncoding.Entities" path="/param[@name!='file' and @name!='texts' and @name!='portionTokens']"/>
    /// <inheritdoc cref="VectorEncoding.Entities" path="/exception"/>
    public void Encode(
        DecoderPool decoder, IProgress<EvaluationProgress>? progress, CancellationToken cancellation, ICollectives? ranks = null)
    {
        VectorEncoding.Entities(Entities, decoder, Texts, progress, cancellation, ranks: ranks);
        if (queryVectors is not null)
            VectorEncoding.Queries(queryVectors, decoder, Texts, Queries!.Texts, progress, cancellation, ranks: ranks);
    }

    /// <summary>Encodes this rank's share of what the first one's store lacks.</summary>
    /// <param name="decoder">The model.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="texts">Its texts as the model sees them.</param>
    /// <param name="triples">As for <see cref="Open"/>.</param>
    /// <param name="ranks">Who shares the texts.</param>
    /// <param name="cancellation">Stops all ranks between portions.</param>
    public static void EncodeShare(
        DecoderPool decoder, KnowledgeGraph graph, TextIndex texts, IReadOnlyList<Triple>? triples, ICollectives ranks,
        CancellationToken cancellation)
    {
        VectorEncoding.Entities(null, decoder, texts, null, cancellation, ranks: ranks);
        if (triples is not null)
            VectorEncoding.Queries(null, decoder, texts, new QueryViews(graph, texts, triples).Texts, null, cancellation, ranks: ranks);
    }

    /// <summary>Closes and removes the folder; what was read from it is invalid from then on.</summary>
    /// <exception cref="KalmException">The file system refused.</exception>
    public void Delete()
    {
        Dispose();
        FileFault.RemoveFolder(folder);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Entities.Dispose();
        queryVectors?.Dispose();
    }
}
