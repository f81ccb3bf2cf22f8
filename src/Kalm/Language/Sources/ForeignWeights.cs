using Kalm.Files;

namespace Kalm.Language.Sources;

/// <summary>Weights in forms that Kalm does not read: an error says what is there instead of what was expected.</summary>
internal static class ForeignWeights
{
    private static readonly (string Pattern, string Fault)[] Kinds =
    [
        ("*.gguf", "a file for llama.cpp, which is not read; take the Hugging Face folder it was made from"),
        ("pytorch_model.bin", "pickled weights, which are read together with their config.json"),
        ("pytorch_model-*.bin", "a shard without its index"),
        ("adapter_model.bin", Adapter),
        ("*.bin", Pickled), ("*.pth", Pickled), ("*.pt", Pickled), ("*.ckpt", Pickled),
        ("model-*.safetensors", "a shard without its index"),
        ("adapter_model.safetensors", Adapter),
        ("*.safetensors", "of another name, so perhaps of another layout"),
        ("*.h5", OfAnotherLibrary), ("*.msgpack", OfAnotherLibrary), ("*.onnx", OfAnotherLibrary),
    ];

    private const string Pickled = "pickled under a name that is not known, so perhaps of another layout; convert it to safetensors";
    private const string Adapter = "an adapter, which is given as a model together with its adapter_config.json";
    private const string OfAnotherLibrary = "weights of another library, which are not read; convert them to safetensors";

    /// <summary>What the folder holds instead, to go on with a sentence; empty when there is nothing to mention.</summary>
    public static string Found(string folder)
    {
        foreach (var (pattern, fault) in Kinds)
            if (Directory.EnumerateFiles(folder, pattern).Order(StringComparer.Ordinal).FirstOrDefault() is { } path)
                return $"; found {FileFault.Quote(Path.GetFileName(path))}: {fault}";
        return "";
    }
}
