using System.Text;

namespace Kalm.Language.Tokenization;

/// <summary>GPT-2's spelling of bytes as letters: a byte that prints in Latin-1 is that character, and the other 68 are the characters from
/// U+0100 on, in order. So a space is spelled 'Ġ' (U+0120), and no piece of a vocabulary holds a blank or a control character.</summary>
internal static class ByteAlphabet
{
    private static readonly char[] Letters = MakeLetters();
    private static readonly short[] Bytes = MakeBytes();

    /// <summary>The letter that spells <paramref name="value"/>.</summary>
    public static char LetterOf(byte value) => Letters[value];

    /// <summary>The letters in the order of their code points, which is the order of GPT-2's first 256 ids.</summary>
    public static IEnumerable<char> OrderedLetters => Letters.Order();

    /// <summary>The byte that <paramref name="letter"/> spells.</summary>
    public static byte ByteOf(char letter) => (byte)Bytes[letter];

    /// <summary>Spells bytes as a piece.</summary>
    public static string Spell(ReadOnlySpan<byte> bytes)
    {
        var piece = new StringBuilder(bytes.Length);
        foreach (var value in bytes)
            piece.Append(Letters[value]);
        return piece.ToString();
    }

    /// <summary>The bytes that a piece spells. A piece with a character outside the alphabet stands for its own UTF-8 bytes, as in
    /// Hugging Face's byte-level decoder.</summary>
    public static byte[] Read(string piece)
    {
        var bytes = new byte[piece.Length];
        for (var i = 0; i < piece.Length; i++)
        {
            if (piece[i] >= Bytes.Length || Bytes[piece[i]] < 0)
                return Encoding.UTF8.GetBytes(piece);
            bytes[i] = (byte)Bytes[piece[i]];
        }
        return bytes;
    }

    private static short[] MakeBytes()
    {
        var bytes = new short[Letters.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (var value = 0; value < 256; value++)
            bytes[Letters[value]] = (short)value;
        return bytes;
    }

    private static char[] MakeLetters()
    {
        var letters = new char[256];
        var next = 256;
        for (var value = 0; value < 256; value++)
            letters[value] = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)value : (char)next++;
        return letters;
    }
}
