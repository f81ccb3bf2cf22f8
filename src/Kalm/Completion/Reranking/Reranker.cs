using System.Globalization;
using Kalm.Evaluation;
using Kalm.Evaluation.Vectors;
using Kalm.Graph;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Safetensors;
using Kalm.Representation;
using static TorchSharp.torch;

namespace Kalm.Completion.Reranking;

/// <summary>Puts the best candidates of a query into a better order: a model trained on top of a run reads each beside the query and gives
/// a verdict, which counts beside the embeddings' score as much as it was worth on the validation split. It lies in <c>reranker/</c> in the
/// run's folder. Owns its model.</summary>
public sealed class Reranker : IDisposable
{
    /// <summary>The folder's name in a run.</summary>
    public const string FolderName = "reranker";

    private const int Portion = 32;
    private readonly LoadedModel judge;
    private readonly Tensor verdict;
    private readonly SignalReader signals;
    private readonly KnowledgeGraph graph;

    private Reranker(string folder, RerankerDescription description, LoadedModel judge, Tensor verdict, LoadedModel aligned,
        KnowledgeGraph graph, TextIndex? texts)
    {
        (Folder, Description, this.judge, this.verdict, this.graph) = (folder, description, judge, verdict, graph);
        signals = new SignalReader(
            judge.Decoder, verdict, new VerdictTrees(graph, judge.Wording, description.Shape, judge.Model.Config.ContextLength, texts),
            aligned.Decoder, aligned.Wording, aligned.Temperature);
    }

    /// <summary>Where it lies.</summary>
    public string Folder { get; }

    /// <summary>What it was trained with, and what it gained.</summary>
    public RerankerDescription Description { get; }

    /// <summary>Whether it changes anything.</summary>
    public bool IsUsed => !Description.Weights.AreZero();

    /// <summary>Why it changes nothing, for people; null where it does.</summary>
    public string? Refusal => IsUsed ? null : string.Create(CultureInfo.InvariantCulture,
        $"{Folder}: re-ranking gained nothing on the validation split (MRR {Description.Valid.Before:F3} without, "
            + $"{Description.Valid.After:F3} with it), so it is not used and the order stays");

    /// <summary>Where the re-ranker of a model lies, or would: in its run's folder.</summary>
    public static string FolderOf(OpenedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Path.Combine(model.Given, FolderName);
    }

    /// <summary>Refuses a model without one, before any long work.</summary>
    /// <exception cref="KalmException">There is none.</exception>
    public static void RequireIn(OpenedModel model)
    {
        if (!File.Exists(Path.Combine(FolderOf(model), RerankerDescription.FileName)))
            throw new KalmException($"{model.Given}: has no re-ranker; expected a run with one, as made by "
                + $"kalm align --stage rerank --model {model.Given}");
    }

    /// <summary>Opens the re-ranker of a model.</summary>
    /// <param name="aligned">The model whose candidates it orders; must outlive it.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="texts">The graph's texts as the model sees them; null encodes those that are met.</param>
    /// <exception cref="KalmException">There is none, it is damaged, or it was trained on other weights or texts.</exception>
    public static Reranker Open(LoadedModel aligned, KnowledgeGraph graph, TextIndex? texts = null)
    {
        ArgumentNullException.ThrowIfNull(aligned);
        var folder = FolderOf(aligned.Opened);
        RequireIn(aligned.Opened);
        var description = RerankerDescription.Read(folder);
        if (description.Vectors != VectorKey.Of(aligned.Opened, graph))
            throw new KalmException($"{folder}: was trained on other weights of the run or other texts of the graph; expected those it was "
                + "trained on, or a new one: kalm align --stage rerank --force");
        var source = aligned.Opened.Source;
        var opened = OpenedModel.Open(
            folder, new ModelSourceOptions { Base = source.Adapter is null ? null : source.Base.Place });
        var judge = new LoadedModel(opened, aligned.Model.Device, aligned.Decoder.ThreadCount);
        try
        {
            return new Reranker(folder, description, judge, ReadVerdict(folder, judge), aligned, graph, texts);
        }
        catch
        {
            judge.Dispose();
            throw;
        }
    }

