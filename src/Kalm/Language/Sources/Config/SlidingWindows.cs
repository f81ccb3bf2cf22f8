using System.Text.Json;
using Kalm.Files;

namespace Kalm.Language.Sources.Config;

/// <summary>Reads and writes the keys of config.json that say which layers a sliding window limits.</summary>
internal static class SlidingWindows
{
    // Mistral's and Qwen's configurations share it.
    private const int DefaultWindow = 4096;
    private const int DefaultFullLayers = 28;
    // Far beyond any model; it keeps a hostile file from making a long list.
    private const int MostLayers = 10_000;
    private const string Windowed = "sliding_attention";
    private const string Full = "full_attention";

    /// <summary>The window and, where it does not limit all layers, which ones: see <see cref="ModelConfig.WindowedLayers"/>.</summary>
    public static (int? Window, IReadOnlyList<bool>? Layers) Read(JsonFields fields, Architecture architecture, int layerCount)
    {
        var listed = ReadTypes(fields, layerCount);
        var window = fields.Has("sliding_window") ? fields.Integer("sliding_window") : DefaultWindow;
        if (window <= 0)
            throw fields.Fault("sliding_window", "a positive whole number or null");
        switch (architecture.Windows)
        {
            case WindowRule.None:
                if (fields.Integer("sliding_window") is not null)
                    throw fields.Fault("sliding_window", $"null: {architecture.ModelType} has none");
                if (listed?.Contains(true) ?? false)
                    throw fields.Fault("layer_types", $"{Full} only: {architecture.ModelType} has no window");
                return (null, null);
            case WindowRule.EveryLayer:
                return Combine(fields, window, listed);
            default:
                if (fields.Flag("use_sliding_window") ?? false)
                    return Combine(fields, window, listed ?? LaterLayers(fields, layerCount));
                // Without the switch it takes a list of layers to turn windows on, and the two must not contradict each other.
                if (listed?.Contains(true) ?? false)
                    return fields.Has("use_sliding_window")
                        ? throw fields.Fault("use_sliding_window", $"true, because layer_types names {Windowed}")
                        : Combine(fields, window, listed);
                return (null, null);
        }
    }

    /// <summary>Writes the keys; those of the older kind where they can say it, so that every reader understands.</summary>
    public static void Write(Utf8JsonWriter json, ModelConfig config)
    {
        if (config.Architecture.Windows == WindowRule.None)
            return;
        var layers = Enumerable.Range(0, config.LayerCount).Select(layer => config.WindowOf(layer) is not null).ToList();
        var full = layers.TakeWhile(windowed => !windowed).Count();
        if (config.Architecture.Windows == WindowRule.LaterLayers ? layers.Skip(full).Contains(false) : config.WindowedLayers is not null)
            json.WriteTexts("layer_types", layers.Select(windowed => windowed ? Windowed : Full));
        if (config.Architecture.Windows == WindowRule.LaterLayers)
        {
            json.WriteNumber("max_window_layers", full);
            json.WriteBoolean("use_sliding_window", config.SlidingWindow is not null);
        }
        if (config.SlidingWindow is { } window)
            json.WriteNumber("sliding_window", window);
        else
            json.WriteNull("sliding_window");
    }

    private static (int? Window, IReadOnlyList<bool>? Layers) Combine(JsonFields fields, int? window, List<bool>? layers)
    {
        if (layers is not null && !layers.Contains(true))
            return (null, null);
        if (layers is not null && window is null)
            throw fields.Fault("sliding_window", $"a positive whole number, because some layers have {Windowed}");
        return (window, layers is null || !layers.Contains(false) ? null : layers);
    }

    private static List<bool> LaterLayers(JsonFields fields, int layerCount)
    {
        var full = fields.Integer("max_window_layers") ?? DefaultFullLayers;
        if (full < 0)
            throw fields.Fault("max_window_layers", "a whole number from 0");
        if (layerCount is <= 0 or > MostLayers)
            throw fields.Fault("num_hidden_layers", $"a positive whole number up to {MostLayers}");
        return [.. Enumerable.Range(0, layerCount).Select(layer => layer >= full)];
    }

    private static List<bool>? ReadTypes(JsonFields fields, int layerCount)
    {
        const string Key = "layer_types";
        if (fields.Value(Key) is not { } types)
            return null;
        if (types.ValueKind != JsonValueKind.Array || types.GetArrayLength() != layerCount)
            throw fields.Fault(Key, $"a list of {layerCount} texts, num_hidden_layers");
        return [.. types.EnumerateArray().Select(type => type.ValueKind != JsonValueKind.String ? throw Unknown() : type.GetString() switch
        {
            Windowed => true,
            Full => false,
            _ => throw Unknown(),
        })];

        KalmException Unknown() => fields.Fault(Key, $"{Full} or {Windowed} for every layer");
    }
}
