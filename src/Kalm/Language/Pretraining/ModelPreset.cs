using Kalm.Language.Sources.Config;

namespace Kalm.Language.Pretraining;

/// <summary>A size of model to make from scratch.</summary>
/// <param name="Name">The preset's name on the command line.</param>
/// <param name="Hidden">Width.</param>
/// <param name="Layers">Decoder layers.</param>
/// <param name="Heads">Attention heads; keys and values have as many.</param>
/// <param name="FeedForward">Width of the feed-forward part.</param>
/// <param name="Vocabulary">Tokens.</param>
/// <param name="Context">Positions.</param>
public sealed record ModelPreset(string Name, int Hidden, int Layers, int Heads, int FeedForward, int Vocabulary, int Context)
{
    /// <summary>All presets, the smallest first.</summary>
    public static IReadOnlyList<ModelPreset> All { get; } =
    [
        new("tiny", 128, 3, 4, 384, 8192, 2048),
        new("small", 192, 5, 6, 512, 8192, 2048),
        new("medium", 384, 6, 6, 1024, 16384, 2048),
    ];

    /// <summary>Finds a preset by name.</summary>
    /// <exception cref="KalmException">There is none of that name.</exception>
    public static ModelPreset Find(string name) => All.FirstOrDefault(preset => preset.Name == name)
        ?? throw new KalmException($"preset: found '{name}'; expected {string.Join(", ", All.Select(preset => preset.Name))}");

    /// <summary>The architecture: Llama with a tied head.</summary>
    /// <param name="vocabularySize">The tokenizer's size, at most <see cref="Vocabulary"/> when the text was too small for more.</param>
    /// <param name="endToken">The end-of-text token.</param>
    public ModelConfig ToConfig(int vocabularySize, int? endToken) => new()
    {
        HiddenSize = Hidden,
        IntermediateSize = FeedForward,
        LayerCount = Layers,
        HeadCount = Heads,
        KeyValueHeadCount = Heads,
        HeadDimension = Hidden / Heads,
        VocabularySize = vocabularySize,
        MaxPositions = Context,
        NormEpsilon = 1e-5,
        RopeTheta = 10000,
        TieWordEmbeddings = true,
        EndTokenIds = endToken is { } end ? [end] : [],
    };
}
