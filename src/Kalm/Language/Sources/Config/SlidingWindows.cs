using System.Text.Json;
using Kalm.Files;

namespace Kalm.Language.Sources.Config;

/// <summary>Reads and writes the keys of config.json that say which layers a sliding window limits.</summary>
internal static class SlidingWindows
{
    private const int DefaultFullLayers = 28;
    // Far beyond any model; it keeps a hostile file from making a long list.
    private const int MostLayers = 10_000;
    private const string Windowed = "sliding_attention";
    private const string Full = "full_attention";
    private const string Window = "sliding_window";
    private const string Switch = "use_sliding_window";
    private const string Period = "sliding_window_pattern";

    /// <summary>Reads the window and which layers it limits into a configuration.</summary>
    public static ModelConfig Read(JsonFields fields, ModelConfig config)
    {
        var (window, layers) = ReadBoth(fields, config);
        return config with { SlidingWindow = window, WindowedLayers = layers };
    }

    private static (int? Window, IReadOnlyList<bool>? Layers) ReadBoth(JsonFields fields, ModelConfig config)
    {
        var architecture = config.Architecture;
        var listed = ReadTypes(fields, config.LayerCount);
        var window = fields.Has(Window) ? fields.Integer(Window) : architecture.Defaults.Window;
        if (window <= 0)
            throw fields.Fault(Window, "a positive whole number or null");
        switch (architecture.Windows)
        {
            case WindowRule.None:
                if (fields.Integer(Window) is not null)
                    throw fields.Fault(Window, $"null: {architecture.ModelType} has none");
                if (listed?.Contains(true) ?? false)
                    throw fields.Fault("layer_types", $"{Full} only: {architecture.ModelType} has no window");
                return (null, null);
            case WindowRule.EveryLayer:
                return Combine(fields, architecture, window, listed);
            case WindowRule.Periodic:
                if (window is null && listed is null && architecture.Rotation == RotationRule.WindowedLayersIfAny)
                    return (null, null);
                return Combine(fields, architecture, window, listed ?? ByPeriod(fields, config));
            default:
                if (fields.Flag(Switch) ?? false)
                    return Combine(fields, architecture, window, listed ?? (window is null ? null : BySwitch(fields, config)));
                // Without the switch it takes a list of layers to turn windows on, and the two must not contradict each other.
                if (listed?.Contains(true) ?? false)
                    return fields.Has(Switch)
                        ? throw fields.Fault(Switch, $"true, because layer_types names {Windowed}")
                        : Combine(fields, architecture, window, listed);
                return (null, null);
        }
    }

    /// <summary>Writes the keys; those of the older kind where they can say it, so that every reader understands.</summary>
    public static void Write(Utf8JsonWriter json, ModelConfig config)
    {
        var rule = config.Architecture.Windows;
        if (rule == WindowRule.None)
            return;
        var layers = Enumerable.Range(0, config.LayerCount).Select(layer => config.WindowOf(layer) is not null).ToList();
        var full = layers.TakeWhile(windowed => !windowed).Count();
        if (rule switch
        {
            WindowRule.LaterLayers => layers.Skip(full).Contains(false),
            WindowRule.EveryLayer => config.WindowedLayers is not null,
            _ => true,
        })
            json.WriteTexts("layer_types", layers.Select(windowed => windowed ? Windowed : Full));
        if (rule == WindowRule.LaterLayers)
            json.WriteNumber("max_window_layers", full);
        if (rule is WindowRule.LaterLayers or WindowRule.UnrotatedLayers)
            json.WriteBoolean(Switch, config.SlidingWindow is not null);
        if (config.SlidingWindow is { } window)
            json.WriteNumber(Window, window);
        else
            json.WriteNull(Window);
        if (rule == WindowRule.Periodic && PeriodOf(layers) is { } period)
            json.WriteNumber(Period, period);
    }

    /// <summary>A list of layers no longer than the model has, which must not be absurd.</summary>
    internal static List<bool> Layers(JsonFields fields, int layerCount, Func<int, bool> of) => layerCount is <= 0 or > MostLayers
        ? throw fields.Fault("num_hidden_layers", $"a positive whole number up to {MostLayers}")
        : [.. Enumerable.Range(0, layerCount).Select(of)];

    private static (int? Window, IReadOnlyList<bool>? Layers) Combine(
        JsonFields fields, Architecture architecture, int? window, List<bool>? layers)
    {
        // Where a window decides who knows positions, it counts even if it limits no layer.
        if (layers is not null && !layers.Contains(true))
            return architecture.Rotation == RotationRule.WindowedLayersIfAny && window is not null ? (window, layers) : (null, null);
        if (layers is not null && window is null)
            throw fields.Fault(Window, $"a positive whole number, because some layers have {Windowed}");
        return (window, layers is null || !layers.Contains(false) ? null : layers);
    }

    private static List<bool> BySwitch(JsonFields fields, ModelConfig config)
    {
        if (config.Architecture.Windows == WindowRule.UnrotatedLayers)
            return Layers(fields, config.LayerCount, layer => !(config.RotatedLayers?[layer] ?? true));
        var full = fields.Integer("max_window_layers") ?? DefaultFullLayers;
        if (full < 0)
            throw fields.Fault("max_window_layers", "a whole number from 0");
        return Layers(fields, config.LayerCount, layer => layer >= full);
    }

    // A number n stands for n - 1 windowed layers and a full one; a text spells them out, L and G, and the last layer of all is full.
    private static List<bool> ByPeriod(JsonFields fields, ModelConfig config)
    {
        if (fields.Value(Period) is { ValueKind: JsonValueKind.String } spelt)
        {
            var letters = spelt.GetString()!;
            if (letters.Length == 0 || letters.Any(letter => letter is not ('L' or 'G')))
                throw fields.Fault(Period, "a positive whole number, or letters L and G");
            return Layers(fields, config.LayerCount, layer => layer < config.LayerCount - 1 && letters[layer % letters.Length] == 'L');
        }
        var period = fields.Integer(Period) ?? fields.Integer("_" + Period) ?? config.Architecture.WindowPeriod;
        if (period <= 0)
            throw fields.Fault(Period, "a positive whole number");
        return Layers(fields, config.LayerCount, layer => (layer + 1) % period != 0);
    }

    private static int? PeriodOf(List<bool> layers)
    {
        var period = layers.IndexOf(false) + 1;
        return period > 0 && layers.Index().All(layer => layer.Item == ((layer.Index + 1) % period != 0)) ? period : null;
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
