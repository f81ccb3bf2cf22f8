using System.Text.Json;
using System.Text.Json.Nodes;
using Kalm.Files;
using Kalm.Language.Sources;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;

namespace Kalm.Language.Export;

/// <summary>Writes what stands beside the weights of a Hugging Face folder.</summary>
public static class HuggingFaceFiles
{
    private const string Wrapped = "text_config";

    // Old and new readers look for the one or the other.
    private static readonly string[] TypeKeys = ["dtype", "torch_dtype"];
    private static readonly string[] RotaryKeys = ["rope_parameters", "rope_theta", "rope_scaling"];

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes config.json, generation_config.json, the tokenizer's files, the licence.</summary>
    /// <param name="folder">An existing folder, usually a staged one.</param>
    /// <param name="source">Where the model comes from: nothing that other libraries read in its files is lost.</param>
    /// <param name="config">The architecture and the type of the weights as they are written.</param>
    /// <exception cref="KalmException">A file cannot be read or written.</exception>
    public static void Write(string folder, IModelSource source, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(config);
        source.WriteCompanions(folder);
        AtomicFile.WriteAllText(Path.Combine(folder, ModelConfig.FileName), Text(ConfigOf(source.ReadConfig(), config)));
        var generation = Path.Combine(folder, GenerationDefaults.FileName);
        if (!File.Exists(generation))
            AtomicFile.WriteAllText(generation, Text(GenerationOf(source.Generation, config)));
    }

    internal static string Text(JsonNode node) => node.ToJsonString(Indented) + "\n";

    // The base's own file, in which other libraries may read more than we do; what the language model of a wrapper says stands at the top
    // when it is alone.
    private static JsonObject ConfigOf(JsonObject? own, ModelConfig config)
    {
        var ours = JsonNode.Parse(ModelConfigText.Write(config))!.AsObject();
        if (own is null || own.ContainsKey(Wrapped))
            return ours;
        own.Remove("_name_or_path");
        foreach (var key in TypeKeys)
            own[key] = config.TorchType.TorchName();
        foreach (var key in RotaryKeys)
            if (own[key] is null && ours[key] is { } value)
                own[key] = value.DeepClone();
        own["tie_word_embeddings"] = config.TieWordEmbeddings;
        own["vocab_size"] = config.VocabularySize;
        if (config.AttentionBias)
            own["attention_bias"] = true;
        if (config.MlpBias)
            own["mlp_bias"] = true;
        return own;
    }

    private static JsonObject GenerationOf(GenerationDefaults defaults, ModelConfig config)
    {
        var json = new JsonObject
        {
            ["_from_model_config"] = true,
            ["bos_token_id"] = config.BeginTokenId,
            ["eos_token_id"] = defaults.EndTokenIds.Count switch
            {
                0 => null,
                1 => defaults.EndTokenIds[0],
                _ => new JsonArray([.. defaults.EndTokenIds.Select(end => JsonValue.Create(end))]),
            },
        };
        if (!defaults.Samples)
            return json;
        json["do_sample"] = true;
        Add("temperature", defaults.Temperature);
        Add("top_k", defaults.TopK);
        Add("top_p", defaults.TopP);
        Add("repetition_penalty", defaults.RepetitionPenalty);
        return json;

        void Add(string key, double? value)
        {
            if (value is { } number)
                json[key] = number;
        }
    }
}
