using System.Globalization;

namespace Kalm.Language.Tokenization;

/// <summary>The tokens that stand for single bytes in vocabularies of characters: <c>&lt;0x0A&gt;</c>.</summary>
internal static class ByteToken
{
    /// <summary>The token of a byte.</summary>
    public static string Name(byte value) => $"<0x{value:X2}>";

    /// <summary>The byte that a token stands for; null when it is another token.</summary>
    public static byte? Read(string token) =>
        token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
        && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, null, out var value) ? value : null;
}
