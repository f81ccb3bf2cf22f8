using System.Buffers.Binary;
using System.Text;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Tests;

/// <summary>A model folder of any apparent size that takes no room: correct headers, and data that was never written.</summary>
internal static class SparseCheckpoint
{
    /// <summary>Llama-2 7B.</summary>
    public static ModelConfig SevenBillion { get; } = new()
    {
        HiddenSize = 4096,
        IntermediateSize = 11008,
        LayerCount = 32,
        HeadCount = 32,
        KeyValueHeadCount = 32,
        HeadDimension = 128,
        VocabularySize = 32000,
        MaxPositions = 4096,
        TorchType = TensorType.F16,
    };

    /// <summary>Fills a folder: config.json, shards and their index, or one file; no tokenizer.</summary>
    public static void Make(string folder, ModelConfig config, string type, int itemSize, int shards)
    {
        config.Save(folder);
        var tensors = config.TensorShapes().ToList();
        var map = new List<string>();
        for (var shard = 0; shard < shards; shard++)
        {
            var name = shards == 1 ? "model.safetensors" : $"model-{shard + 1:D5}-of-{shards:D5}.safetensors";
            var part = tensors.Where((_, index) => index * shards / tensors.Count == shard).ToList();
            WriteFile(Path.Combine(folder, name), part, type, itemSize);
            map.AddRange(part.Select(tensor => $"\"{tensor.Name}\":\"{name}\""));
        }
        if (shards > 1)
            File.WriteAllText(
                Path.Combine(folder, "model.safetensors.index.json"), $"{{\"metadata\":{{}},\"weight_map\":{{{string.Join(",", map)}}}}}");
    }

    /// <summary>Writes one file; the numbers of its tensors are all zero.</summary>
    public static void WriteFile(string path, IEnumerable<(string Name, long[] Shape)> tensors, string type, int itemSize)
    {
        var entries = new List<string>();
        var end = 0L;
        foreach (var (name, shape) in tensors)
        {
            var begin = end;
            end += shape.Aggregate((long)itemSize, (product, size) => product * size);
            entries.Add($"\"{name}\":{{\"dtype\":\"{type}\",\"shape\":[{string.Join(",", shape)}],\"data_offsets\":[{begin},{end}]}}");
        }
        var header = Encoding.UTF8.GetBytes($"{{{string.Join(",", entries)}}}");
        using var stream = new FileStream(path, FileMode.CreateNew);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        stream.SetLength(8 + header.Length + end);
    }
}
