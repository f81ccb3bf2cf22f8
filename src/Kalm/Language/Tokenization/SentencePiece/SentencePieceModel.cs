using System.Text;

namespace Kalm.Language.Tokenization.SentencePiece;

/// <summary>What a piece of a SentencePiece model is; the numbers are the file's.</summary>
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

    /// <summary>A piece that must not be used.</summary>
    Unused = 5,

    /// <summary>A byte.</summary>
    Byte = 6,
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
            if (field.Number == 1)
                model.Pieces.Add(ReadPiece(field.Content(), model.Pieces.Count));
            else if (field.Number == 2)
                model.ReadTrainer(field.Content());
            else if (field.Number == 3)
                model.ReadNormalizer(field.Content());
        }
        return model;
    }

    /// <summary>A BPE model of pieces that another file holds; bytes are fallen back to where there are byte pieces.</summary>
    public static SentencePieceModel OfPieces(IReadOnlyList<SentencePieceEntry> pieces, bool addsPrefixSpace)
    {
        var model = new SentencePieceModel
        {
            ModelType = 2,
            FallsBackToBytes = pieces.Any(entry => entry.Kind == PieceKind.Byte),
            AddsPrefixSpace = addsPrefixSpace,
            ReducesSpaces = false,
        };
        model.Pieces.AddRange(pieces);
        return model;
    }

    private static SentencePieceEntry ReadPiece(ReadOnlyMemory<byte> message, int id)
    {
        var piece = new SentencePieceEntry("", 0, PieceKind.Normal);
        foreach (var field in ProtobufField.ReadAll(message))
        {
            piece = field.Number switch
            {
                1 => piece with { Piece = Text(field) },
                2 => piece with { Score = field.Single() },
                3 => piece with { Kind = Kind(field.Integer()) },
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
                case 3: ModelType = field.Integer(); break;
                case 24: EndsWordsWithSpace = field.Flag(); break;
                case 35: FallsBackToBytes = field.Flag(); break;
                case 46: BeginPiece = Text(field); break;
                case 47: EndPiece = Text(field); break;
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
                case 1: Normalization = Text(field); break;
                case 2: ChangesCharacters = !field.Content().IsEmpty; break;
                case 3: AddsPrefixSpace = field.Flag(); break;
                case 4: ReducesSpaces = field.Flag(); break;
                case 5: MarksSpaces = field.Flag(); break;
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
