using System.Text.Json;
using System.Text.Json.Nodes;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Tests.Language.Sources.Adapters;

/// <summary>A PEFT folder in the making: config and tensors to change before they are written.</summary>
internal sealed class AdapterFiles
{
    private static readonly Random Numbers = new(5);

    public JsonObject Config { get; } = new()
    {
        ["peft_type"] = "LORA", ["task_type"] = "CAUSAL_LM", ["base_model_name_or_path"] = "base", ["r"] = 2, ["lora_alpha"] = 4,
        ["target_modules"] = new JsonArray("up_proj"),
    };

    public Dictionary<string, (long[] Shape, float[] Values)> Tensors { get; } = [];

    /// <summary>Matrices of the config's up_proj for a base model.</summary>
    public static AdapterFiles For(ModelConfig model)
    {
        var files = new AdapterFiles();
        for (var layer = 0; layer < model.LayerCount; layer++)
            files.Adapt($"model.layers.{layer}.mlp.up_proj", 2, model.HiddenSize, model.IntermediateSize);
        return files;
    }

    public AdapterFiles Adapt(string module, int rank, int inputs, int outputs)
    {
        Put($"base_model.model.{module}.lora_A.weight", rank, inputs);
        return Put($"base_model.model.{module}.lora_B.weight", outputs, rank);
    }

    public AdapterFiles Put(string name, params long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (product, size) => product * size)];
        for (var index = 0; index < values.Length; index++)
            values[index] = (float)(Numbers.NextDouble() - 0.5);
        Tensors[name] = (shape, values);
        return this;
    }

    public AdapterFiles Set(string key, string json)
    {
        Config[key] = JsonNode.Parse(json);
        return this;
    }

    public AdapterFiles Rename(Func<string, string> name)
    {
        foreach (var (old, tensor) in Tensors.ToList())
        {
            Tensors.Remove(old);
            Tensors[name(old)] = tensor;
        }
        return this;
    }

    public void Write(string folder, TensorType type = TensorType.F32)
    {
        File.WriteAllText(Path.Combine(folder, AdapterConfig.FileName), Config.ToJsonString(JsonSerializerOptions.Default));
        var writer = new SafetensorsWriter();
        foreach (var (name, (shape, _)) in Tensors)
            writer.Declare(name, type, shape);
        writer.Write(Path.Combine(folder, AdapterConfig.WeightsName), (entry, stream) =>
        {
            if (type == TensorType.I32)
                stream.Write(new byte[entry.ByteCount]);
            else
                SafetensorsWriter.WriteSingles(entry, stream, Tensors[entry.Name].Values);
        });
    }
}
