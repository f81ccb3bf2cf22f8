using System.Text;
using Kalm.Language.Tokenization;
using Kalm.Language.Tokenization.SentencePiece;

namespace Kalm.Language.Sources.Gguf;

/// <summary>Writes a vocabulary with scores as a SentencePiece model, a protocol buffer message.</summary>
internal static class GgufSentencePiece
{
    private const int ByteKinds = 256;

    /// <summary>The bytes of the model file.</summary>
    public static byte[] Write(GgufVocabularyReader vocabulary)
    {
        using var stream = new MemoryStream();
        // Rows that only fill the embedding up have no token in the file that this was made from.
        var count = vocabulary.Tokens.Count;
        while (count > 0 && vocabulary.Kinds[count - 1] == PieceKind.Unused)
            count--;
        for (var id = 0; id < count; id++)
            Message(stream, SentencePieceFields.Piece, piece => WritePiece(piece, vocabulary, id));
        Message(stream, SentencePieceFields.Trainer, trainer =>
        {
            Number(trainer, SentencePieceFields.ModelType, 2);
            Number(trainer, SentencePieceFields.FallsBackToBytes, HasBytes(vocabulary) ? 1u : 0);
            WriteText(trainer, SentencePieceFields.BeginPiece, vocabulary.TextOf("bos"));
            WriteText(trainer, SentencePieceFields.EndPiece, vocabulary.TextOf("eos"));
        });
        Message(stream, SentencePieceFields.Normalizer, normalizer =>
        {
            WriteText(normalizer, SentencePieceFields.Normalization, "identity");
            Number(normalizer, SentencePieceFields.AddsPrefixSpace, vocabulary.AddsSpace ? 1u : 0);
            Number(normalizer, SentencePieceFields.ReducesSpaces, vocabulary.ReducesSpaces ? 1u : 0);
            Number(normalizer, SentencePieceFields.MarksSpaces, 1);
        });
        return stream.ToArray();
    }

    private static void WritePiece(Stream stream, GgufVocabularyReader vocabulary, int id)
    {
        WriteText(stream, SentencePieceFields.Text, vocabulary.Tokens[id]);
        Varint(stream, (SentencePieceFields.Score << 3) | ProtobufField.Bits32);
        stream.Write(BitConverter.GetBytes(vocabulary.Scores[id]));
        // llama.cpp builds such pieces like any others; without a token between two others nothing else can be said.
        var kind = vocabulary.Kinds[id] == PieceKind.Unused ? PieceKind.Normal : vocabulary.Kinds[id];
        Number(stream, SentencePieceFields.Kind, (uint)kind);
    }

    private static bool HasBytes(GgufVocabularyReader vocabulary)
    {
        var found = 0;
        for (var id = 0; id < vocabulary.Tokens.Count; id++)
            if (vocabulary.Kinds[id] == PieceKind.Byte && ByteToken.Read(vocabulary.Tokens[id]) is not null)
                found++;
        return found == ByteKinds;
    }

    private static void Message(Stream stream, uint field, Action<Stream> write)
    {
        using var content = new MemoryStream();
        write(content);
        Varint(stream, (field << 3) | ProtobufField.Delimited);
        Varint(stream, (uint)content.Length);
        content.WriteTo(stream);
    }

    private static void WriteText(Stream stream, uint field, string? text)
    {
        if (text is null)
            return;
        var bytes = Encoding.UTF8.GetBytes(text);
        Varint(stream, (field << 3) | ProtobufField.Delimited);
        Varint(stream, (uint)bytes.Length);
        stream.Write(bytes);
    }

    private static void Number(Stream stream, uint field, uint value)
    {
        Varint(stream, field << 3);
        Varint(stream, value);
    }

    private static void Varint(Stream stream, uint value)
    {
        for (; value >= 0x80; value >>= 7)
            stream.WriteByte((byte)(value | 0x80));
        stream.WriteByte((byte)value);
    }
}
