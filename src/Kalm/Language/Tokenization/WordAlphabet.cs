using System.Text;

namespace Kalm.Language.Tokenization;

/// <summary>The first symbols of a word, which merges then join.</summary>
internal abstract class WordAlphabet
{
    /// <summary>An id that stands for no token.</summary>
    protected const int NoToken = -1;

    private readonly int _unknownToken;
    private readonly bool _fusesUnknown;

    /// <summary>Takes the unknown token of <paramref name="definition"/>.</summary>
    protected WordAlphabet(TokenizerDefinition definition, Dictionary<string, int> ids)
    {
        _unknownToken = definition.UnknownPiece is { } unknown ? ids[unknown] : NoToken;
        _fusesUnknown = definition.FuseUnknown;
    }

    /// <summary>The alphabet of a tokenizer.</summary>
    public static WordAlphabet Of(TokenizerDefinition definition) => definition.SpellsBytes
        ? new ByteLetters(definition, definition.ModelIds()) : new Characters(definition, definition.ModelIds());

    /// <summary>The token of each byte or character; those without a token become the unknown token, or nothing where there is none.</summary>
    public abstract List<int> Symbols(ReadOnlySpan<char> word);

    /// <summary>How a vocabulary spells the whole word.</summary>
    public abstract string Spell(ReadOnlySpan<char> word);

    /// <summary>Appends the unknown token; published vocabularies without one lack a few bytes, which are dropped.</summary>
    protected void AppendUnknown(List<int> symbols)
    {
        if (_unknownToken != NoToken && !(_fusesUnknown && symbols.Count > 0 && symbols[^1] == _unknownToken))
            symbols.Add(_unknownToken);
    }

    private sealed class ByteLetters : WordAlphabet
    {
        private readonly int[] _tokenOfByte = new int[256];

        public ByteLetters(TokenizerDefinition definition, Dictionary<string, int> ids) : base(definition, ids)
        {
            for (var value = 0; value < 256; value++)
                _tokenOfByte[value] = ids.GetValueOrDefault(ByteAlphabet.LetterOf((byte)value).ToString(), NoToken);
        }

        public override List<int> Symbols(ReadOnlySpan<char> word)
        {
            var bytes = BytesOf(word);
            var symbols = new List<int>(bytes.Length);
            foreach (var value in bytes)
            {
                if (_tokenOfByte[value] != NoToken)
                    symbols.Add(_tokenOfByte[value]);
                else
                    AppendUnknown(symbols);
            }
            return symbols;
        }

        public override string Spell(ReadOnlySpan<char> word) => ByteAlphabet.Spell(BytesOf(word));

        private static byte[] BytesOf(ReadOnlySpan<char> word)
        {
            var bytes = new byte[Encoding.UTF8.GetByteCount(word)];
            Encoding.UTF8.GetBytes(word, bytes);
            return bytes;
        }
    }

    private sealed class Characters : WordAlphabet
    {
        private readonly Dictionary<int, int> _tokenOfCharacter = [];
        private readonly int[] _tokenOfByte = new int[256];

        public Characters(TokenizerDefinition definition, Dictionary<string, int> ids) : base(definition, ids)
        {
            foreach (var (piece, id) in ids)
                if (Rune.DecodeFromUtf16(piece, out var character, out var length) == System.Buffers.OperationStatus.Done && length == piece.Length
                    && definition.IsText(id))
                    _tokenOfCharacter[character.Value] = id;
            for (var value = 0; value < 256; value++)
                _tokenOfByte[value] = definition.FallsBackToBytes ? ids.GetValueOrDefault(ByteToken.Name((byte)value), NoToken) : NoToken;
        }

        public override List<int> Symbols(ReadOnlySpan<char> word)
        {
            var symbols = new List<int>(word.Length);
            foreach (var character in word.EnumerateRunes())
            {
                if (_tokenOfCharacter.TryGetValue(character.Value, out var token))
                    symbols.Add(token);
                else if (!TryAppendBytes(character, symbols))
                    AppendUnknown(symbols);
            }
            return symbols;
        }

        public override string Spell(ReadOnlySpan<char> word) => word.ToString();

        private bool TryAppendBytes(Rune character, List<int> symbols)
        {
            Span<byte> bytes = stackalloc byte[4];
            bytes = bytes[..character.EncodeToUtf8(bytes)];
            foreach (var value in bytes)
                if (_tokenOfByte[value] == NoToken)
                    return false;
            foreach (var value in bytes)
                symbols.Add(_tokenOfByte[value]);
            return true;
        }
    }
}
