namespace Kalm.Language.Tokenization.Decoding;

/// <summary>Reads the decoder of tokenizer.json.</summary>
internal static class DecodingReader
{
    private const string Supported = "ByteLevel, ByteFallback, Fuse, Metaspace, Replace, Strip, WordPiece, BPEDecoder";

    /// <summary>What WordPiece's decoder makes of the space before punctuation.</summary>
    private static readonly (string Found, string Replacement)[] CleanUps =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"),
        (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    /// <summary>Without a decoder, tokens are joined by spaces.</summary>
    public static IReadOnlyList<DecodingStep> None { get; } = [new EachFragment((text, first) => first ? text : " " + text)];

    /// <summary>The steps; after one that makes a single text of all tokens, the others wait for the whole of it where they have
    /// to.</summary>
    /// <exception cref="KalmException">A step is not supported.</exception>
    public static IReadOnlyList<DecodingStep> Read(List<(string Type, JsonPart Part)> parts)
    {
        if (parts.Count == 0)
            return None;
        var steps = new List<DecodingStep>();
        var joined = false;
        foreach (var (type, part) in parts)
        {
            var step = Read(type, part, joined);
            joined |= step.Joins;
            steps.Add(step);
        }
        return steps;
    }

    private static DecodingStep Read(string type, JsonPart part, bool joined) => type switch
    {
        "ByteLevel" when !joined => new ByteLevelDecoding(),
        "ByteFallback" when !joined => new ByteTokenDecoding(),
        "Fuse" => new Fusion(),
        "Replace" => ReadReplacement(part, joined),
        "Metaspace" => ReadMetaspace(part, joined),
        "Strip" => ReadStrip(part, joined),
        "WordPiece" when !joined => ReadWordPiece(part),
        "BPEDecoder" when !joined => ReadWordEnds(part),
        _ => throw TokenizerPipelineReader.Unsupported(part, joined ? type + " after what joins all tokens" : type, Supported),
    };

    private static DecodingStep ReadReplacement(JsonPart part, bool joined)
    {
        var replacement = new Replacement(TokenizerPipelineReader.ReadPattern(part), TextLengthLimits.ShortText(part, "content"));
        string Change(string text) => replacement.Apply(text, TextPlace.Start);
        // What is found as one character is found in each fragment for itself.
        var isSingle = part.Require("pattern").FindText("String")?.Length == 1;
        return joined && !isSingle ? new WholeText(Change) : new EachFragment((text, _) => Change(text));
    }

    private static MetaspaceDecoding ReadMetaspace(JsonPart part, bool joined)
    {
        var mark = TokenizerPipelineReader.ReadMark(part).ToString();
        var drops = TokenizerPipelineReader.ReadPrefixScheme(part) != PrefixScheme.Never;
        if (joined && drops)
            throw part.Fault("found Metaspace after what joins all tokens; supported: before it");
        return new(mark, drops);
    }

    private static DecodingStep ReadStrip(JsonPart part, bool joined)
    {
        var content = part.Require("content").Text();
        if (content.Length != 1)
            throw part.Fault($"content is '{content}'; expected one character");
        var (character, start, stop) = (content[0], ReadCount("start"), ReadCount("stop"));
        if (joined && stop == 0)
            return new LeadingCut(character, start);
        return joined ? new WholeText(Cut) : new EachFragment((text, _) => Cut(text));

        string Cut(string text)
        {
            var (first, end) = (0, text.Length);
            while (first < start && first < end && text[first] == character)
                first++;
            while (text.Length - end < stop && end > first && text[end - 1] == character)
                end--;
            return text[first..end];
        }

        int ReadCount(string name)
        {
            var value = part.Require(name);
            return value.IdOf(value.Value, name);
        }
    }

    private static EachFragment ReadWordPiece(JsonPart part)
    {
        var prefix = part.FindText("prefix") ?? "##";
        var cleans = part.FindFlag("cleanup") ?? true;
        return new((text, first) =>
        {
            if (!first)
                text = prefix.Length > 0 && text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : " " + text;
            foreach (var (found, replacement) in cleans ? CleanUps : [])
                text = text.Replace(found, replacement, StringComparison.Ordinal);
            return text;
        });
    }

    private static LastApart ReadWordEnds(JsonPart part)
    {
        var suffix = part.FindText("suffix") ?? "</w>";
        if (suffix.Length == 0)
            throw part.Fault("suffix is empty; expected what ends a word");
        return new((text, isLast) => text.Replace(suffix, isLast ? "" : " ", StringComparison.Ordinal));
    }
}
