namespace Kalm.Language.Generation.Grammar;

/// <summary>The classes of characters that regular expressions name, as ECMA-262 has them.</summary>
internal static class PatternClasses
{
    private static readonly CharacterSet Digit = CharacterSet.Of(('0', '9'));
    private static readonly CharacterSet Word = CharacterSet.Of(('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z'));
    private static readonly CharacterSet Space = CharacterSet.Of(
        ('\t', '\r'), (' ', ' '), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F),
        (0x3000, 0x3000), (0xFEFF, 0xFEFF));

    /// <summary>All but the ends of lines.</summary>
    public static CharacterSet AnyInLine { get; } = CharacterSet.Of(('\n', '\n'), ('\r', '\r'), (0x2028, 0x2029)).Negated();

    /// <summary>A class by the letter of its escape: d, w, s, and D, W, S for all others.</summary>
    public static CharacterSet Of(char letter) => letter switch
    {
        'd' => Digit,
        'w' => Word,
        's' => Space,
        _ => Of(char.ToLowerInvariant(letter)).Negated(),
    };
}
