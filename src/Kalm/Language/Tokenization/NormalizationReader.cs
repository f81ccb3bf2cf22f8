namespace Kalm.Language.Tokenization;

/// <summary>Reads the parts of tokenizer.json's normalizer.</summary>
internal static class NormalizationReader
{
    private const string Supported =
        "null, NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Prepend, Replace, Nmt, BertNormalizer, Precompiled, ByteLevel";

    /// <summary>The steps that a part means.</summary>
    /// <exception cref="KalmException">It is not supported.</exception>
    public static IEnumerable<NormalizationStep> Read(string type, JsonPart part) => type switch
    {
        "NFC" => [new NormalForm(Composes: true, Compatibly: false)],
        "NFD" => [new NormalForm(Composes: false, Compatibly: false)],
        "NFKC" => [new NormalForm(Composes: true, Compatibly: true)],
        "NFKD" => [new NormalForm(Composes: false, Compatibly: true)],
        "Lowercase" => [CharacterChange.Lowercase],
        "StripAccents" => [CharacterChange.WithoutMarks],
        "Nmt" => [CharacterChange.Nmt],
        "ByteLevel" => [new ByteSpelling()],
        "Prepend" => [new Prefix(TextLengthLimits.ShortText(part, "prepend"), OnlyAtStart: false)],
        "Replace" => [new Replacement(TokenizerPipelineReader.ReadPattern(part), TextLengthLimits.ShortText(part, "content"))],
        "Strip" => [new BlankTrimming(part.FindFlag("strip_left") ?? true, part.FindFlag("strip_right") ?? true)],
        "BertNormalizer" => ReadBert(part),
        "Precompiled" => ReadMap(part),
        _ => throw TokenizerPipelineReader.Unsupported(part, type, Supported),
    };

    private static IEnumerable<NormalizationStep> ReadBert(JsonPart part)
    {
        var lowers = part.FindFlag("lowercase") ?? true;
        if (part.FindFlag("clean_text") ?? true)
            yield return CharacterChange.Cleaned;
        if (part.FindFlag("handle_chinese_chars") ?? true)
            yield return CharacterChange.ChineseApart;
        if (part.FindFlag("strip_accents") ?? lowers)
        {
            yield return new NormalForm(Composes: false, Compatibly: false);
            yield return CharacterChange.WithoutNonspacingMarks;
        }
        if (lowers)
            yield return CharacterChange.Lowercase;
    }

    // An empty map changes nothing; some files hold one.
    private static IEnumerable<NormalizationStep> ReadMap(JsonPart part)
    {
        if (part.FindText("precompiled_charsmap") is not { Length: > 0 } text)
            return [];
        try
        {
            return [new PrecompiledMap(Convert.FromBase64String(text))];
        }
        catch (Exception problem) when (problem is FormatException or InvalidDataException)
        {
            throw part.Fault($"precompiled_charsmap: {problem.Message}");
        }
    }
}
