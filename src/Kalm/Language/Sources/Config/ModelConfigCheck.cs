namespace Kalm.Language.Sources.Config;

/// <summary>Checks that the values of a <see cref="ModelConfig"/> are in range and fit together.</summary>
internal static class ModelConfigCheck
{
    /// <summary>Checks them all.</summary>
    /// <exception cref="KalmException">One is out of range; the message names the file and the key.</exception>
    public static void Require(ModelConfig config, string path)
    {
        Positive("hidden_size", config.HiddenSize);
        Positive("intermediate_size", config.IntermediateSize);
        Positive("num_hidden_layers", config.LayerCount);
        Positive("num_attention_heads", config.HeadCount);
        Positive("num_key_value_heads", config.KeyValueHeadCount);
        Positive("head_dim", config.HeadDimension);
        Positive("vocab_size", config.VocabularySize);
        Positive("max_position_embeddings", config.MaxPositions);
        if (config.HeadCount % config.KeyValueHeadCount != 0)
            throw Fault("num_key_value_heads", config.KeyValueHeadCount, $"a divisor of num_attention_heads, {config.HeadCount}");
        if (config.HeadDimension % 2 != 0 && config.RotatedShare == 1)
            throw Fault("head_dim", config.HeadDimension, "an even number: rotary positions turn pairs");
        PositiveNumber(config.Architecture.NormEpsilonKey, config.NormEpsilon);
        if (config.SlidingWindow is { } window)
            Positive("sliding_window", window);
        if (config.WindowedLayers is { } windowed && (windowed.Count != config.LayerCount || config.SlidingWindow is null))
            throw Fault("layer_types", $"{windowed.Count} layers", $"{config.LayerCount}, num_hidden_layers, and a sliding_window");
        if (config.RotatedLayers is { } rotated && rotated.Count != config.LayerCount)
            throw Fault("no_rope_layers", $"{rotated.Count} layers", $"{config.LayerCount}, num_hidden_layers");
        RequireRotary(new RotaryParameters(config.RopeTheta, config.RopeScaling, config.RotatedShare));
        if (config.WindowedRotary is { } own)
            RequireRotary(own);
        if (config.QueryStretch is { } stretch)
        {
            FiniteNumber("llama_4_scaling_beta", stretch.Beta);
            Positive("original_max_position_embeddings", stretch.Positions);
            if (config.RopeScaling?.TrainedPositions is { } trained && trained != stretch.Positions)
                throw Fault("original_max_position_embeddings", stretch.Positions, $"{trained}, as for rotary positions");
        }
        if (config.AttentionMultiplier is { } multiplier)
            FiniteNumber("attention_multiplier", multiplier);
        FiniteNumber("embedding_multiplier", config.EmbeddingMultiplier);
        FiniteNumber("residual_multiplier", config.ResidualMultiplier);
        if (config.QueryScalar is { } scalar)
            PositiveNumber("query_pre_attn_scalar", scalar);
        if (config.ScoreCap is { } scoreCap)
            PositiveNumber("attn_logit_softcapping", scoreCap);
        if (config.LogitCap is { } logitCap)
            PositiveNumber("final_logit_softcapping", logitCap);
        if (!double.IsFinite(config.LogitScale) || config.LogitScale == 0)
            throw Fault(config.Architecture.LogitScaleKey ?? "logit_scale", config.LogitScale, "a number other than 0");
        if (config.BeginTokenId is { } begin)
            Token("bos_token_id", begin);
        foreach (var end in config.EndTokenIds)
            Token("eos_token_id", end);

        void RequireRotary(RotaryParameters rotary)
        {
            PositiveNumber(config.Architecture.ThetaKey, rotary.Theta);
            var dimension = rotary.Dimension(config.HeadDimension);
            if (!(rotary.Share > 0) || rotary.Share > 1 || dimension == 0 || dimension + dimension % 2 > config.HeadDimension)
                throw Fault(
                    config.Architecture.RotatedShareKey ?? "partial_rotary_factor", rotary.Share,
                    "a share from above 0 to 1 that leaves a pair to turn");
            if (rotary.Scaling is LongRopeScaling longRope
                && (longRope.ShortFactors.Count != (dimension + 1) / 2 || longRope.LongFactors.Count != (dimension + 1) / 2))
                throw Fault("rope_scaling", $"{longRope.ShortFactors.Count} short and {longRope.LongFactors.Count} long factors",
                    $"{(dimension + 1) / 2} of each, one for each pair that is turned");
            var ends = new[] { 0, (dimension - 1) / 2 }
                .Select(index => rotary.Frequency(new RotaryPlace(index, dimension, rotary.Theta, config.MaxPositions)));
            if (!ends.All(double.IsFinite) || !double.IsFinite(rotary.Factor))
                throw Fault("rope_scaling", rotary.Scaling?.TypeName ?? "none", "numbers that give finite frequencies");
        }

        void Positive(string key, int value)
        {
            if (value <= 0)
                throw Fault(key, value, "a positive whole number");
        }

        void PositiveNumber(string key, double value)
        {
            if (!(value > 0) || !double.IsFinite(value))
                throw Fault(key, value, "a positive number");
        }

        void FiniteNumber(string key, double value)
        {
            if (!double.IsFinite(value))
                throw Fault(key, value, "a number");
        }

        void Token(string key, int value)
        {
            if (value < 0 || value >= config.VocabularySize)
                throw Fault(key, value, $"a token from 0 to {config.VocabularySize - 1}, vocab_size - 1");
        }

        KalmException Fault(string key, object found, string expected) => new($"{path}: {key}: found {found}, expected {expected}");
    }
}
