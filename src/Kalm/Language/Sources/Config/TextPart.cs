using Kalm.Files;

namespace Kalm.Language.Sources.Config;

/// <summary>Finds the part of a configuration that describes a language model: the whole file, or <c>text_config</c> in that of a model
/// for images
/// and sound, too. Given text alone such a model computes what its text part does: positions that run along several axes are then the same
/// on each.</summary>
internal static class TextPart
{
    private const string ModelType = "model_type";
    private const string Key = "text_config";

    // What a text part without a model_type is.
    private static readonly Dictionary<string, Architecture> Wrappers = new()
    {
        ["gemma3"] = Architecture.Gemma3,
        ["mistral3"] = Architecture.Mistral,
        ["llava"] = Architecture.Llama,
        ["llava_next"] = Architecture.Llama,
        ["vipllava"] = Architecture.Llama,
        ["idefics3"] = Architecture.Llama,
        ["smolvlm"] = Architecture.Llama,
        ["aya_vision"] = Architecture.Cohere2,
        ["internvl"] = Architecture.Qwen2,
        ["qwen2_vl"] = Architecture.Qwen2,
        ["qwen2_5_vl"] = Architecture.Qwen2,
    };

    // These see the prompt's text in both directions, or have more layers than their text part says.
    private static readonly string[] Others = ["paligemma", "mllama"];

    /// <summary>The fields that describe the language model, and its architecture.</summary>
    /// <exception cref="KalmException">It is not supported.</exception>
    public static (JsonFields Fields, Architecture Architecture) Find(JsonFields file)
    {
        var outer = file.Text(ModelType);
        if (file.Object(Key) is not { } text || outer is not null && Others.Contains(outer))
            return (file, Architecture.Find(outer) ?? throw Unknown(file));
        var architecture = text.Text(ModelType) is { } inner ? Architecture.Find(inner) : Wrappers.GetValueOrDefault(outer ?? "");
        return (text, architecture ?? throw Unknown(text));
    }

    private static KalmException Unknown(JsonFields fields) => fields.Fault(
        ModelType, $"a supported architecture: {Architecture.Supported}"
            + (fields.Value("auto_map") is null ? "" : " (code that comes with a model is never run)"));
}
