using System.Text.Json;

namespace Kalm.Language.Tokenization;

/// <summary>Reads descriptions of added tokens.</summary>
internal static class AddedTokenReader
{
    /// <summary>A token: its text alone, or an object with <c>content</c> and properties. The id is left open.</summary>
    /// <param name="part">The description.</param>
    /// <param name="special">Whether it is special where it does not say so itself.</param>
    public static AddedToken Read(JsonPart part, bool special)
    {
        if (part.Value.ValueKind == JsonValueKind.String)
            return new() { Id = 0, Content = NotEmpty(part.Text()), Special = special, Normalized = !special };
        special = part.FindFlag("special") ?? special;
        return new()
        {
            Id = 0,
            Content = NotEmpty(part.Require("content").Text()),
            Special = special,
            Normalized = part.FindFlag("normalized") ?? !special,
            SingleWord = part.FindFlag("single_word") ?? false,
            StripsLeft = part.FindFlag("lstrip") ?? false,
            StripsRight = part.FindFlag("rstrip") ?? false,
        };

        string NotEmpty(string content) =>
            content.Length > 0 ? content : throw part.Fault("content is empty; expected the text of a token");
    }

    /// <summary>The tokens of tokenizer.json's <c>added_tokens</c>.</summary>
    /// <exception cref="KalmException">A token contradicts the model or another one.</exception>
    public static IReadOnlyList<AddedToken> ReadAll(JsonPart root, IReadOnlyList<string?> pieces, Dictionary<string, int> modelIds)
    {
        var added = new AddedVocabulary(modelIds);
        var named = new Dictionary<int, string>();
        foreach (var item in root.Find("added_tokens")?.Items() ?? [])
        {
            var token = Read(item, special: false);
            var id = item.IdOf(item.Require("id").Value, token.Content);
            if (modelIds.TryGetValue(token.Content, out var modelId) && modelId != id)
                throw item.Fault($"{Files.FileFault.Quote(token.Content)} has the id {id}, but {modelId} in model.vocab");
            if (id < pieces.Count && pieces[id] is { } piece && piece != token.Content)
                throw item.Fault(
                    $"{Files.FileFault.Quote(token.Content)} has the id {id}, which is {Files.FileFault.Quote(piece)} in model.vocab");
            if (named.TryGetValue(id, out var other) && other != token.Content)
                throw item.Fault($"{Files.FileFault.Quote(other)} and {Files.FileFault.Quote(token.Content)} both have the id {id}");
            named[id] = token.Content;
            added.Add(token);
        }
        return added.Tokens;
    }

    /// <summary>The tokens of <c>added_tokens_decoder</c>, an object of ids and tokens, in the order of the ids.</summary>
    public static List<(int Id, AddedToken Token)> ReadDecoder(JsonPart decoder)
    {
        var tokens = new List<(int, AddedToken)>();
        foreach (var property in decoder.Expect(JsonValueKind.Object, "an object").Value.EnumerateObject())
        {
            var part = decoder.Find(property.Name) ?? throw decoder.Fault($"'{property.Name}' is null; expected a token");
            if (!int.TryParse(property.Name, System.Globalization.NumberStyles.None, null, out var id) || id >= TokenizerReader.IdLimit)
                throw decoder.Fault(
                    $"'{Files.FileFault.Plain(property.Name)}' is no id; expected a whole number below {TokenizerReader.IdLimit}");
            tokens.Add((id, Read(part, special: false) with { Id = id }));
        }
        tokens.Sort((one, other) => one.Item1.CompareTo(other.Item1));
        return tokens;
    }
}
