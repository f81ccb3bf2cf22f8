using Kalm.Files;

namespace Kalm.Language.Tokenization.Models;

/// <summary>The token that stands for what has none. A file may name one that is not there: that is a fault only where it is
/// needed.</summary>
internal sealed class UnknownToken(TokenizerDefinition definition, Dictionary<string, int> ids)
{
    /// <summary>Whether the file names one.</summary>
    public bool IsNamed => definition.UnknownPiece is not null;

    /// <summary>Its id.</summary>
    /// <exception cref="KalmException">There is none.</exception>
    public int Id => definition.UnknownPiece is { } piece && ids.TryGetValue(piece, out var id) ? id : throw new KalmException(
        "the vocabulary has no token for a part of this text, and "
        + (definition.UnknownPiece is { } named
            ? $"its token for the unknown, {FileFault.Quote(named)}, is not in it" : "names none for the unknown"));
}
