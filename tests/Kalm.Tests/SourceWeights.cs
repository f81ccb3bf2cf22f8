using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Language.Tokenization;
using static TorchSharp.torch;

namespace Kalm.Tests;

/// <summary>The weights of a source that a test opens and closes.</summary>
internal sealed class SourceWeights(IModelSource source) : IDisposable
{
    public MergedWeights Weights { get; } = new(source, null, TestContext.Current.CancellationToken);

    public ModelConfig Config => source.Config;

    public IReadOnlyList<string> Warnings => source.Warnings;

    /// <summary>A model folder, and an adapter over it.</summary>
    public static SourceWeights Open(string folder, string? adapter = null) =>
        new(adapter is null ? FolderSource.Open(folder) : Adapted(folder, adapter));

    public static AdaptedSource Adapted(string folder, string adapter)
    {
        var model = FolderSource.Open(folder);
        return new AdaptedSource(adapter, AdapterFolder.Open(adapter, model.Config), adapter, model);
    }

    /// <summary>A base with an adapter merged into it, without a tokenizer of its own.</summary>
    public static CausalModel LoadAdapted(string folder, string adapter, Tokenizer tokenizer)
    {
        using var source = new SourceWeights(Adapted(folder, adapter));
        return new CausalModel(source.Config, tokenizer,
            source.Config.TensorShapes().ToDictionary(tensor => tensor.Name, tensor => source.Read(tensor.Name)), CPU);
    }

    public Tensor Read(string name) => Weights.Read(name);

    public static implicit operator MergedWeights(SourceWeights weights) => weights.Weights;

    public void Dispose() => source.Dispose();
}
