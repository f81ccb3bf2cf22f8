using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Kalm.Language.Tokenization;

/// <summary>SentencePiece's compiled normalisation, <c>precompiled_charsmap</c>: a double-array trie over UTF-8 (Darts) and the texts that
/// take the place of what it finds. Applied as Hugging Face tokenizers does: to each short grapheme as a whole, else to each character, and
/// of several entries that fit the shortest decides.</summary>
internal sealed record PrecompiledMap : NormalizationStep
{
    private const int LongestGrapheme = 5;

    private readonly uint[] units;
    private readonly byte[] texts;

    /// <summary>Reads the map: a length in bytes, the trie, and the texts, each closed by a zero.</summary>
    /// <exception cref="InvalidDataException">The content is no such map.</exception>
    public PrecompiledMap(ReadOnlySpan<byte> content)
    {
        if (content.Length < 4)
            throw new InvalidDataException($"{content.Length} bytes; expected at least 4");
        var length = BinaryPrimitives.ReadUInt32LittleEndian(content);
        if (length % 4 != 0 || length > content.Length - 4)
            throw new InvalidDataException($"a trie of {length} bytes; {content.Length - 4} are left");
        units = new uint[length / 4];
        for (var index = 0; index < units.Length; index++)
            units[index] = BinaryPrimitives.ReadUInt32LittleEndian(content[(4 + (4 * index))..]);
        texts = content[(4 + (int)length)..].ToArray();
    }

    public override string Apply(string text, TextPlace place)
    {
        var changed = new StringBuilder(text.Length);
        for (var position = 0; position < text.Length;)
        {
            var length = StringInfo.GetNextTextElementLength(text, position);
            var grapheme = text.AsSpan(position, length);
            position += length;
            if (Encoding.UTF8.GetByteCount(grapheme) <= LongestGrapheme && Find(grapheme) is { } whole)
            {
                changed.Append(whole);
                continue;
            }
            foreach (var rune in grapheme.EnumerateRunes())
            {
                var character = rune.ToString();
                changed.Append(Find(character) ?? character);
            }
        }
        return changed.ToString();
    }

    private string? Find(ReadOnlySpan<char> text)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes = bytes[..Encoding.UTF8.GetBytes(text, bytes)];
        if (units.Length == 0)
            return null;
        var node = Offset(units[0]);
        foreach (var value in bytes)
        {
            node ^= value;
            if (value == 0 || node >= units.Length || (units[node] & 0x8000_00FF) != value)
                return null;
            var hasLeaf = ((units[node] >> 8) & 1) == 1;
            node ^= Offset(units[node]);
            if (hasLeaf && node < units.Length)
                return TextAt(units[node] & 0x7FFF_FFFF);
        }
        return null;
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1u << 9)) >> 6);

    private string? TextAt(uint start)
    {
        if (start >= texts.Length)
            return null;
        var rest = texts.AsSpan((int)start);
        var end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }
}
