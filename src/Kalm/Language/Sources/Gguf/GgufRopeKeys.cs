namespace Kalm.Language.Sources.Gguf;

/// <summary>The keys of stretched rotary positions, without the architecture's name, and what llama.cpp makes of them. Import and export
/// take them from here.</summary>
internal static class GgufRopeKeys
{
    /// <summary>none, linear, yarn or longrope; linear where it is absent.</summary>
    public const string Type = "rope.scaling.type";

    /// <summary>What slow rotations are divided by; 1 where it is absent.</summary>
    public const string Factor = "rope.scaling.factor";

    /// <summary>The name that <see cref="Factor"/> had before.</summary>
    public const string OldFactor = "rope.scale_linear";

    /// <summary>The length trained on before stretching.</summary>
    public const string Original = "rope.scaling.original_context_length";

    /// <summary>What cosines and sines are multiplied by, with YaRN besides its own factor.</summary>
    public const string RotaryFactor = "rope.scaling.attn_factor";

    /// <summary>YaRN's own factor as config.json gives it (<c>attention_factor</c>); the converter writes it.</summary>
    public const string YarnFactor = "rope.scaling.yarn_attn_factor";

    /// <summary>From how many turns on a rotation is fast.</summary>
    public const string FastTurns = "rope.scaling.yarn_beta_fast";

    /// <summary>Up to how many turns a rotation is slow.</summary>
    public const string SlowTurns = "rope.scaling.yarn_beta_slow";

    /// <summary><c>mscale_all_dim</c> of config.json, beside an <c>mscale</c> of 1.</summary>
    public const string Magnitude = "rope.scaling.yarn_log_multiplier";

    /// <summary>How much queries grow with every <see cref="Original"/> positions.</summary>
    public const string QueryStretch = "attention.temperature_scale";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
        [Type, Factor, OldFactor, Original, RotaryFactor, YarnFactor, FastTurns, SlowTurns, Magnitude, QueryStretch];
}
