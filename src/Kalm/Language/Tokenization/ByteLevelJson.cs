using System.Text.Json;

namespace Kalm.Language.Tokenization;

/// <summary>The content of a tokenizer.json of byte-level BPE, laid out as GPT-2's, or Llama 3's where words are cut by patterns.</summary>
internal sealed record ByteLevelJson
{
    /// <summary>The tokens that are looked for in a text before it is cut into words.</summary>
    public required IEnumerable<AddedToken> AddedTokens { get; init; }

    /// <summary>The patterns that cut a text into words, one after the other; null for GPT-2's words.</summary>
    public IReadOnlyList<string>? Patterns { get; init; }

    /// <summary>Whether a word that is a token as a whole is taken at once, without merges.</summary>
    public bool IgnoresMerges { get; init; }

    /// <summary>The pieces and their ids; no two pieces are the same.</summary>
    public required IEnumerable<(string Piece, int Id)> Vocabulary { get; init; }

    /// <summary>The merges, first come first.</summary>
    public required IEnumerable<(string Left, string Right)> Merges { get; init; }

    /// <summary>The token that is put before a text; null for none.</summary>
    public (string Text, int Id)? Begin { get; init; }

    /// <summary>The token that is put after one; null for none.</summary>
    public (string Text, int Id)? End { get; init; }

    /// <summary>Writes it.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        json.WriteStartArray("added_tokens");
        foreach (var token in AddedTokens)
            WriteAddedToken(json, token);
        json.WriteEndArray();
        json.WriteNull("normalizer");
        json.WritePropertyName("pre_tokenizer");
        WriteSplitting(json);
        json.WritePropertyName("post_processor");
        WriteProcessor(json);
        json.WritePropertyName("decoder");
        WriteByteLevel(json, usesWords: true);
        WriteModel(json);
        json.WriteEndObject();
    }

    private static void WriteAddedToken(Utf8JsonWriter json, AddedToken token)
    {
        json.WriteStartObject();
        json.WriteNumber("id", token.Id);
        json.WriteString("content", token.Content);
        json.WriteBoolean("single_word", token.SingleWord);
        json.WriteBoolean("lstrip", token.StripsLeft);
        json.WriteBoolean("rstrip", token.StripsRight);
        json.WriteBoolean("normalized", token.Normalized);
        json.WriteBoolean("special", token.Special);
        json.WriteEndObject();
    }

    private void WriteSplitting(Utf8JsonWriter json)
    {
        if (Patterns is null)
        {
            WriteByteLevel(json, usesWords: true);
            return;
        }
        json.WriteStartObject();
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        foreach (var pattern in Patterns)
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
        json.WriteBoolean("trim_offsets", false);
        json.WriteBoolean("use_regex", usesWords);
        json.WriteEndObject();
    }

    // A begin or end token stands in a template of the text, as in Llama 3's file.
    private void WriteProcessor(Utf8JsonWriter json)
    {
        if (Begin is null && End is null)
        {
            WriteByteLevel(json, usesWords: true);
            return;
        }
        json.WriteStartObject();
        json.WriteString("type", "TemplateProcessing");
        foreach (var (name, sequences) in ((string, string[])[])[("single", ["A"]), ("pair", ["A", "B"])])
        {
            json.WriteStartArray(name);
            foreach (var (type, sequence) in sequences.Index())
            {
                WritePart(json, "SpecialToken", Begin?.Text, type);
                WritePart(json, "Sequence", sequence, type);
                WritePart(json, "SpecialToken", End?.Text, type);
            }
            json.WriteEndArray();
        }
        json.WriteStartObject("special_tokens");
        foreach (var (text, id) in new[] { Begin, End }.OfType<(string, int)>().Distinct())
        {
            json.WriteStartObject(text);
            json.WriteString("id", text);
            json.WriteStartArray("ids");
            json.WriteNumberValue(id);
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

    private void WriteModel(Utf8JsonWriter json)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteNull("unk_token");
        json.WriteNull("continuing_subword_prefix");
        json.WriteNull("end_of_word_suffix");
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteBoolean("ignore_merges", IgnoresMerges);
        json.WriteStartObject("vocab");
        foreach (var (piece, id) in Vocabulary)
            json.WriteNumber(piece, id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (var (left, right) in Merges)
            WriteMerge(json, left, right);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    // One text with a space between, unless a piece holds a space itself.
    private static void WriteMerge(Utf8JsonWriter json, string left, string right)
    {
        if (!left.Contains(' ', StringComparison.Ordinal) && !right.Contains(' ', StringComparison.Ordinal))
        {
            json.WriteStringValue($"{left} {right}");
            return;
        }
        json.WriteStartArray();
        json.WriteStringValue(left);
        json.WriteStringValue(right);
        json.WriteEndArray();
    }
}
