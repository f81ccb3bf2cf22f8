using System.Text;
using Kalm.Language.Tokenization;

namespace Kalm.Language.Sources.Gguf;

/// <summary>Writes a vocabulary with scores as a SentencePiece model, a protocol buffer message
/// (https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto).</summary>
internal static class GgufSentencePiece
{
    private const int Bytes = 2, FourBytes = 5;
    private const int ByteKinds = 256;

    /// <summary>The bytes of the model file.</summary>
    public static byte[] Write(GgufVocabularyReader vocabulary)
    {
        using var stream = new MemoryStream();
        // Rows that only fill the embedding up have no token in the file that this was made from.
        var count = vocabulary.Tokens.Count;
        while (count > 0 && vocabulary.Kinds[count - 1] == GgufTokenKind.Unused)
            count--;
        for (var id = 0; id < count; id++)
            Message(stream, 1, piece => WritePiece(piece, vocabulary, id));
        Message(stream, 2, trainer =>
        {
            Number(trainer, 3, 2);
            Number(trainer, 35, HasBytes(vocabulary) ? 1u : 0);
            WriteText(trainer, 46, vocabulary.TextOf("bos"));
            WriteText(trainer, 47, vocabulary.TextOf("eos"));
        });
        Message(stream, 3, normalizer =>
        {
            WriteText(normalizer, 1, "identity");
            Number(normalizer, 3, vocabulary.AddsSpace ? 1u : 0);
            Number(normalizer, 4, vocabulary.ReducesSpaces ? 1u : 0);
            Number(normalizer, 5, 1);
        });
        return stream.ToArray();
    }

    private static void WritePiece(Stream stream, GgufVocabularyReader vocabulary, int id)
    {
        WriteText(stream, 1, vocabulary.Tokens[id]);
        Varint(stream, (2 << 3) | FourBytes);
        stream.Write(BitConverter.GetBytes(vocabulary.Scores[id]));
        // llama.cpp builds such pieces like any others; without a token between two others nothing else can be said.
        var kind = vocabulary.Kinds[id] == GgufTokenKind.Unused ? GgufTokenKind.Normal : vocabulary.Kinds[id];
        Number(stream, 3, (uint)kind);
    }

    private static bool HasBytes(GgufVocabularyReader vocabulary)
    {
        var found = 0;
        for (var id = 0; id < vocabulary.Tokens.Count; id++)
            if (vocabulary.Kinds[id] == GgufTokenKind.Byte && ByteToken.Read(vocabulary.Tokens[id]) is not null)
                found++;
        return found == ByteKinds;
    }

    private static void Message(Stream stream, uint field, Action<Stream> write)
    {
        using var content = new MemoryStream();
        write(content);
        Varint(stream, (field << 3) | Bytes);
        Varint(stream, (uint)content.Length);
        content.WriteTo(stream);
    }

    private static void WriteText(Stream stream, uint field, string? text)
    {
        if (text is null)
            return;
        var bytes = Encoding.UTF8.GetBytes(text);
        Varint(stream, (field << 3) | Bytes);
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
