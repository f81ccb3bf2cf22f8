using System.Text.Json.Nodes;
using Kalm.Files;
using Kalm.Language.Model;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;
using static TorchSharp.torch;

namespace Kalm.Language.Export;

/// <summary>Writes a model as a complete Hugging Face folder, weight by weight.</summary>
public static class HuggingFaceExport
{
    /// <summary>The most bytes of weights in a file; more are written as shards with an index.</summary>
    public const long ShardBytes = 5_000_000_000;

    /// <summary>Writes the model's files.</summary>
    /// <param name="folder">An existing folder, usually a staged one.</param>
    /// <param name="weights">The weights, and the source whose other files go along.</param>
    /// <param name="type">F32, F16 or BF16.</param>
    /// <param name="shardBytes">The most bytes in a file, unless one weight alone has more.</param>
    /// <exception cref="KalmException">A number is too large for the type, or a file cannot be read or written.</exception>
    public static void Write(string folder, MergedWeights weights, TensorType type, long shardBytes = ShardBytes)
    {
        ArgumentNullException.ThrowIfNull(weights);
        HuggingFaceFiles.Write(folder, weights.Source, weights.Config with { TorchType = type });
        WriteWeights(folder, weights, type, shardBytes);
    }

    private static void WriteWeights(string folder, MergedWeights source, TensorType type, long shardBytes)
    {
        var shards = Divide(source.Config, type, shardBytes);
        var places = new JsonObject();
        var total = 0L;
        for (var index = 0; index < shards.Count; index++)
        {
            var name = shards.Count == 1 ? SafetensorsShards.SingleName : $"model-{index + 1:D5}-of-{shards.Count:D5}.safetensors";
            var writer = new SafetensorsWriter();
            var canonical = new Dictionary<string, string>();
            foreach (var (tensor, shape) in shards[index])
            {
                var written = source.Config.CheckpointName(tensor);
                canonical.Add(written, tensor);
                writer.Declare(written, type, shape);
                places[written] = name;
                total += SizeOf(shape, type);
            }
            writer.Write(Path.Combine(folder, name), (entry, stream) =>
            {
                using var scope = NewDisposeScope();
                TensorParts.ForEach(source.Read(canonical[entry.Name]), part => SafetensorsWriter.WriteSingles(entry, stream, part));
            });
        }
        if (shards.Count > 1)
            AtomicFile.WriteAllText(Path.Combine(folder, SafetensorsIndex.FileName), HuggingFaceFiles.Text(new JsonObject
            {
                ["metadata"] = new JsonObject { ["total_size"] = total },
                ["weight_map"] = places,
            }));
    }

    private static List<List<(string Name, long[] Shape)>> Divide(ModelConfig config, TensorType type, long shardBytes)
    {
        var shards = new List<List<(string, long[])>> { new() };
        var filled = 0L;
        foreach (var tensor in config.TensorShapes())
        {
            var size = SizeOf(tensor.Shape, type);
            if (filled > 0 && filled + size > shardBytes)
            {
                shards.Add([]);
                filled = 0;
            }
            shards[^1].Add(tensor);
            filled += size;
        }
        return shards;
    }

    private static long SizeOf(long[] shape, TensorType type) => SafetensorsLayout.ByteCount(type, shape)!.Value;
}
