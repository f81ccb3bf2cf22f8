using Kalm.Files;
using Kalm.Language.Tokenization.SentencePiece;

namespace Kalm.Language.Sources.Gguf;

/// <summary>The vocabulary of a GGUF file: the keys <c>tokenizer.ggml.*</c>, checked, with llama.cpp's defaults.</summary>
internal sealed record GgufVocabularyReader
{
    private const string Prefix = "tokenizer.ggml.";

    // The texts that llama.cpp takes for the end of a turn or a message, whatever the keys say.
    private static readonly HashSet<string> EndTexts =
    [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>", "<|endoftext|>",
            "<|eom_id|>",
        "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<｜end▁of▁sentence｜>",
    ];

    // What llama.cpp makes of a text before which the tokenizer's file says nothing of a begin token.
    private static readonly HashSet<string> BeginByDefault = ["llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral",
        "midm-2.0", "lfm2", "jina-v5-nano", "tekken", "chameleon"];

    /// <summary>The keys.</summary>
    public required GgufMetadata Metadata { get; init; }

    /// <summary>The kind: <c>gpt2</c> for byte-level pieces with merges, <c>llama</c> for SentencePiece's with scores.</summary>
    public required string Model { get; init; }

    /// <summary>How a byte-level tokenizer cuts a text into words.</summary>
    public required string Splitting { get; init; }

    /// <summary>The texts of the tokens.</summary>
    public required IReadOnlyList<string> Tokens { get; init; }

    /// <summary>What each token is.</summary>
    public required IReadOnlyList<PieceKind> Kinds { get; init; }

    /// <summary>Which pieces merge first; for <c>llama</c>.</summary>
    public required IReadOnlyList<float> Scores { get; init; }

    /// <summary>Pairs of pieces, with a space between; for <c>gpt2</c>.</summary>
    public required IReadOnlyList<string> Merges { get; init; }

    /// <summary>The tokens that end a text, the one of the sequence first.</summary>
    public required IReadOnlyList<int> EndIds { get; init; }

    /// <summary>Whether the tokenizer puts the begin token before a text.</summary>
    public bool AddsBegin => Metadata.Flag(Prefix + "add_bos_token") ?? (Model == "llama" || BeginByDefault.Contains(Splitting));

    /// <summary>Whether it puts the end token after one.</summary>
    public bool AddsEnd => Metadata.Flag(Prefix + "add_eos_token") ?? false;

    /// <summary>Whether SentencePiece puts a space before a text.</summary>
    public bool AddsSpace => Metadata.Flag(Prefix + "add_space_prefix") ?? true;

    /// <summary>Whether SentencePiece removes all but one of several spaces.</summary>
    public bool ReducesSpaces => Metadata.Flag(Prefix + "remove_extra_whitespaces") ?? false;

    /// <summary>The token of a purpose: <c>bos</c>, <c>eos</c>, <c>unknown</c>, <c>padding</c>, <c>eot</c>, <c>eom</c>, <c>seperator</c>,
    /// <c>mask</c>; null when the file names none.</summary>
    public int? IdOf(string purpose) => Id(Metadata, purpose, Tokens.Count);

    /// <summary>The text of the token of a purpose; null when the file names none.</summary>
    public string? TextOf(string purpose) => IdOf(purpose) is { } id ? Tokens[id] : null;

    /// <summary>Reads the vocabulary.</summary>
    /// <exception cref="KalmException">A key is missing or does not fit the others.</exception>
    public static GgufVocabularyReader Read(GgufMetadata metadata)
    {
        var model = metadata.Text(Prefix + "model") ?? throw metadata.Fault(Prefix + "model", "gpt2 or llama");
        var tokens = metadata.Texts(Prefix + "tokens") ?? throw metadata.Fault(Prefix + "tokens", "a list of texts");
        var types = metadata.Wholes(Prefix + "token_type");
        var scores = metadata.Numbers(Prefix + "scores");
        // llama.cpp too passes over entries beyond the tokens.
        if (types is not null && types.Count < tokens.Count)
            throw metadata.Fault(Prefix + "token_type", $"{tokens.Count} numbers, one for each token");
        if (scores is not null && scores.Count < tokens.Count)
            throw metadata.Fault(Prefix + "scores", $"{tokens.Count} numbers, one for each token");
        var kinds = new PieceKind[tokens.Count];
        for (var id = 0; id < kinds.Length; id++)
            kinds[id] = types?[id] is not { } type || type == 0 ? PieceKind.Normal
                : type is >= 1 and <= 6 ? (PieceKind)type
                : throw new KalmException($"{metadata.Path}: {Prefix}token_type: found {type} for the token {id}, "
                    + $"{FileFault.Quote(tokens[id])}, expected 0 to 6");
        return new()
        {
            Metadata = metadata,
            Model = model,
            Splitting = metadata.Text(Prefix + "pre") ?? "default",
            Tokens = tokens,
            Kinds = kinds,
            Scores = scores ?? new float[tokens.Count],
            Merges = metadata.Texts(Prefix + "merges") ?? [],
            EndIds = Ends(metadata, tokens),
        };
    }

    private static List<int> Ends(GgufMetadata metadata, IReadOnlyList<string> tokens)
    {
        var ends = new List<int>();
        foreach (var purpose in (string[])["eos", "eot", "eom"])
            if (Id(metadata, purpose, tokens.Count) is { } id && !ends.Contains(id))
                ends.Add(id);
        for (var id = 0; id < tokens.Count; id++)
            if (EndTexts.Contains(tokens[id]) && !ends.Contains(id))
                ends.Add(id);
        return ends;
    }

    private static int? Id(GgufMetadata metadata, string purpose, int count)
    {
        var key = $"{Prefix}{purpose}_token_id";
        // Files that have no such token say so by the highest number.
        if (metadata.Whole(key) is not { } id || id is uint.MaxValue or -1)
            return null;
        return id >= 0 && id < count ? (int)id : throw metadata.Fault(key, $"a token from 0 to {count - 1}");
    }
}
