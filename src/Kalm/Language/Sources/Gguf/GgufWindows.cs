using System.Text.Json.Nodes;
using Kalm.Language.Sources.Config;

namespace Kalm.Language.Sources.Gguf;

/// <summary>Which layers a sliding window limits.</summary>
internal static class GgufWindows
{
    private const string WindowKey = "attention.sliding_window";
    private const string PatternKey = "attention.sliding_window_pattern";

    /// <summary>Adds the keys of config.json.</summary>
    public static void Add(JsonObject json, GgufKeys keys, Architecture architecture)
    {
        var window = keys.Count(WindowKey) is > 0 and var given ? given : architecture == Architecture.Gemma2
            ? architecture.Defaults.Window : null;
        var pattern = keys.Flags(PatternKey);
        switch (architecture.Windows)
        {
            case WindowRule.None:
                return;
            case WindowRule.LaterLayers or WindowRule.UnrotatedLayers:
                // Their files may name a window whether it is used or not: only a pattern says that it is.
                if (pattern is null || window is null)
                    window = null;
                else
                    json["use_sliding_window"] = true;
                break;
            case WindowRule.Periodic when window is not null && pattern is null && keys.Count(PatternKey) is { } period:
                json["sliding_window_pattern"] = period;
                break;
            case WindowRule.Periodic when window is null:
                pattern = new bool[keys.Required("block_count")];
                break;
            default:
                break;
        }
        json["sliding_window"] = window;
        if (pattern is not null && (window is not null || architecture.Rotation != RotationRule.WindowedLayersIfAny)
            && architecture.Windows != WindowRule.EveryLayer)
            json["layer_types"] = new JsonArray([.. pattern.Select(windowed => JsonValue.Create(windowed ? "sliding_attention"
                : "full_attention"))]);
    }
}
