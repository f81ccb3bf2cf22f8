using System.Text.Json;
using Kalm.Language.Tokenization.SentencePiece;

namespace Kalm.Language.Tokenization;

/// <summary>Reads the tokenizer of a model folder: Hugging Face's tokenizer.json, and what lies beside it. What they ask for is done or refused, never passed over;
/// only <c>truncation</c> and <c>padding</c> are left alone, which transformers too sets anew with each call.</summary>
internal static class TokenizerReader
{
    /// <summary>The name of the file with vocabulary and merges.</summary>
    public const string TokenizerFile = "tokenizer.json";

    /// <summary>The name of the file that says which tokens begin and end a text.</summary>
    public const string ConfigFile = "tokenizer_config.json";

    /// <summary>The name of SentencePiece's file, which is read where there is no tokenizer.json.</summary>
    public const string SentencePieceFile = "tokenizer.model";

    private const string AddedTokensFile = "added_tokens.json";

    /// <summary>Ids have to be lower; the largest vocabularies in use have about 260,000 tokens.</summary>
    public const int IdLimit = 10_000_000;

    /// <summary>The files beside these that are kept when a tokenizer is saved.</summary>
    private static readonly string[] Companions = [SentencePieceFile, ConfigFile, AddedTokensFile, "special_tokens_map.json", "chat_template.jinja"];

    /// <summary>Whether a folder holds a tokenizer.</summary>
    public static bool IsIn(string folder) =>
        File.Exists(Path.Combine(folder, TokenizerFile)) || File.Exists(Path.Combine(folder, SentencePieceFile));

    /// <summary>Reads a model folder: tokenizer.json, or where there is none tokenizer.model.</summary>
    /// <exception cref="KalmException">A file is missing or faulty, or asks for something that is not supported.</exception>
    public static TokenizerDefinition Read(string folder)
    {
        if (!Directory.Exists(folder))
            throw new KalmException($"{folder}: no such folder; expected one with {TokenizerFile} or {SentencePieceFile}");
        var sources = new Dictionary<string, byte[]>();
        foreach (var name in (string[])[TokenizerFile, .. Companions])
            if (JsonPart.ReadFile(Path.Combine(folder, name)) is { } content)
                sources[name] = content;
        return Read(folder, sources);
    }

    /// <summary>Reads files that need not be on disk.</summary>
    /// <param name="folder">Where they come from, for messages.</param>
    /// <param name="sources">Their contents by their names.</param>
    /// <exception cref="KalmException">A file is missing or faulty, or asks for something that is not supported.</exception>
    public static TokenizerDefinition Read(string folder, IReadOnlyDictionary<string, byte[]> sources)
    {
        var config = Part(ConfigFile);
        TokenizerDefinition definition;
        if (Part(TokenizerFile) is { } root)
            definition = Read(root);
        else if (sources.TryGetValue(SentencePieceFile, out var model))
            definition = SentencePieceReader.Read(Path.Combine(folder, SentencePieceFile), model, config, Part(AddedTokensFile));
        else
            throw new KalmException($"{Path.Combine(folder, TokenizerFile)}: no such file, and no {SentencePieceFile} beside it");
        return TokenizerConfigReader.Apply(config, definition) with { SourceFiles = sources };

        JsonPart? Part(string name) =>
            sources.TryGetValue(name, out var content) ? JsonPart.Parse(Path.Combine(folder, name), content) : null;
    }

    private static TokenizerDefinition Read(JsonPart root)
    {
        var model = root.Require("model");
        RefuseOtherModels(model);
        var added = ReadAddedTokens(root);
        var definition = new TokenizerDefinition
        {
            Pieces = ReadVocabulary(model, added),
            Merges = new([]),
            AddedTokens = added,
            IgnoreMerges = model.FindFlag("ignore_merges") ?? false,
            FuseUnknown = model.FindFlag("fuse_unk") ?? false,
            FallsBackToBytes = model.FindFlag("byte_fallback") ?? false,
        };
        CheckAddedTokens(root, definition);
        var ids = definition.ModelIds();
        definition = definition with { Merges = ReadMerges(model, ids), UnknownPiece = ReadUnknownPiece(model, ids) };
        return TokenizerPipelineReader.Apply(root, definition);
    }

