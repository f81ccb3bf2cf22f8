namespace Kalm.Language.Tokenization;

/// <summary>Where a stretch of text stands, which decides whether a space is put before it.</summary>
internal enum TextPlace
{
    /// <summary>It begins the text.</summary>
    Start,

    /// <summary>It begins a text that continues an earlier one: never a space.</summary>
    Continuation,

    /// <summary>Something stands before it in the same text, such as an added token.</summary>
    Middle,
}
