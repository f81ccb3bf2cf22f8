using System.Globalization;
using Kalm.Language.Tokenization;

namespace Kalm.Language.Export;

/// <summary>A vocabulary as llama.cpp takes it.</summary>
internal sealed record GgufVocabulary
{
    private const int Normal = 1, UnknownType = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6;
    private const string Blank = "\u2581";

    /// <summary>The kind: <c>gpt2</c> for byte-level pieces with merges, <c>llama</c> for SentencePiece's with scores.</summary>
    public required string Model { get; init; }

    /// <summary>How a text is cut into words, for <c>gpt2</c>.</summary>
    public string? Splitting { get; init; }

    /// <summary>A text for every row of the embedding; no two are the same.</summary>
    public required List<string> Tokens { get; init; }

    /// <summary>What each token is.</summary>
    public required int[] Types { get; init; }

    /// <summary>Which pairs merge first: those with the highest score of the result; for <c>llama</c>.</summary>
    public float[]? Scores { get; init; }

    /// <summary>Pairs of pieces in the order of their merging; for <c>gpt2</c>.</summary>
    public IReadOnlyList<string>? Merges { get; init; }

    /// <summary>The token for what no other stands for; null when there is none.</summary>
    public int? UnknownId { get; init; }

    /// <summary>Whether a text is given a space in front.</summary>
    public bool AddsSpace { get; init; }

    /// <summary>Reads the vocabulary of a model folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="rows">The rows of the embedding, to which the tokens are filled up.</param>
    /// <param name="warnings">Takes what the user should know.</param>
    public static GgufVocabulary Read(string folder, int rows, List<string> warnings)
    {
        var path = Path.Combine(folder, TokenizerReader.TokenizerFile);
        var root = JsonPart.Parse(path, JsonPart.ReadFile(path) ?? throw new KalmException($"{path}: no such file; expected the tokenizer of the model"));
        var model = root.Require("model");
        var tokens = new string?[rows];
        var types = new int[rows];
        foreach (var property in model.Require("vocab").Value.EnumerateObject())
            Put(model.IdOf(property.Value, property.Name), property.Name, Normal);
        foreach (var added in root.Find("added_tokens")?.Items() ?? [])
            Put(added.IdOf(added.Require("id").Value, "added token"), added.Require("content").Text(), added.FindFlag("special") == true ? Control : UserDefined);
        var unknown = model.FindText("unk_token") is { } text ? Array.IndexOf(tokens, text) : -1;
        var merges = model.Require("merges").Items().Select(MergeOf).ToList();
        var vocabulary = new GgufVocabulary { Model = "gpt2", Tokens = Filled(tokens, types), Types = types, UnknownId = unknown < 0 ? null : unknown };
        if (model.FindFlag("byte_fallback") == true)
            return WithScores(vocabulary, merges, AddsBlank(root));
        var splitting = GgufSplitting.Find(root);
        if (splitting is null)
            warnings.Add($"{path}: llama.cpp has no name for this pre_tokenizer; it will cut some texts into other tokens ('{GgufSplitting.Unknown}')");
        return vocabulary with
        {
            Splitting = splitting ?? GgufSplitting.Unknown,
            Merges = [.. merges.Select(merge => $"{merge.Left} {merge.Right}")],
        };

        void Put(int id, string token, int type)
        {
            if (id >= rows)
                throw new KalmException($"{path}: '{token}' has the id {id}; expected less than the model's vocabulary of {rows}");
            (tokens[id], types[id]) = (token, type);
        }
    }

    // A merge's rank stands for the score of its result; pieces that no merge makes, which are single characters, come after all.
    private static GgufVocabulary WithScores(GgufVocabulary vocabulary, List<(string Left, string Right)> merges, bool addsSpace)
    {
        var ranks = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var rank = 0; rank < merges.Count; rank++)
            ranks.TryAdd(merges[rank].Left + merges[rank].Right, rank);
        var (tokens, types) = (vocabulary.Tokens, vocabulary.Types);
        var scores = new float[tokens.Count];
        for (var id = 0; id < tokens.Count; id++)
        {
            if (id == vocabulary.UnknownId)
                types[id] = UnknownType;
            else if (types[id] == Normal && IsByte(tokens[id]))
                types[id] = Byte;
            else if (types[id] == UserDefined)
                tokens[id] = tokens[id].Replace(Blank, " ", StringComparison.Ordinal);
            if (types[id] is Normal)
                scores[id] = ranks.TryGetValue(tokens[id], out var rank) ? -rank : -merges.Count - id;
        }
        return vocabulary with { Model = "llama", Scores = scores, AddsSpace = addsSpace };
    }

    private static bool IsByte(string token) => token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
        && byte.TryParse(token.AsSpan(3, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out _);

    private static bool AddsBlank(JsonPart root)
    {
        foreach (var name in (string[])["normalizer", "pre_tokenizer"])
            if (root.FindObject(name) is { } part)
                foreach (var step in GgufSplitting.Steps(part))
                    if (step.Require("type").Text() switch
                    {
                        "Prepend" => true,
                        "Metaspace" => step.FindText("prepend_scheme") is { } scheme ? scheme != "never" : step.FindFlag("add_prefix_space") ?? true,
                        _ => false,
                    })
                        return true;
        return false;
    }

    private static (string Left, string Right) MergeOf(JsonPart merge)
    {
        string[] halves = merge.Value.ValueKind == System.Text.Json.JsonValueKind.Array
            ? [.. merge.Items().Select(half => half.Text())]
            : merge.Text().Split(' ');
        return halves.Length == 2 ? (halves[0], halves[1]) : throw merge.Fault($"found {merge.Shown}; expected two pieces");
    }

    // Rows of the embedding without a token get names of their own: llama.cpp wants every text once.
    private static List<string> Filled(string?[] tokens, int[] types)
    {
        var taken = tokens.OfType<string>().ToHashSet(StringComparer.Ordinal);
        for (var id = 0; id < tokens.Length; id++)
            if (tokens[id] is null)
            {
                var name = $"[PAD{id}]";
                while (!taken.Add(name))
                    name += "_";
                (tokens[id], types[id]) = (name, Unused);
            }
        return [.. tokens.Select(token => token!)];
    }
}
