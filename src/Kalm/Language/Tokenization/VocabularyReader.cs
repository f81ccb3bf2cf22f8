using System.Text.Json;
using Kalm.Language.Tokenization.Models;

namespace Kalm.Language.Tokenization;

/// <summary>Reads the model of tokenizer.json: how a word becomes tokens.</summary>
internal static class VocabularyReader
{
    private const string DefaultUnknown = "[UNK]";

    /// <summary>The definition of the model alone.</summary>
    /// <exception cref="KalmException">The model is faulty or not supported.</exception>
    public static TokenizerDefinition Read(JsonPart model)
    {
        var type = model.FindText("type") ?? Guess(model);
        return type switch
        {
            "BPE" => ReadBytePairs(model),
            "Unigram" => ReadUnigram(model),
            "WordPiece" => ReadWords(model, ModelKind.WordPiece) with
            {
                SubwordPrefix = model.FindText("continuing_subword_prefix") ?? "##",
                LongestWord = model.Find("max_input_chars_per_word") is { } count
                    ? count.IdOf(count.Value, "max_input_chars_per_word") : 100,
            },
            "WordLevel" => ReadWords(model, ModelKind.WordLevel),
            _ => throw model.Fault($"type is {Files.FileFault.Plain(type)}; supported: BPE, Unigram, WordPiece, WordLevel"),
        };
    }

    // Files of early versions leave the type out.
    private static string Guess(JsonPart model) =>
        model.Find("merges") is not null ? "BPE"
        : model.Find("vocab")?.Value.ValueKind == JsonValueKind.Array ? "Unigram"
        : model.Find("max_input_chars_per_word") is not null ? "WordPiece"
        : model.Find("vocab") is not null ? "WordLevel" : "missing";

    private static TokenizerDefinition ReadWords(JsonPart model, ModelKind kind) => new()
    {
        Model = kind,
        Pieces = ReadPieces(model.Require("vocab")),
        AddedTokens = [],
        UnknownPiece = model.FindText("unk_token") ?? DefaultUnknown,
        SpellsBytes = false,
    };

    private static TokenizerDefinition ReadBytePairs(JsonPart model)
    {
        if (model.Find("dropout") is { } dropout && (dropout.Value.ValueKind != JsonValueKind.Number || dropout.Value.GetDouble() != 0))
            throw dropout.Fault($"found {dropout.Shown}; supported: null, since encoding has to give the same ids each time");
        var definition = new TokenizerDefinition
        {
            Pieces = ReadPieces(model.Require("vocab")),
            AddedTokens = [],
            IgnoreMerges = model.FindFlag("ignore_merges") ?? false,
            FuseUnknown = model.FindFlag("fuse_unk") ?? false,
            FallsBackToBytes = model.FindFlag("byte_fallback") ?? false,
            UnknownPiece = model.FindText("unk_token") is { Length: > 0 } unknown ? unknown : null,
            SubwordPrefix = model.FindText("continuing_subword_prefix") ?? "",
            WordSuffix = model.FindText("end_of_word_suffix") ?? "",
        };
        return definition with { Merges = ReadMerges(model, definition) };
    }

    /// <summary>The pieces of an object of pieces and ids, by id.</summary>
    public static string?[] ReadPieces(JsonPart vocabulary)
    {
        vocabulary.Expect(JsonValueKind.Object, "an object of pieces and ids");
        var entries = new List<(string Piece, int Id)>();
        var highest = -1;
        foreach (var property in vocabulary.Value.EnumerateObject())
        {
            entries.Add((property.Name, vocabulary.IdOf(property.Value, property.Name)));
            highest = Math.Max(highest, entries[^1].Id);
        }

        // A single huge id would make us reserve room for millions of tokens that do not exist.
        if (highest > (2L * entries.Count) + 1024)
            throw vocabulary.Fault($"the highest id is {highest}, but there are only {entries.Count} tokens");
        var pieces = new string?[highest + 1];
        foreach (var (piece, id) in entries)
        {
            if (pieces[id] is { } other)
                throw vocabulary.Fault($"{Files.FileFault.Quote(other)} and {Files.FileFault.Quote(piece)} both have the id {id}");
            pieces[id] = piece;
        }
        return pieces;
    }

    private static MergeTable ReadMerges(JsonPart model, TokenizerDefinition definition)
    {
        var part = model.Require("merges").Expect(JsonValueKind.Array, "an array of merges");
        var merger = new MergeParser(definition);
        foreach (var item in part.Value.EnumerateArray())
        {
            // The place is put into words only for a fault: there are hundreds of thousands.
            JsonPart Place() => new(part.File, $"{part.Place}[{merger.Count}]", item);
            string? problem;
            if (item.ValueKind == JsonValueKind.Array)
                problem = item.GetArrayLength() == 2 ? merger.Add(Place().TextOf(item[0]), Place().TextOf(item[1])) : "";
            else
                problem = merger.Add(Place().TextOf(item));
            if (problem is not null)
                throw Place().Fault(problem.Length > 0 ? problem : $"found {Place().Shown}; expected two pieces");
        }
        return merger.Finish();
    }

    private static TokenizerDefinition ReadUnigram(JsonPart model)
    {
        var pieces = new List<string?>();
        var scores = new List<double>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var vocabulary = model.Require("vocab").Expect(JsonValueKind.Array, "an array of pieces and scores");
        foreach (var item in vocabulary.Value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Array || item.GetArrayLength() != 2 || item[1].ValueKind != JsonValueKind.Number
                || !item[1].TryGetDouble(out var score) || !double.IsFinite(score))
                throw vocabulary.Fault($"item {pieces.Count}: expected a piece and its score");
            var piece = vocabulary.TextOf(item[0]);
            // Of two pieces with one text the later one counts.
            if (!ids.Add(piece))
                pieces[pieces.IndexOf(piece)] = null;
            pieces.Add(piece);
            scores.Add(score);
        }
        if (pieces.Count == 0)
            throw vocabulary.Fault("no pieces; expected at least one");
        var unknown = model.Find("unk_id") is { } part ? part.IdOf(part.Value, "unk_id") : (int?)null;
        if (unknown >= pieces.Count)
            throw model.Fault($"unk_id is {unknown}, but there are only {pieces.Count} pieces");
        return new()
        {
            Model = ModelKind.Unigram,
            Pieces = pieces,
            Scores = scores,
            AddedTokens = [],
            UnknownPiece = unknown is { } id ? pieces[id] : null,
            FallsBackToBytes = model.FindFlag("byte_fallback") ?? false,
            SpellsBytes = false,
        };
    }
}
