namespace Kalm.Language.Checkpoints;

/// <summary>How Llama 3.1 and later stretch rotary positions beyond the length they were first trained on: slow rotations are divided by
/// <paramref name="Factor"/>, fast ones stay, and those between are blended.</summary>
/// <param name="Factor">The divisor of the slow frequencies.</param>
/// <param name="LowFrequencyFactor">Wavelengths above the original length divided by this are slow.</param>
/// <param name="HighFrequencyFactor">Wavelengths below the original length divided by this are fast.</param>
/// <param name="OriginalMaxPositions">The length trained on before stretching, in tokens.</param>
public sealed record RopeScaling(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalMaxPositions)
{
    /// <summary>The name config.json has for this kind of scaling.</summary>
    public const string TypeName = "llama3";

    /// <summary>Reads <c>rope_scaling</c>, or <c>rope_parameters</c> as newer files say; null when positions are not scaled.</summary>
    internal static RopeScaling? Read(JsonFields? scaling)
    {
        if (scaling is null)
            return null;
        var typeKey = scaling.EitherKey("rope_type", "type");
        switch (scaling.Text(typeKey))
        {
            case null when scaling.Value("factor") is null:
            case "default":
                return null;
            case TypeName:
                var read = new RopeScaling(
                    Positive(scaling, "factor"),
                    Positive(scaling, "low_freq_factor"),
                    Positive(scaling, "high_freq_factor"),
                    scaling.RequiredInteger("original_max_position_embeddings"));
                if (read.OriginalMaxPositions <= 0)
                    throw scaling.Fault("original_max_position_embeddings", "a positive whole number");
                if (read.HighFrequencyFactor <= read.LowFrequencyFactor)
                    throw scaling.Fault("high_freq_factor", $"more than low_freq_factor, {read.LowFrequencyFactor}");
                return read;
            default:
                throw scaling.Fault(typeKey, $"default or {TypeName}; other types are not supported");
        }
    }

    private static double Positive(JsonFields fields, string key) =>
        fields.Number(key) is { } number and > 0 ? number : throw fields.Fault(key, "a positive number");
}
