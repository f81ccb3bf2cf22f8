using Kalm.Language.Sources.Config;

namespace Kalm.Language.Sources.Gguf;

/// <summary>Refuses what would make a model compute something else than we do.</summary>
internal static class GgufSupport
{
    /// <summary>Checks the keys.</summary>
    /// <exception cref="KalmException">One asks for what the architecture has not here.</exception>
    public static void Require(GgufKeys keys, Architecture architecture)
    {
        if (keys.Count("expert_count") is > 0)
            throw keys.Fault("expert_count", "0: mixtures of experts are not supported");
        if (keys.Flag("attention.causal") == false)
            throw keys.Fault("attention.causal", "true: a token sees those before it only");
        if (keys.Flag("use_parallel_residual") == true && !architecture.OffersParallel)
            throw keys.Fault("use_parallel_residual", "false");
        foreach (var (key, neutral, offers) in new (string, double, bool)[]
        {
            ("attention.clamp_kqv", 0, false), ("attention.max_alibi_bias", 0, false), ("attn_logit_softcapping", 0,
                architecture.SoftCaps.Scores),
            ("final_logit_softcapping", 0, architecture.SoftCaps.Logits), ("attention.scale", 0, architecture.HasMultipliers),
            ("embedding_scale", 1, architecture.HasMultipliers), ("residual_scale", 1, architecture.HasMultipliers),
            ("logit_scale", 1, architecture.LogitScaleKey is not null), ("attention.temperature_scale", 0, architecture.StretchesQueries),
        })
            if (!offers && keys.Number(key) is { } value && value != neutral && value != 0)
                throw keys.Fault(key, $"{neutral} or nothing: {architecture.ModelType} has no such thing");
    }
}
