using System.Text.Json.Nodes;
using Kalm.Language.Sources.Config;

namespace Kalm.Language.Sources.Gguf;

/// <summary>The factors and caps of an architecture, where llama.cpp keeps them in keys or knows them itself.</summary>
internal static class GgufFactors
{
    // The 27B models, which llama.cpp tells by their layers, scale scores by the width that a head would have as a share of the whole.
    private const int LargestGemma2 = 46, LargestGemma3 = 62;

    /// <summary>Adds the keys of config.json.</summary>
    public static void Add(JsonObject json, GgufKeys keys, Architecture architecture)
    {
        if (architecture.HasQueryScalar)
            json["query_pre_attn_scalar"] = QueryScalar(architecture, keys.Required("block_count"), keys.Required("embedding_length"),
                keys.Required("attention.head_count"), GgufConfig.HeadDimension(keys));
        if (architecture.SoftCaps.Scores)
            json["attn_logit_softcapping"] = keys.Number("attn_logit_softcapping") ?? architecture.Defaults.ScoreCap;
        if (architecture.SoftCaps.Logits)
            json["final_logit_softcapping"] = keys.Number("final_logit_softcapping") ?? architecture.Defaults.LogitCap;
        if (architecture.HasMultipliers)
        {
            // Without a key, scores are scaled as everywhere else.
            json["attention_multiplier"] = Other("attention.scale", 1 / Math.Sqrt(GgufConfig.HeadDimension(keys)));
            json["embedding_multiplier"] = Other("embedding_scale", 1);
            json["residual_multiplier"] = Other("residual_scale", 1);
        }
        if (architecture.LogitScaleKey is { } key)
            json[key] = Other("logit_scale", 1);

        double Other(string name, double absent) => keys.Number(name) is { } value and not 0 ? value : absent;
    }

    /// <summary>What scores are scaled by the inverse root of.</summary>
    public static int QueryScalar(Architecture architecture, int layers, int width, int heads, int headDimension) =>
        layers == (architecture == Architecture.Gemma2 ? LargestGemma2 : LargestGemma3) && heads > 0 ? width / heads : headDimension;
}
