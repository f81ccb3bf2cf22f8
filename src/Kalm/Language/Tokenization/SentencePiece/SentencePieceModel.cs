using System.Text;

namespace Kalm.Language.Tokenization.SentencePiece;

/// <summary>What a piece of a SentencePiece model is, and what a token of a GGUF file; the numbers are the files'.</summary>
internal enum PieceKind
{
    /// <summary>A piece of text.</summary>
    Normal = 1,

    /// <summary>What stands for the unknown.</summary>
    Unknown = 2,

    /// <summary>A token without text, such as the begin token.</summary>
    Control = 3,

    /// <summary>A text that is always a token of its own.</summary>
    UserDefined = 4,

    /// <summary>A piece that must not be used; in a GGUF file a row of the embedding without a token.</summary>
    Unused = 5,

    /// <summary>A byte.</summary>
    Byte = 6,
}

/// <summary>The numbers of the fields that count, in the file's message and in those within it. Source:
/// https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto.</summary>
internal static class SentencePieceFields
{
    public const int Piece = 1, Trainer = 2, Normalizer = 3;
    public const int Text = 1, Score = 2, Kind = 3;
    public const int ModelType = 3, EndsWordsWithSpace = 24, FallsBackToBytes = 35, BeginPiece = 46, EndPiece = 47;
    public const int Normalization = 1, CharacterMap = 2, AddsPrefixSpace = 3, ReducesSpaces = 4, MarksSpaces = 5;
}

/// <summary>A piece with its score: of two possible merges the one with the higher score comes first.</summary>
internal readonly record struct SentencePieceEntry(string Piece, float Score, PieceKind Kind);

/// <summary>The content of a SentencePiece model file, a protocol buffer message; with the defaults of its format.</summary>
internal sealed class SentencePieceModel
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private SentencePieceModel() { }

    /// <summary>The pieces by id.</summary>
    public List<SentencePieceEntry> Pieces { get; } = [];

    /// <summary>How the pieces were found: 1 Unigram, 2 BPE, 3 words, 4 characters.</summary>
    public long ModelType { get; private set; } = 1;

    /// <summary>Whether a character without a piece becomes bytes.</summary>
    public bool FallsBackToBytes { get; private set; }

    /// <summary>Whether the mark for a space stands after a word.</summary>
    public bool EndsWordsWithSpace { get; private set; }

    /// <summary>The piece of the begin token.</summary>
    public string BeginPiece { get; private set; } = "<s>";

    /// <summary>The piece of the end token.</summary>
    public string EndPiece { get; private set; } = "</s>";

    /// <summary>The name of the normalisation, such as <c>identity</c> or <c>nmt_nfkc</c>.</summary>
    public string Normalization { get; private set; } = "";

    /// <summary>Whether the normalisation changes characters.</summary>
    public bool ChangesCharacters { get; private set; }

    /// <summary>Whether a space is put before a text.</summary>
    public bool AddsPrefixSpace { get; private set; } = true;

    /// <summary>Whether spaces at the ends, and all but one of several, are removed.</summary>
    public bool ReducesSpaces { get; private set; } = true;

    /// <summary>Whether '▁' is written for a space.</summary>
    public bool MarksSpaces { get; private set; } = true;

    /// <summary>Reads a model.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such message.</exception>
    public static SentencePieceModel Read(ReadOnlyMemory<byte> content)
    {
        var model = new SentencePieceModel();
        foreach (var field in ProtobufField.ReadAll(content))
        {
            if (field.Number == SentencePieceFields.Piece)
                model.Pieces.Add(ReadPiece(field.Content(), model.Pieces.Count));
            else if (field.Number == SentencePieceFields.Trainer)
                model.ReadTrainer(field.Content());
            else if (field.Number == SentencePieceFields.Normalizer)
                model.ReadNormalizer(field.Content());
        }
        return model;
    }

    private static SentencePieceEntry ReadPiece(ReadOnlyMemory<byte> message, int id)
    {
        var piece = new SentencePieceEntry("", 0, PieceKind.Normal);
        foreach (var field in ProtobufField.ReadAll(message))
        {
            piece = field.Number switch
            {
                SentencePieceFields.Text => piece with { Piece = Text(field) },
                SentencePieceFields.Score => piece with { Score = field.Single() },
                SentencePieceFields.Kind => piece with { Kind = Kind(field.Integer()) },
                _ => piece,
            };
        }
        return float.IsFinite(piece.Score) ? piece : throw new InvalidDataException($"piece {id} has the score {piece.Score}");

        PieceKind Kind(long value) => value is >= 1 and <= 6 ? (PieceKind)value
            : throw new InvalidDataException($"piece {id} is of type {value}; expected 1 to 6");
    }

    private void ReadTrainer(ReadOnlyMemory<byte> message)
    {
        foreach (var field in ProtobufField.ReadAll(message))
        {
            switch (field.Number)
            {
                case SentencePieceFields.ModelType: ModelType = field.Integer(); break;
                case SentencePieceFields.EndsWordsWithSpace: EndsWordsWithSpace = field.Flag(); break;
                case SentencePieceFields.FallsBackToBytes: FallsBackToBytes = field.Flag(); break;
                case SentencePieceFields.BeginPiece: BeginPiece = Text(field); break;
                case SentencePieceFields.EndPiece: EndPiece = Text(field); break;
                default: break;
            }
        }
    }

    private void ReadNormalizer(ReadOnlyMemory<byte> message)
    {
        foreach (var field in ProtobufField.ReadAll(message))
        {
            switch (field.Number)
            {
                case SentencePieceFields.Normalization: Normalization = Text(field); break;
                case SentencePieceFields.CharacterMap: ChangesCharacters = !field.Content().IsEmpty; break;
                case SentencePieceFields.AddsPrefixSpace: AddsPrefixSpace = field.Flag(); break;
                case SentencePieceFields.ReducesSpaces: ReducesSpaces = field.Flag(); break;
                case SentencePieceFields.MarksSpaces: MarksSpaces = field.Flag(); break;
                default: break;
            }
        }
    }

    private static string Text(ProtobufField field)
    {
        try
        {
            return StrictUtf8.GetString(field.Content().Span);
        }
        catch (DecoderFallbackException)
        {
            throw new InvalidDataException($"field {field.Number} is not valid UTF-8");
        }
    }
}
