using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Gguf;

namespace Kalm.Tests.Language.Sources.Gguf;

/// <summary>The keys of stretched rotary positions, as llama.cpp and its converter take them.</summary>
public sealed class GgufRopeTests : IDisposable
{
    private const string Prefix = "llama.rope.scaling.";
    private static readonly double Grown = (0.1 * Math.Log(4)) + 1;
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_factor_without_a_type_is_linear()
    {
        Assert.Equal(new LinearScaling(4), Read(Small().Key(Prefix + "factor", 6, Single(4))).RopeScaling);
        Assert.Null(Read(Small().Key(Prefix + "factor", 6, Single(0))).RopeScaling);
        Assert.Equal(new LinearScaling(2), Read(Small().Key("llama.rope.scale_linear", 6, Single(2))).RopeScaling);
    }

    [Fact]
    public void What_YaRN_multiplies_by_comes_from_any_of_its_keys()
    {
        Assert.Equal(Grown, Factor(Yarn()), 1e-6);
        Assert.Equal(Grown * 0.5, Factor(Yarn().Key(Prefix + "attn_factor", 6, Single(0.5f))), 1e-6);
        Assert.Equal(1, Factor(Yarn().Key(Prefix + "yarn_log_multiplier", 6, Single(1))), 1e-6);
        Assert.Equal(Grown / ((0.05 * Math.Log(4)) + 1), Factor(Yarn().Key(Prefix + "yarn_log_multiplier", 6, Single(0.5f))), 1e-6);
        Assert.Equal(1.25, Factor(Yarn().Key(Prefix + "yarn_attn_factor", 6, Single(1.25f))), 1e-6);
        var scaling = Assert.IsType<YarnScaling>(Read(Yarn().Key(Prefix + "yarn_beta_fast", 6, Single(8))).RopeScaling);
        Assert.Equal((4, 16, 8, 1), (scaling.Factor, scaling.OriginalMaxPositions, scaling.FastTurns, scaling.SlowTurns));
    }

    [Fact]
    public void What_cannot_be_is_refused_by_its_key()
    {
        AssertRefused(
            Small().Key(Prefix + "type", "longrope"), "scaling.type: found 'longrope', expected another type, or rope_factors_long.weight");
        AssertRefused(Small().Key(Prefix + "type", "dynamic"), "scaling.type: found 'dynamic', expected none, linear, yarn or longrope");
        AssertRefused(
            Small().Key("llama.rope.freq_base", 6, Single(float.NaN)), "llama.rope.freq_base: found NaN, expected a finite number");
        AssertRefused(
            Yarn().Key(Prefix + "attn_factor", 12, BitConverter.GetBytes(double.PositiveInfinity)),
            "attn_factor: found Infinity, expected a finite number");
        AssertRefused(
            Yarn().Key(Prefix + "attn_factor", 12, BitConverter.GetBytes(1e308))
                .Key(Prefix + "yarn_attn_factor", 12, BitConverter.GetBytes(1e308)),
            "attn_factor: found 1E+308, expected a number that gives a finite factor");
    }

    private static GgufBytes Small() => GgufBytes.SmallModel("gpt2");

    private static GgufBytes Yarn() =>
        Small().Key(Prefix + "type", "yarn").Key(Prefix + "factor", 6, Single(4)).Key(Prefix + "original_context_length", 16u);

    private static byte[] Single(float value) => BitConverter.GetBytes(value);

    private double Factor(GgufBytes bytes) => Read(bytes).RopeScaling!.RotaryFactor;

    private ModelConfig Read(GgufBytes bytes)
    {
        File.WriteAllBytes(folder.File("model.gguf"), bytes.Make());
        using var model = GgufModel.Open(folder.File("model.gguf"));
        Assert.Empty(model.Warnings);
        return model.Config;
    }

    private void AssertRefused(GgufBytes bytes, string expected) =>
        Assert.Contains(expected, Assert.Throws<KalmException>(() => Read(bytes)).Message, StringComparison.Ordinal);
}
