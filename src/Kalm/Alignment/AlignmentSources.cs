using Kalm.Engine;
using Kalm.Graph;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Representation;
using TorchSharp;

namespace Kalm.Alignment;

/// <summary>What runs on one graph and one base have in common, each read when the first of them asks for it. Serves one run at a
/// time.</summary>
public sealed class AlignmentSources : IDisposable
{
    private KnowledgeGraph? graph;
    private OpenedModel? opened;
    private CausalModel? model;

    /// <summary>How the base is held; null before it is loaded.</summary>
    internal BasePrecision? Held { get; private set; }

    /// <summary>The graph; what is odd about it is told when it is read.</summary>
    internal KnowledgeGraph Graph(string path, GraphOptions options, IProgress<ProgressEvent>? progress)
    {
        if (graph is not null)
            return graph;
        progress?.Report(ProgressStage.ReadingGraph);
        graph = KnowledgeGraph.Load(path, options);
        foreach (var warning in graph.Warnings)
            progress?.Report(new ProgressNote(warning));
        if (graph.Test.Count == 0)
            progress?.Report(new ProgressNote("no test split: nothing is held out to measure the result on"));
        return graph;
    }

    /// <summary>The base, opened.</summary>
    /// <exception cref="KalmException">It is an adapter, or cannot be opened.</exception>
    internal OpenedModel Open(string name, IProgress<ProgressEvent>? progress, CancellationToken cancellation)
    {
        opened ??= OpenedModel.Open(name, new ModelSourceOptions { Progress = progress, Cancellation = cancellation });
        if (opened.Source.Adapter is not null)
            throw new KalmException(
                $"{name}: is an adapter; expected a base model to align (a Hugging Face folder or a run made with method full)");
        return opened;
    }

    /// <summary>The opened base's weights; no run changes them.</summary>
    /// <param name="device">Where they lie; the CPU when null.</param>
    /// <param name="precision">How they are held; a run that asks for another than the one before it has them loaded anew.</param>
    /// <param name="progress">Told what is odd about them when they are loaded; may be null.</param>
    internal CausalModel Load(torch.Device? device, BasePrecision precision, IProgress<ProgressEvent>? progress)
    {
        if (model is not null && Held == precision)
            return model;
        if (model is not null)
        {
            model.Dispose();
            model = null;
            NativeMemory.Return();
        }
        progress?.Report(ProgressStage.LoadingModel);
        model = opened!.Load(device, precision);
        Held = precision;
        foreach (var warning in model.Warnings)
            progress?.Report(new ProgressNote(warning));
        return model;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        model?.Dispose();
        opened?.Dispose();
    }
}
