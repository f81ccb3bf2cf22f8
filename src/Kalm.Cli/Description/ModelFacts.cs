using Kalm.Alignment;
using Kalm.Language.Execution;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Language.Tokenization;

namespace Kalm.Cli.Description;

/// <summary>The architecture and its sizes.</summary>
internal sealed record ArchitectureFacts(
    string ModelType, int Layers, int HiddenSize, int IntermediateSize, int Heads, int KeyValueHeads, int HeadDimension,
    int Context, int? SlidingWindow, int WindowedLayers, int Vocabulary,
    bool TiedHead, double RopeTheta, string? RopeScaling, double? RopeFactor)
{
    /// <summary>Takes the facts of a configuration.</summary>
    public static ArchitectureFacts Of(ModelConfig config) => new(
        config.Architecture.ModelType, config.LayerCount, config.HiddenSize,
        config.IntermediateSize, config.HeadCount, config.KeyValueHeadCount,
        config.HeadDimension, config.MaxPositions, config.SlidingWindow,
        Enumerable.Range(0, config.LayerCount).Count(layer => config.WindowOf(layer) is not null),
        config.VocabularySize, config.TieWordEmbeddings, config.RopeTheta, config.RopeScaling?.TypeName, config.RopeScaling?.Factor);
}

/// <summary>The weights as they are stored.</summary>
/// <param name="Parameters">All of them.</param>
/// <param name="BodyParameters">Without the token embedding and a separate head.</param>
/// <param name="Bytes">What the files take.</param>
/// <param name="Types">The bytes of each storage type, by its name, the most first.</param>
/// <param name="Files">The file, or the shards.</param>
/// <param name="BytesToRead">What reading and writing texts takes of a CPU's memory, adapter included: an estimate.</param>
/// <param name="BytesOfToken">What each token of a text that is gone on from adds to that.</param>
internal sealed record WeightFacts(
    long Parameters, long BodyParameters, long Bytes, IReadOnlyDictionary<string, long> Types, IReadOnlyList<WeightFile> Files,
    long BytesToRead, long BytesOfToken)
{
    /// <summary>Takes the facts of headers.</summary>
    public static WeightFacts Of(IModelSource adapted)
    {
        var source = adapted.Base;
        var tensors = source.Config.TensorShapes().Select(tensor => source.TryFind(tensor.Name)!).ToList();
        var (all, body) = CausalModel.CountParameters(source.Config);
        var files = source.Files.Select(file => new WeightFile(Path.GetFileName(file), new FileInfo(file).Length)).ToList();
        return new WeightFacts(
            all, body, files.Sum(file => file.Bytes),
            tensors.GroupBy(tensor => tensor.Type).OrderByDescending(group => group.Sum(tensor => tensor.ByteCount))
                .ToDictionary(group => group.Key, group => group.Sum(tensor => tensor.ByteCount)),
            files, ModelMemory.Program + ModelMemory.Reading(adapted), ModelMemory.CachedToken(adapted.Config));
    }
}

/// <summary>A file of weights.</summary>
internal sealed record WeightFile(string Name, long Bytes);

/// <summary>The tokenizer.</summary>
/// <param name="Kind">What it is, in words; null when it cannot be read.</param>
/// <param name="Tokens">The highest id + 1; null when it cannot be read.</param>
/// <param name="Begin">The token that it puts before every text; null when it puts none.</param>
/// <param name="End">The token that ends a text.</param>
/// <param name="Fault">Why it cannot be read.</param>
internal sealed record TokenizerFacts(string? Kind, int? Tokens, TokenFacts? Begin, TokenFacts? End, string? Fault)
{
    /// <summary>Takes the facts of a model's tokenizer; null when it has none.</summary>
    public static TokenizerFacts? Of(IModelSource source)
    {
        try
        {
            var tokenizer = source.ReadTokenizer();
            return new TokenizerFacts(
                tokenizer.Kind, tokenizer.VocabularySize, TokenFacts.Of(tokenizer, tokenizer.BeginId),
                TokenFacts.Of(tokenizer, tokenizer.EndId), null);
        }
        catch (KalmException error)
        {
            return new TokenizerFacts(null, null, null, null, error.Message.ReplaceLineEndings("; "));
        }
    }
}

/// <summary>A token.</summary>
internal sealed record TokenFacts(int Id, string Piece)
{
    /// <summary>The token of an id; null when there is none.</summary>
    public static TokenFacts? Of(Tokenizer tokenizer, int? id) => id is { } token ? new TokenFacts(token, tokenizer.Piece(token)) : null;
}

/// <summary>What <c>align</c> would train on this base.</summary>
/// <param name="Lora">The parameters of the default low-rank matrices.</param>
/// <param name="Rank">Their rank.</param>
/// <param name="Targets">The modules they adapt.</param>
/// <param name="Full">The parameters that method full trains.</param>
internal sealed record TrainingFacts(long Lora, int Rank, IReadOnlyList<string> Targets, long Full)
{
    private const string WeightEnd = ".weight";

    /// <summary>Counts by shapes alone; the learned temperature comes on top.</summary>
    public static TrainingFacts Of(ModelConfig config)
    {
        var defaults = new AlignmentOptions();
        var adapter = new AdapterConfig
        {
            Rank = defaults.Lora.Rank, Alpha = defaults.Lora.Alpha, TargetModules = config.TargetNames(defaults.Lora.Targets),
        };
        var (lora, full) = (0L, 0L);
        foreach (var (name, shape) in config.TensorShapes())
        {
            full += shape.Aggregate(1L, (product, size) => product * size);
            if (shape is [var rows, var columns] && name.EndsWith(WeightEnd, StringComparison.Ordinal)
                && adapter.Targets(config.CheckpointName(name[..^WeightEnd.Length])))
                lora += adapter.Rank * (rows + columns);
        }
        return new TrainingFacts(lora, adapter.Rank, adapter.TargetModules, full);
    }
}
