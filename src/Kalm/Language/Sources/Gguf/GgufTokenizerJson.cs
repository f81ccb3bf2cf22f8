using System.Text.Json;
using Kalm.Files;

namespace Kalm.Language.Sources.Gguf;

/// <summary>Writes a byte-level vocabulary as the text of a tokenizer.json.</summary>
internal static class GgufTokenizerJson
{
    /// <summary>The text, in UTF-8.</summary>
    /// <exception cref="KalmException">llama.cpp's name for its words is not known, or the vocabulary is faulty.</exception>
    public static byte[] Write(GgufVocabularyReader vocabulary)
    {
        const string Key = "tokenizer.ggml.pre";
        var patterns = GgufSplittings.Find(vocabulary.Splitting) ?? throw vocabulary.Metadata.Fault(Key,
            $"one of {GgufSplittings.Supported}");
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream,
            new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("version", "1.0");
            json.WriteNull("truncation");
            json.WriteNull("padding");
            WriteAddedTokens(json, vocabulary);
            json.WriteNull("normalizer");
            WriteSplitting(json, patterns);
            WriteProcessor(json, vocabulary);
            json.WritePropertyName("decoder");
            WriteByteLevel(json, usesWords: true);
            WriteModel(json, vocabulary);
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    private static bool IsAdded(GgufTokenKind kind) => kind is GgufTokenKind.Control or GgufTokenKind.UserDefined;

    private static void WriteAddedTokens(Utf8JsonWriter json, GgufVocabularyReader vocabulary)
    {
        json.WriteStartArray("added_tokens");
        for (var id = 0; id < vocabulary.Tokens.Count; id++)
        {
            if (!IsAdded(vocabulary.Kinds[id]) || vocabulary.Tokens[id].Length == 0)
                continue;
            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("content", vocabulary.Tokens[id]);
            json.WriteBoolean("single_word", false);
            json.WriteBoolean("lstrip", false);
            json.WriteBoolean("rstrip", false);
            json.WriteBoolean("normalized", false);
            json.WriteBoolean("special", vocabulary.Kinds[id] == GgufTokenKind.Control);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteSplitting(Utf8JsonWriter json, IReadOnlyList<string> patterns)
    {
        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        foreach (var pattern in patterns)
        {
            json.WriteStartObject();
            json.WriteString("type", "Split");
            json.WriteStartObject("pattern");
            json.WriteString("Regex", pattern);
            json.WriteEndObject();
            json.WriteString("behavior", "Isolated");
            json.WriteBoolean("invert", false);
            json.WriteEndObject();
        }
        WriteByteLevel(json, usesWords: false);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteByteLevel(Utf8JsonWriter json, bool usesWords)
    {
        json.WriteStartObject();
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", true);
        json.WriteBoolean("use_regex", usesWords);
        json.WriteEndObject();
    }

    // A begin or end token stands in a template of the text, as in Llama 3's file.
    private static void WriteProcessor(Utf8JsonWriter json, GgufVocabularyReader vocabulary)
    {
        var begin = vocabulary.AddsBegin ? vocabulary.TextOf("bos") : null;
        var end = vocabulary.AddsEnd ? vocabulary.TextOf("eos") : null;
        json.WritePropertyName("post_processor");
        if (begin is null && end is null)
        {
            WriteByteLevel(json, usesWords: true);
            return;
        }
        json.WriteStartObject();
        json.WriteString("type", "TemplateProcessing");
        foreach (var (name, sequences) in ((string, (string, int)[])[])[("single", [("A", 0)]), ("pair", [("A", 0), ("B", 1)])])
        {
            json.WriteStartArray(name);
            foreach (var (sequence, type) in sequences)
            {
                WritePart(json, "SpecialToken", begin, type);
                WritePart(json, "Sequence", sequence, type);
                WritePart(json, "SpecialToken", end, type);
            }
            json.WriteEndArray();
        }
        json.WriteStartObject("special_tokens");
        foreach (var purpose in (string[])["bos", "eos"])
            if ((purpose == "bos" ? begin : end) is { } text && !(purpose == "eos" && text == begin))
            {
                json.WriteStartObject(text);
                json.WriteString("id", text);
                json.WriteStartArray("ids");
                json.WriteNumberValue(vocabulary.IdOf(purpose)!.Value);
                json.WriteEndArray();
                json.WriteStartArray("tokens");
                json.WriteStringValue(text);
                json.WriteEndArray();
                json.WriteEndObject();
            }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WritePart(Utf8JsonWriter json, string kind, string? id, int type)
    {
        if (id is null)
            return;
        json.WriteStartObject();
        json.WriteStartObject(kind);
        json.WriteString("id", id);
        json.WriteNumber("type_id", type);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter json, GgufVocabularyReader vocabulary)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteNull("unk_token");
        json.WriteNull("continuing_subword_prefix");
        json.WriteNull("end_of_word_suffix");
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteBoolean("ignore_merges", GgufSplittings.IgnoresMerges(vocabulary.Splitting));
        var pieces = new HashSet<string>(StringComparer.Ordinal);
        json.WriteStartObject("vocab");
        for (var id = 0; id < vocabulary.Tokens.Count; id++)
        {
            if (vocabulary.Kinds[id] == GgufTokenKind.Unused)
                continue;
            if (!pieces.Add(vocabulary.Tokens[id]))
                throw new KalmException($"{vocabulary.Metadata.Path}: tokenizer.ggml.tokens: found {FileFault.Quote(vocabulary.Tokens[id])} twice, again as {id}, expected once");
            json.WriteNumber(vocabulary.Tokens[id], id);
        }
        json.WriteEndObject();
        json.WriteStartArray("merges");
        for (var index = 0; index < vocabulary.Merges.Count; index++)
            WriteMerge(json, vocabulary, pieces, index);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteMerge(Utf8JsonWriter json, GgufVocabularyReader vocabulary, HashSet<string> pieces, int index)
    {
        // The first character may be a space itself.
        var merge = vocabulary.Merges[index];
        var space = merge.Length > 1 ? merge.IndexOf(' ', 1) : -1;
        if (space < 1 || space == merge.Length - 1)
            throw new KalmException($"{vocabulary.Metadata.Path}: tokenizer.ggml.merges: found {FileFault.Quote(merge)} at {index}, expected two pieces with a space between");
        var (left, right) = (merge[..space], merge[(space + 1)..]);
        // A merge that leads to no token never shows in what llama.cpp gives.
        if (pieces.Contains(left) && pieces.Contains(right) && pieces.Contains(left + right))
        {
            if (left.Contains(' ', StringComparison.Ordinal) || right.Contains(' ', StringComparison.Ordinal))
            {
                json.WriteStartArray();
                json.WriteStringValue(left);
                json.WriteStringValue(right);
                json.WriteEndArray();
            }
            else
                json.WriteStringValue(merge);
        }
    }
}