    private static Tensor ReadVerdict(string folder, LoadedModel judge)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, RerankerDescription.VerdictName));
        var read = SourceTensors.Read(file, RerankerDescription.TensorName, judge.Model.Device);
        if (read.shape is [var width] && width == judge.Model.Config.HiddenSize)
            return read;
        using (read)
            throw new KalmException($"{file.Path}: tensor {RerankerDescription.TensorName} has shape {TensorEntry.Describe(read.shape)}; "
                + $"expected {TensorEntry.Describe([judge.Model.Config.HiddenSize])}");
    }

    /// <summary>The signals of some queries, on the model's thread; those of no weight are not computed.</summary>
    public IReadOnlyList<RerankSignals> Signals(IReadOnlyList<RerankRequest> requests) => signals.Of(requests, Description.Weights);

    /// <summary>Puts the candidates of a query into order, on the model's thread; of equal ones the better by score goes first.</summary>
    /// <param name="candidates">The candidates.</param>
    /// <param name="entity">The query's entity.</param>
    /// <param name="directedRelation">r, or r + R to read the relation backwards.</param>
    /// <param name="catalog">Has the candidates' texts.</param>
    /// <returns>The same candidates; ranks, scores and probabilities stay those of the embeddings. Where the re-ranker gained nothing on
    /// the validation split, they are as they were.</returns>
    public IReadOnlyList<EntityCandidate> Order(
        IReadOnlyList<EntityCandidate> candidates, QueryEntity entity, int directedRelation, Catalog catalog)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        if (!IsUsed || candidates.Count == 0)
            return candidates;
        var signal = Signals([new RerankRequest(
            Known(entity), directedRelation,
            [.. candidates.Select(candidate => Known(new QueryEntity(candidate.Entity, catalog[candidate.Entity].Description)))],
            [.. candidates.Select(candidate => (float)candidate.Score)])])[0];
        return [.. candidates.Zip(signal.Fused(Description.Weights), signal.Verdicts)
            .Select(item => item.First with { Reranked = new RerankedScore(item.Second, item.Third) })
            .OrderByDescending(candidate => candidate.Reranked!.Score)];

        // What was added has no facts.
        QueryEntity Known(QueryEntity found) => found.Entity is { } index && catalog.IsAdded(index) ? found with { Entity = null } : found;
    }

    /// <summary>Ranks the answers of queries anew.</summary>
    /// <param name="ranked">The queries with their best candidates (<see cref="RankedQuery.Nearest"/>).</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between portions.</param>
    /// <returns>The same queries; ranks and best candidates are new where the best candidates changed places.</returns>
    public IReadOnlyList<RankedQuery> Rank(
        IReadOnlyList<RankedQuery> ranked, IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(ranked);
        if (!IsUsed)
            return ranked;
        var found = new List<RankedQuery>(ranked.Count);
        foreach (var (portion, signal) in SignalsOf(signals, graph, ranked, Description.Weights, progress, cancellation))
        {
            var scores = signal.Fused(Description.Weights);
            var best = Array.IndexOf(scores, scores.Max());
            found.Add(portion with
            {
                Rank = RerankedRanks.Of(portion, scores), BestCandidate = portion.Nearest[best].Entity,
            });
        }
        return found;
    }

    /// <summary>The signals of ranked queries, some at a time.</summary>
    /// <param name="reader">Reads them.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="ranked">The queries with their best candidates.</param>
    /// <param name="weights">As <see cref="SignalReader.Of"/> takes them.</param>
    /// <param name="progress">Told how far the work has come; may be null.</param>
    /// <param name="cancellation">Stops between portions.</param>
    public static IEnumerable<(RankedQuery Query, RerankSignals Signals)> SignalsOf(
        SignalReader reader, KnowledgeGraph graph, IReadOnlyList<RankedQuery> ranked, RerankWeights? weights,
        IProgress<EvaluationProgress>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var done = 0;
        foreach (var portion in ranked.Chunk(Portion))
        {
            cancellation.ThrowIfCancellationRequested();
            var found = reader.Of([.. portion.Select(query => RerankedRanks.Request(graph, query))], weights);
            foreach (var pair in portion.Zip(found))
                yield return pair;
            progress?.Report(new EvaluationProgress("re-ranking", done += portion.Length, ranked.Count));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        verdict.Dispose();
        judge.Dispose();
    }
}
