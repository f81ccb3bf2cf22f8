using Kalm.Language.Tokenization.SentencePiece;

namespace Kalm.Language.Tokenization;

/// <summary>Reads the tokenizer of a model folder: Hugging Face's tokenizer.json, and what lies beside it. What they ask for is done or
/// refused, never passed over; only <c>truncation</c> and <c>padding</c> are left alone, which transformers too sets anew with each
/// call.</summary>
internal static class TokenizerReader
{
    /// <summary>The name of the file with vocabulary and merges.</summary>
    public const string TokenizerFile = "tokenizer.json";

    /// <summary>The name of the file that says which tokens begin and end a text.</summary>
    public const string ConfigFile = "tokenizer_config.json";

    /// <summary>The name of SentencePiece's file, which is read where there is no tokenizer.json.</summary>
    public const string SentencePieceFile = "tokenizer.model";

    private const string AddedTokensFile = "added_tokens.json";
    private const string SpecialTokensFile = "special_tokens_map.json";
    private const string VocabularyFile = "vocab.json";
    private const string MergesFile = "merges.txt";

    /// <summary>Ids have to be lower; the largest vocabularies in use have about 260,000 tokens.</summary>
    public const int IdLimit = 10_000_000;

    /// <summary>The files beside these that are kept when a tokenizer is saved.</summary>
    private static readonly string[] Companions = 
        [SentencePieceFile, VocabularyFile, MergesFile, ConfigFile, AddedTokensFile, SpecialTokensFile, "chat_template.jinja"];

    /// <summary>Whether a folder holds a tokenizer.</summary>
    public static bool IsIn(string folder) =>
        File.Exists(Path.Combine(folder, TokenizerFile)) || File.Exists(Path.Combine(folder, SentencePieceFile))
        || (File.Exists(Path.Combine(folder, VocabularyFile)) && File.Exists(Path.Combine(folder, MergesFile)));

    /// <summary>Reads a model folder: tokenizer.json, or where there is none vocab.json with merges.txt, or tokenizer.model.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="ends">The tokens that the model says end a text.</param>
    /// <exception cref="KalmException">A file is missing or faulty, or asks for something that is not supported.</exception>
    public static TokenizerDefinition Read(string folder, IReadOnlyList<int> ends)
    {
        if (!Directory.Exists(folder))
            throw new KalmException(
                $"{folder}: no such folder; expected one with {TokenizerFile}, {SentencePieceFile} or {VocabularyFile}");
        var sources = new Dictionary<string, byte[]>();
        foreach (var name in (string[])[TokenizerFile, .. Companions])
            if (JsonPart.ReadFile(Path.Combine(folder, name)) is { } content)
                sources[name] = content;
        return Read(folder, sources, ends);
    }

    /// <summary>Reads files that need not be on disk.</summary>
    /// <param name="folder">Where they come from, for messages.</param>
    /// <param name="sources">Their contents by their names.</param>
    /// <param name="ends">The tokens that the model says end a text.</param>
    /// <exception cref="KalmException">A file is missing or faulty, or asks for something that is not supported.</exception>
    public static TokenizerDefinition Read(string folder, IReadOnlyDictionary<string, byte[]> sources, IReadOnlyList<int> ends)
    {
        var config = Part(ConfigFile);
        TokenizerDefinition definition;
        if (Part(TokenizerFile) is { } root)
            definition = Read(root);
        else if (Part(VocabularyFile) is { } vocabulary)
            definition = VocabularyFiles.Read(vocabulary, Path.Combine(folder, MergesFile), sources.GetValueOrDefault(MergesFile), config);
        else if (sources.TryGetValue(SentencePieceFile, out var model))
            definition = SentencePieceReader.Read(Path.Combine(folder, SentencePieceFile), model, config, Part(AddedTokensFile));
        else
            throw new KalmException($"{Path.Combine(folder, TokenizerFile)}: no such file, and no {SentencePieceFile}, nor "
                + $"{VocabularyFile} and {MergesFile}, beside it");
        var beside = new TokenizerConfigReader(config, Part(SpecialTokensFile), Part(AddedTokensFile));
        return beside.Apply(definition, sources.ContainsKey(TokenizerFile), ends) with { SourceFiles = sources };

        JsonPart? Part(string name) =>
            sources.TryGetValue(name, out var content) ? JsonPart.Parse(Path.Combine(folder, name), content) : null;
    }

    private static TokenizerDefinition Read(JsonPart root)
    {
        var definition = VocabularyReader.Read(root.Require("model"));
        definition = definition with { AddedTokens = AddedTokenReader.ReadAll(root, definition.Pieces, definition.ModelIds()) };
        return TokenizerPipelineReader.Apply(root, definition);
    }
}
