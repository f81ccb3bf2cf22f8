namespace Kalm.Alignment.Options;

/// <summary>How the base's language is kept: the divergence of the model's next-token distributions from those of the base, on texts that
/// the base wrote itself before training, or that are given.</summary>
public sealed record KeepOptions
{
    /// <summary>The weight of the mean divergence, in nats a token; 0 leaves it out; null takes 1 for a base that was made to write (one
    /// with a chat template, or of 50 million parameters or more without the embedding), else 0.</summary>
    public double? Weight { get; init; }

    /// <summary>Tokens a step.</summary>
    public int Tokens { get; init; } = 512;

    /// <summary>Texts that the base writes: of one that chats half are chats, since how an answer begins is what is lost first. Every other
    /// text begins with an entity's name.</summary>
    public int Texts { get; init; } = 320;

    /// <summary>At most so many tokens in a plain text, a quarter in a question and three eighths in its answer; a given text is cut into
    /// pieces of so many.</summary>
    public int TextTokens { get; init; } = 128;

    /// <summary>The share of what was learned that the result has, from the base (0) to all of it (1): a little less ranks and answers
    /// nearly as well and keeps much more of the language (WiSE-FT, arXiv 2109.01903).</summary>
    public double Scale { get; init; } = 1;

    internal void Require()
    {
        AlignmentOptions.Require(Scale is > 0 and <= 1, "keep.scale", Scale, "above 0, up to 1");
        AlignmentOptions.Require(Weight is null or >= 0, "keep.weight", Weight, "0 or more");
        AlignmentOptions.Require(Tokens > 0, "keep.tokens", Tokens, "1 or more");
        AlignmentOptions.Require(Texts >= 2, "keep.texts", Texts, "2 or more");
        AlignmentOptions.Require(TextTokens >= 8, "keep.text_tokens", TextTokens, "8 or more");
    }
}
