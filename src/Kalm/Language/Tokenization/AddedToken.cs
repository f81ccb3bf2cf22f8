namespace Kalm.Language.Tokenization;

/// <summary>A token beside the model's own vocabulary that is recognised in a text before it is cut into words, such as
/// <c>&lt;|endoftext|&gt;</c>; an entry of <c>added_tokens</c> in tokenizer.json.</summary>
internal sealed record AddedToken
{
    /// <summary>The token's id.</summary>
    public required int Id { get; init; }

    /// <summary>The text of the token; not empty.</summary>
    public required string Content { get; init; }

    /// <summary>Whether it is a control token rather than a word.</summary>
    public bool Special { get; init; }

    /// <summary>Whether it is looked for in the normalised text rather than in the text as given.</summary>
    public bool Normalized { get; init; }

    /// <summary>What is looked for in the normalised text; null where it is <see cref="Content"/>, normalised like a text.</summary>
    public string? NormalizedContent { get; init; }

    /// <summary>Whether it counts only where no letter, digit or underscore adjoins it.</summary>
    public bool SingleWord { get; init; }

    /// <summary>Whether it swallows the blanks to its left.</summary>
    public bool StripsLeft { get; init; }

    /// <summary>Whether it swallows the blanks to its right.</summary>
    public bool StripsRight { get; init; }
}
