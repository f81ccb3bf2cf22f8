using System.Text.Json;
using System.Text.Json.Nodes;
using Kalm.Files;
using Kalm.Language.Model;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;
using static TorchSharp.torch;

namespace Kalm.Language.Export;

/// <summary>Writes a model as a complete Hugging Face folder, weight by weight.</summary>
public static class HuggingFaceExport
{
    /// <summary>The most bytes of weights in a file; more are written as shards with an index.</summary>
    public const long ShardBytes = 5_000_000_000;

    private const string GenerationConfig = "generation_config.json";

    // Newer files have the first.
    private static readonly string[] TypeKeys = ["dtype", "torch_dtype"];

    // What libraries look for beside the weights; each is taken over as it is.
    private static readonly string[] TakenOver =
    [
        "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
        "chat_template.jinja", "chat_template.json", GenerationConfig, "LICENSE", "LICENSE.txt", "USE_POLICY.md", "NOTICE",
    ];

    /// <summary>Writes the model's files.</summary>
    /// <param name="folder">An existing folder, usually a staged one.</param>
    /// <param name="source">The weights, and the folder whose other files are taken over.</param>
    /// <param name="type">F32, F16 or BF16.</param>
    /// <param name="shardBytes">The most bytes in a file, unless one weight alone has more.</param>
    /// <exception cref="KalmException">A number is too large for the type, or a file cannot be read or written.</exception>
    public static void Write(string folder, MergedCheckpoint source, TensorType type, long shardBytes = ShardBytes)
    {
        ArgumentNullException.ThrowIfNull(source);
        try
        {
            foreach (var name in TakenOver)
                if (File.Exists(Path.Combine(source.Folder, name)))
                    File.Copy(Path.Combine(source.Folder, name), Path.Combine(folder, name));
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw FileFault.At(folder, "copy the tokenizer's files", error);
        }
        WriteConfig(folder, source, type);
        if (!File.Exists(Path.Combine(folder, GenerationConfig)))
            WriteGenerationConfig(folder, source.Config);
        WriteWeights(folder, source, type, shardBytes);
    }

    // The base's own file with another type, so that nothing in it is lost that other libraries read.
    private static void WriteConfig(string folder, MergedCheckpoint source, TensorType type)
    {
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(source.Folder, ModelConfig.FileName)))!.AsObject();
        config.Remove("_name_or_path");
        foreach (var key in TypeKeys.Where(config.ContainsKey).DefaultIfEmpty(TypeKeys[^1]).ToList())
            config[key] = type.TorchName();
        AtomicFile.WriteAllText(Path.Combine(folder, ModelConfig.FileName), Text(config));
    }

    private static void WriteGenerationConfig(string folder, ModelConfig config)
    {
        var ends = config.EndTokenIds;
        AtomicFile.WriteAllText(Path.Combine(folder, GenerationConfig), Text(new JsonObject
        {
            ["_from_model_config"] = true,
            ["bos_token_id"] = config.BeginTokenId,
            ["eos_token_id"] = ends.Count switch
            {
                0 => null,
                1 => ends[0],
                _ => new JsonArray([.. ends.Select(end => JsonValue.Create(end))]),
            },
        }));
    }

    private static void WriteWeights(string folder, MergedCheckpoint source, TensorType type, long shardBytes)
    {
        var shards = Divide(source.Config, type, shardBytes);
        var places = new JsonObject();
        var total = 0L;
        for (var index = 0; index < shards.Count; index++)
        {
            var name = shards.Count == 1 ? CheckpointFolder.WeightsName : $"model-{index + 1:D5}-of-{shards.Count:D5}.safetensors";
            var writer = new SafetensorsWriter();
            foreach (var (tensor, shape) in shards[index])
            {
                writer.Declare(tensor, type, shape);
                places[tensor] = name;
                total += SizeOf(shape, type);
            }
            writer.Write(Path.Combine(folder, name), (entry, stream) =>
            {
                using var scope = NewDisposeScope();
                TensorParts.ForEach(source.Read(source.Config.CanonicalName(entry.Name)), part => SafetensorsWriter.WriteSingles(entry, stream, part));
            });
        }
        if (shards.Count > 1)
            AtomicFile.WriteAllText(Path.Combine(folder, SafetensorsIndex.FileName), Text(new JsonObject
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
            shards[^1].Add((config.CheckpointName(tensor.Name), tensor.Shape));
            filled += size;
        }
        return shards;
    }

    private static long SizeOf(long[] shape, TensorType type) => SafetensorsLayout.ByteCount(type, shape)!.Value;

    private static string Text(JsonNode node) => node.ToJsonString(new JsonSerializerOptions
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    }) + "\n";
}