    private static void RefuseOtherModels(JsonPart model)
    {
        // Files of early versions leave the type out; only BPE has merges.
        var type = model.FindText("type") ?? (model.Find("merges") is null ? "missing" : "BPE");
        if (type != "BPE")
            throw model.Fault($"type is {type}; supported: BPE");
        foreach (var name in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
            if (model.FindText(name) is { Length: > 0 } text)
                throw model.Fault($"{name} is '{text}'; supported: none");
        if (model.Find("dropout") is { } dropout && (dropout.Value.ValueKind != JsonValueKind.Number || dropout.Value.GetDouble() != 0))
            throw dropout.Fault($"found {dropout.Shown}; supported: null, since encoding has to give the same ids each time");
    }

    private static string?[] ReadVocabulary(JsonPart model, List<AddedToken> added)
    {
        var vocabulary = model.Require("vocab").Expect(JsonValueKind.Object, "an object of pieces and ids");
        var entries = vocabulary.Value.EnumerateObject()
            .Select(property => (Piece: property.Name, Id: vocabulary.IdOf(property.Value, property.Name))).ToList();

        // A single huge id would make us reserve room for millions of tokens that do not exist.
        var highest = Math.Max(entries.Select(entry => entry.Id).DefaultIfEmpty(-1).Max(),
            added.Select(token => token.Id).DefaultIfEmpty(-1).Max());
        if (highest > (2L * (entries.Count + added.Count)) + 1024)
            throw vocabulary.Fault($"the highest id is {highest}, but there are only {entries.Count + added.Count} tokens");

        var pieces = new string?[entries.Select(entry => entry.Id + 1).DefaultIfEmpty().Max()];
        foreach (var (piece, id) in entries)
        {
            if (pieces[id] is { } other)
                throw vocabulary.Fault($"'{other}' and '{piece}' both have the id {id}");
            pieces[id] = piece;
        }
        return pieces;
    }

    private static MergeTable ReadMerges(JsonPart model, Dictionary<string, int> ids)
    {
        var part = model.Require("merges").Expect(JsonValueKind.Array, "an array of merges");
        var merges = new List<Merge>(part.Value.GetArrayLength());
        foreach (var item in part.Value.EnumerateArray())
        {
            var place = part with { Place = $"{part.Place}[{merges.Count}]" };
            var halves = item.ValueKind == JsonValueKind.Array
                ? [.. item.EnumerateArray().Select(place.TextOf)]
                : place.TextOf(item).Split(' ');
            if (halves.Length != 2)
                throw (place with { Value = item }).Fault($"found {(place with { Value = item }).Shown}; expected two pieces");
            merges.Add(new(IdOf(halves[0]), IdOf(halves[1]), IdOf(halves[0] + halves[1])));

            int IdOf(string piece) =>
                ids.TryGetValue(piece, out var id) ? id : throw place.Fault($"'{piece}' is not in the vocabulary");
        }
        return new(merges);
    }

    private static string? ReadUnknownPiece(JsonPart model, Dictionary<string, int> ids)
    {
        if (model.FindText("unk_token") is not { Length: > 0 } unknown)
            return null;
        return ids.ContainsKey(unknown) ? unknown : throw model.Fault($"unk_token '{unknown}' is not in the vocabulary");
    }

    private static List<AddedToken> ReadAddedTokens(JsonPart root)
    {
        var tokens = new List<AddedToken>();
        foreach (var item in root.Find("added_tokens")?.Items() ?? [])
        {
            var content = item.Require("content").Text();
            if (content.Length == 0)
                throw item.Fault("content is empty; expected the text of a token");
            var special = item.FindFlag("special") ?? false;
            tokens.Add(new()
            {
                Id = item.IdOf(item.Require("id").Value, content),
                Content = content,
                Special = special,
                Normalized = item.FindFlag("normalized") ?? !special,
                SingleWord = item.FindFlag("single_word") ?? false,
                StripsLeft = item.FindFlag("lstrip") ?? false,
                StripsRight = item.FindFlag("rstrip") ?? false,
            });
        }
        return tokens;
    }

    private static void CheckAddedTokens(JsonPart root, TokenizerDefinition definition)
    {
        var ids = definition.ModelIds();
        var contents = new HashSet<string>(StringComparer.Ordinal);
        var texts = new Dictionary<int, string>();
        foreach (var token in definition.AddedTokens)
        {
            if (!contents.Add(token.Content))
                throw root.Fault($"added_tokens: '{token.Content}' appears twice");
            if (!texts.TryAdd(token.Id, token.Content))
                throw root.Fault($"added_tokens: '{texts[token.Id]}' and '{token.Content}' both have the id {token.Id}");
            if (ids.TryGetValue(token.Content, out var modelId) && modelId != token.Id)
                throw root.Fault($"added_tokens: '{token.Content}' has the id {token.Id}, but {modelId} in model.vocab");
            if (token.Id < definition.Pieces.Count && definition.Pieces[token.Id] is { } piece && piece != token.Content)
                throw root.Fault($"added_tokens: '{token.Content}' has the id {token.Id}, which is '{piece}' in model.vocab");
        }
    }
}
