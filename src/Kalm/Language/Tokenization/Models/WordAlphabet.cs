using System.Text;

namespace Kalm.Language.Tokenization.Models;

/// <summary>The first symbols of a word, which merges then join.</summary>
internal abstract class WordAlphabet
{
    /// <summary>An id that stands for no token.</summary>
    protected const int NoToken = -1;

    private readonly UnknownToken _unknown;
    private readonly bool _fusesUnknown;

    /// <summary>Takes the unknown token of <paramref name="definition"/>.</summary>
    protected WordAlphabet(TokenizerDefinition definition, Dictionary<string, int> ids)
    {
        _unknown = new(definition, ids);
        _fusesUnknown = definition.FuseUnknown;
    }

    /// <summary>The alphabet of a tokenizer.</summary>
    public static WordAlphabet Of(TokenizerDefinition definition, Dictionary<string, int> ids) =>
        definition.SpellsBytes ? new ByteLetters(definition, ids)
        : definition.SubwordPrefix.Length + definition.WordSuffix.Length > 0 ? new AffixedCharacters(definition, ids)
        : new Characters(definition, ids);

    /// <summary>The token of each byte or character; those without a token become the unknown token, or nothing where there is
    /// none.</summary>
    public abstract List<int> Symbols(ReadOnlySpan<char> word);

    /// <summary>How a vocabulary spells the whole word.</summary>
    public abstract string Spell(ReadOnlySpan<char> word);

    /// <summary>Appends the unknown token; where a vocabulary has none, what it lacks is dropped.</summary>
    protected void AppendUnknown(List<int> symbols)
    {
        if (_unknown.IsNamed && !(_fusesUnknown && symbols.Count > 0 && symbols[^1] == _unknown.Id))
            symbols.Add(_unknown.Id);
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
        private readonly ByteTokens _bytes;

        public Characters(TokenizerDefinition definition, Dictionary<string, int> ids) : base(definition, ids)
        {
            foreach (var (piece, id) in ids)
                if (Rune.DecodeFromUtf16(piece, out var character, out var length) == System.Buffers.OperationStatus.Done
                    && length == piece.Length
                    && definition.IsText(id))
                    _tokenOfCharacter[character.Value] = id;
            _bytes = new(definition, ids);
        }

        public override List<int> Symbols(ReadOnlySpan<char> word)
        {
            var symbols = new List<int>(word.Length);
            Span<char> units = stackalloc char[2];
            foreach (var character in word.EnumerateRunes())
            {
                if (_tokenOfCharacter.TryGetValue(character.Value, out var token))
                    symbols.Add(token);
                else if (!_bytes.TryAppend(units[..character.EncodeToUtf16(units)], symbols))
                    AppendUnknown(symbols);
            }
            return symbols;
        }

        public override string Spell(ReadOnlySpan<char> word) => word.ToString();
    }

    /// <summary>Characters that are marked where they continue a word, as <c>##a</c>, or end one, as <c>a&lt;/w&gt;</c>.</summary>
    private sealed class AffixedCharacters : WordAlphabet
    {
        private readonly TokenizerDefinition _definition;
        private readonly Dictionary<string, int> _ids;
        private readonly ByteTokens _bytes;

        public AffixedCharacters(TokenizerDefinition definition, Dictionary<string, int> ids) : base(definition, ids) =>
            (_definition, _ids, _bytes) = (definition, ids, new(definition, ids));

        public override List<int> Symbols(ReadOnlySpan<char> word)
        {
            var symbols = new List<int>(word.Length);
            for (var position = 0; position < word.Length;)
            {
                Rune.DecodeFromUtf16(word[position..], out var character, out var length);
                var prefix = position > 0 ? _definition.SubwordPrefix : "";
                position += length;
                var piece = $"{prefix}{character}{(position == word.Length ? _definition.WordSuffix : "")}";
                if (_ids.TryGetValue(piece, out var token))
                    symbols.Add(token);
                else if (!_bytes.TryAppend(piece, symbols))
                    AppendUnknown(symbols);
            }
            return symbols;
        }

        public override string Spell(ReadOnlySpan<char> word) => word.ToString();
    }
}
