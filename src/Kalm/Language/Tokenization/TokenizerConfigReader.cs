using System.Text.Json;
using Kalm.Language.Tokenization.Decoding;

namespace Kalm.Language.Tokenization;

/// <summary>Reads what lies beside the vocabulary, as transformers 5 does: tokens that it lacks are added, named ones are special, and
/// <c>add_prefix_space</c> and the like are heeded.</summary>
/// <param name="config">tokenizer_config.json.</param>
/// <param name="specialTokens">special_tokens_map.json, which counts where the former has no <c>added_tokens_decoder</c>.</param>
/// <param name="addedTokens">added_tokens.json, likewise.</param>
internal sealed class TokenizerConfigReader(JsonPart? config, JsonPart? specialTokens, JsonPart? addedTokens)
{
    private static readonly string[] WellKnownEndTokens = ["<|endoftext|>", "</s>", "<|end_of_text|>", "<|im_end|>"];

    private static readonly string[] Names =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    private static readonly string[] Lists = ["additional_special_tokens", "extra_special_tokens"];

    private readonly JsonPart? decoder = config?.Find("added_tokens_decoder");

    /// <summary>The definition with what the files say. Where nothing names an end token, not even the model, it is an added one with a
    /// well-known name.</summary>
    /// <param name="definition">The vocabulary.</param>
    /// <param name="isWhole">Whether it comes from a tokenizer.json, which then says alone what is put before a text.</param>
    /// <param name="ends">The tokens that the model says end a text.</param>
    /// <exception cref="KalmException">A file is faulty.</exception>
    public TokenizerDefinition Apply(TokenizerDefinition definition, bool isWhole, IReadOnlyList<int> ends)
    {
        var added = new AddedVocabulary(definition);
        AddTokens(added);
        var named = AddNamed(added);
        definition = definition with
        {
            AddedTokens = added.Tokens,
            NamedIds = named,
            SplitsSpecialTokens = config?.FindFlag("split_special_tokens") ?? false,
            EndId = named.TryGetValue("eos_token", out var end) ? end : definition.EndId
                ?? ends.Where(id => definition.Pieces.ElementAtOrDefault(id) is not null || added.Tokens.Any(token => token.Id == id))
                    .Select(id => (int?)id).FirstOrDefault()
                ?? WellKnownEndTokens.Select(name => added.Tokens.FirstOrDefault(token => token.Content == name)?.Id)
                    .FirstOrDefault(id => id is not null),
        };
        if (config is not { } file)
            return definition;
        if (file.FindFlag("add_eos_token") == true && definition.EndId is null)
            throw file.Fault("add_eos_token is true, but no eos_token is named");
        if (file.FindFlag("add_bos_token") is { } adds && !isWhole)
            definition = definition with { BeginId = adds ? BeginOf(file, named, definition) : null };
        return file.FindFlag("add_prefix_space") is { } space ? WithPrefixSpace(file, definition, space, isWhole) : definition;
    }

    private static int BeginOf(JsonPart file, Dictionary<string, int> named, TokenizerDefinition definition) =>
        named.TryGetValue("bos_token", out var id) ? id
            : definition.BeginId ?? throw file.Fault("add_bos_token is true, but no bos_token is named");

    private void AddTokens(AddedVocabulary added)
    {
        if (decoder is { } tokens)
        {
            foreach (var (_, token) in AddedTokenReader.ReadDecoder(tokens))
                added.Add(token);
            return;
        }
        var special = SpecialContents();
        foreach (var (id, content) in AddedContents())
            added.Add(new() { Id = id, Content = content, Special = special.Contains(content), Normalized = !special.Contains(content) });
    }

    private List<(int Id, string Content)> AddedContents()
    {
        var contents = new List<(int, string)>();
        if (addedTokens is not { } file)
            return contents;
        foreach (var property in file.Value.EnumerateObject())
            contents.Add((file.IdOf(property.Value, property.Name), property.Name.Length > 0 ? property.Name
                : throw file.Fault("a token is empty")));
        contents.Sort();
        return contents;
    }

    private HashSet<string> SpecialContents() => [.. Names.Select(Find).Concat(Lists.SelectMany(FindList)).OfType<JsonPart>()
        .Select(part => AddedTokenReader.Read(part, special: true).Content)];

    private Dictionary<string, int> AddNamed(AddedVocabulary added)
    {
        var ids = new Dictionary<string, int>();
        foreach (var name in Names)
            if (Find(name) is { } part)
                ids[name] = AddSpecial(added, part);
        foreach (var name in Lists)
        {
            foreach (var part in FindList(name))
                if (part is { } token)
                    AddSpecial(added, token);
            if (FindTable(name) is not { } table)
                continue;
            foreach (var property in table.Value.EnumerateObject())
                if (table.Find(property.Name) is { } token)
                    ids[property.Name] = AddSpecial(added, token);
        }
        return ids;
    }

    private static int AddSpecial(AddedVocabulary added, JsonPart part) => added.AddSpecial(AddedTokenReader.Read(part, special: true));

    // special_tokens_map.json comes first where it counts at all.
    private JsonPart? Find(string name) => (decoder is null ? specialTokens?.Find(name) : null) ?? config?.Find(name);

    private IEnumerable<JsonPart?> FindList(string name) =>
        Find(name) is { Value.ValueKind: JsonValueKind.Array } part ? part.Items().Select(item => (JsonPart?)item) : [];

    // extra_special_tokens may give names to its tokens.
    private JsonPart? FindTable(string name)
    {
        if (Find(name) is not { } part || part.Value.ValueKind == JsonValueKind.Array)
            return null;
        return part.Expect(JsonValueKind.Object, "a list of tokens, or an object of names and tokens");
    }

    private static TokenizerDefinition WithPrefixSpace(JsonPart file, TokenizerDefinition definition, bool adds, bool isWhole)
    {
        if (definition.Splitting is [ByteLevelSplitting only])
            return definition with { Splitting = [only with { AddsPrefixSpace = adds }] };
        // In a sequence of steps transformers too leaves it to tokenizer.json.
        if (definition.SpellsBytes)
            return definition;
        if (!adds)
            return definition with
            {
                Normalization = [.. definition.Normalization.Where(step => step is not Prefix)],
                Splitting = [.. definition.Splitting.Select(
                    step => step is MetaspaceSplitting mark ? mark with { Scheme = PrefixScheme.Never } : step)],
                Decoding = [.. definition.Decoding.Where(step => step is not LeadingCut)
                    .Select(step => step is MetaspaceDecoding mark ? mark with { DropsFirst = false } : step)],
            };
        var does = isWhole || definition.Normalization.Any(step => step is Prefix)
            || definition.Splitting.Any(step => step is MetaspaceSplitting { Scheme: not PrefixScheme.Never });
        return does ? definition : throw file.Fault("add_prefix_space is true, but the tokenizer puts no space before a text");
    }
}
