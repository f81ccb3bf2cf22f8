using Kalm.Completion.Facts;
using Kalm.Evaluation;
using Kalm.Evaluation.Vectors;
using Kalm.Files;
using Kalm.Graph;
using Kalm.Representation;

namespace Kalm.Completion;

/// <summary>The searchable entities of a graph as a model sees them, kept in a folder that is named by what decides them: the files that
/// <c>embed</c> writes, and the calibration. Owns the vectors.</summary>
/// <param name="Vectors">The entities.</param>
/// <param name="Calibration">How scores become probabilities.</param>
/// <param name="Folder">Where both are kept.</param>
/// <param name="WasBuilt">Whether they were made now.</param>
public sealed record EntityIndex(EntityVectors Vectors, Calibration Calibration, string Folder, bool WasBuilt) : IDisposable
{
    private const string VectorsName = "entities.safetensors";
    private const string Name = "index";
    private const int KeyLength = 16;

    /// <summary>Where the indices of a model are kept by default: in <c>index</c> in its folder, or beside its file; in the user's folder
    /// for local data where nothing can be written there.</summary>
    public static string RootOf(OpenedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var (beside, name) = Directory.Exists(model.Given) ? (model.Given, Name)
            : File.Exists(model.Given) ? (Path.GetDirectoryName(Path.GetFullPath(model.Given))!, $"{Path.GetFileName(model.Given)}.{Name}")
            : (model.Source.Place, Name);
        return IsWritable(beside) ? Path.Combine(beside, name)
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "kalm", Name);
    }

    private static bool IsWritable(string folder)
    {
        try
        {
            using var tried = new FileStream(Path.Combine(folder, Path.GetRandomFileName()), new FileStreamOptions
            {
                Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.DeleteOnClose,
            });
            return true;
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            return false;
        }
    }

    /// <summary>Opens the index; builds it when it is not there or not sound. On the model's thread.</summary>
    /// <param name="root">Where indices are kept.</param>
    /// <param name="model">The model.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="facts">What is known.</param>
    /// <param name="progress">Told how far the work has come.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="KalmException">The folder cannot be written, or the model's embeddings are not finite.</exception>
    public static EntityIndex Open(
        string root, LoadedModel model, KnowledgeGraph graph, FactSplits facts,
        IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        var key = IndexKey.Of(model.Opened, graph);
        var folder = Path.Combine(root, key[..KeyLength]);
        if (Sound(folder, model, graph) is { } kept)
            return kept;
        Build(folder, key, model, graph, facts, progress, cancellation);
        return new EntityIndex(OpenVectors(folder, model, graph), ReadCalibration(folder), folder, WasBuilt: true);
    }

    /// <summary>The vectors of the index for rankings, where it is there and sound; null where it is not.</summary>
    /// <param name="root">Where indices are kept.</param>
    /// <param name="model">The model.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="texts">Its texts as this model sees them.</param>
    /// <param name="folder">Where it lies, or would.</param>
    public static IEntityVectors? Find(string root, LoadedModel model, KnowledgeGraph graph, TextIndex texts, out string folder)
    {
        folder = Path.Combine(root, IndexKey.Of(model.Opened, graph)[..KeyLength]);
        return Sound(folder, model, graph) is { } kept ? new IndexedTexts(kept.Vectors, texts) : null;
    }

    // Null where it is not there or not sound: it is made of what is at hand, so it is made again.
    private static EntityIndex? Sound(string folder, LoadedModel model, KnowledgeGraph graph)
    {
        try
        {
            return Directory.Exists(folder) && ReadCalibration(folder) is { Temperature: > 0, RelationTemperature: > 0 } calibration
                ? new EntityIndex(OpenVectors(folder, model, graph), calibration, folder, WasBuilt: false) : null;
        }
        catch (KalmException)
        {
            return null;
        }
    }

    private static Calibration ReadCalibration(string folder) =>
        Json.Read(Path.Combine(folder, Calibration.FileName), CalibrationJson.Shared.Calibration);

    private static EntityVectors OpenVectors(string folder, LoadedModel model, KnowledgeGraph graph) =>
        new(Path.Combine(folder, VectorsName), graph.Entities.Count, model.Model.Config.HiddenSize, model.Model.Device);

    private static void Build(
        string folder, string key, LoadedModel model, KnowledgeGraph graph, FactSplits facts,
        IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        // It outlives a start that is interrupted.
        using var store = EmbeddingStore.Open(
            folder + EmbeddingStore.Suffix, key, model.Model.Config.HiddenSize, graph, new TextIndex(graph, model.Wording), null, _ => { });
        store.Encode(model.Decoder, progress, cancellation);
        using var staged = new StagedFolder(folder);
        EmbeddingExport.Write(staged.Path, EmbeddingFormat.Safetensors, store, progress, cancellation);
        using (var vectors = OpenVectors(staged.Path, model, graph))
        {
            var fitted = Calibrator.Fit(model, graph, vectors, facts, progress, cancellation);
            Json.Write(staged.File(Calibration.FileName), fitted with
            {
                Facts = FactCalibrator.Fit(model, graph, vectors, facts, fitted.Temperature, progress, cancellation),
            });
        }
        staged.Commit();
        store.Delete();
    }

    /// <summary>From here on entities are sought among the nearest that a graph of neighbours finds, which is made where it is not there:
    /// for graphs of a million entities and more. Their scores are exact, probabilities near, and one or the other of the best may be
    /// missed. On the model's thread.</summary>
    /// <param name="model">The index's model, which reads the queries that recall is measured with.</param>
    /// <param name="graph">The index's graph.</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <returns>How many of the best it finds.</returns>
    /// <exception cref="KalmException">The index's folder cannot be written, or the library cannot be loaded.</exception>
    public NeighbourRecall SearchApproximately(
        LoadedModel model, KnowledgeGraph graph, IProgress<EvaluationProgress>? progress = null,
        CancellationToken cancellation = default) =>
        (Vectors.Neighbours ??= NearestNeighbours.Open(this, model, graph, progress, cancellation)).Recall;

    /// <inheritdoc/>
    public void Dispose() => Vectors.Dispose();
}
