namespace Kalm.Language.Tokenization;

/// <summary>Gathers the tokens beside a model's own. Their ids are those of Hugging Face tokenizers: that of a piece with the same text, or
/// else the next one after all others, whatever a file says.</summary>
internal sealed class AddedVocabulary
{
    private readonly List<AddedToken> tokens = [];
    private readonly Dictionary<string, int> places = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> modelIds;
    private int next;

    /// <summary>Begins with the ids of the model's own pieces.</summary>
    public AddedVocabulary(Dictionary<string, int> modelIds)
    {
        this.modelIds = modelIds;
        next = modelIds.Count;
    }

    /// <summary>Begins with a tokenizer's tokens.</summary>
    public AddedVocabulary(TokenizerDefinition definition) : this(definition.ModelIds())
    {
        foreach (var token in definition.AddedTokens)
        {
            places[token.Content] = tokens.Count;
            tokens.Add(token);
            next = Math.Max(next, token.Id + 1);
        }
    }

    /// <summary>The tokens.</summary>
    public IReadOnlyList<AddedToken> Tokens => tokens;

    /// <summary>The id of a token, added or not; null when there is none.</summary>
    public int? Find(string content) => places.TryGetValue(content, out var place) ? tokens[place].Id
        : modelIds.TryGetValue(content, out var id) ? id : null;

    /// <summary>Adds a token, whatever its id, or gives one that is there already other properties; returns the id. Once special, a token
    /// stays so.</summary>
    public int Add(AddedToken token)
    {
        var id = Find(token.Content) ?? next;
        next = Math.Max(next, id + 1);
        if (places.TryGetValue(token.Content, out var place))
        {
            var before = tokens[place];
            // Where a token is looked for is settled when it is first named.
            tokens[place] = token with { Id = id, Special = token.Special || before.Special, Normalized = before.Normalized };
            return id;
        }
        places[token.Content] = tokens.Count;
        tokens.Add(token with { Id = id });
        return id;
    }

    /// <summary>Makes a token that is there special, or adds it as a special one; returns the id.</summary>
    public int AddSpecial(AddedToken token) => places.TryGetValue(token.Content, out var place)
        ? Add(tokens[place] with { Special = true }) : Add(token with { Special = true });
}
