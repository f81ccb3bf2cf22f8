using Kalm.Files;

namespace Kalm.Language.Sources.Adapters;

/// <summary>The embedding and the output layer. To PEFT a tied base has one weight under two modules: a copy of it in the file changes
/// both, while a low-rank product, a saved module or rows of its own set one apart from the other.</summary>
internal sealed partial class AdapterPlan
{
    // What the file holds for one of the two.
    private sealed record Side(AdapterModule Module)
    {
        public StoredTensor? Saved { get; init; }
        public StoredTensor? Source { get; init; }
        public bool HasProduct { get; init; }
        public AdaptedTokens? Tokens { get; init; }
        public StoredTensor? Start => Saved ?? Source;
        public bool IsSetApart => Saved is not null || HasProduct;
    }

    private void AddVocabulary()
    {
        var (wasTied, tokens) = (Model.TieWordEmbeddings, TokensByWeight());
        var embedding = SideOf(modules.Single(module => module.IsEmbedding), tokens);
        var head = SideOf(modules.Single(module => module.IsHead), tokens);
        var follows = false;
        if (wasTied)
        {
            follows = config.KeepsTying && embedding.IsSetApart
                ? !head.HasProduct && head.Tokens is null
                : !embedding.IsSetApart && !head.IsSetApart && head.Tokens is null;
            // The output layer's copy is loaded last, and the weight is one.
            var shared = head.Source ?? embedding.Source;
            (embedding, head) = (embedding with { Source = shared }, head with { Source = shared });
            if (head.Tokens is null && !head.IsSetApart)
                head = head with { Tokens = embedding.Tokens };
        }
        if (!follows && head.Saved is null && config.Saves(head.Module.Name))
            throw Missing(head.Module.Name + ".weight", head.Module.Shape);
        var rows = Rows(follows ? [embedding] : [embedding, head]);
        Model = Model with { VocabularySize = rows };
        var input = Change(embedding, AdapterModules.EmbeddingWeight, rows);
        if (input is not null)
            changes.Add(AdapterModules.EmbeddingWeight, input);
        if (follows)
            return;
        var output = Change(head, wasTied ? AdapterModules.EmbeddingWeight : AdapterModules.HeadWeight, rows);
        if (wasTied && IsSame(input, output))
            return;
        Model = Model with { TieWordEmbeddings = false };
        if (output is not null || wasTied)
            changes.Add(
                AdapterModules.HeadWeight, output ?? new AdaptedTensor(AdapterModules.EmbeddingWeight, [rows, head.Module.Shape[1]]));
    }

    private Side SideOf(AdapterModule module, Dictionary<string, AdaptedTokens> tokens)
    {
        var side = new Side(module) { Source = Source(module), Tokens = tokens.GetValueOrDefault(module.Weight) };
        if (!config.Saves(module.Name))
            return side with
            {
                HasProduct = IsTarget(module)
                    && tensors.Has(module.Core, module.IsEmbedding ? AdapterPart.EmbeddingDown : AdapterPart.Down),
            };
        var again = tensors.Take(module.Core, AdapterPart.WeightAgain);
        var saved = tensors.Take(module.Core, AdapterPart.Weight) ?? again;
        return saved is null && !module.IsHead ? throw Missing(module.Name + ".weight", module.Shape) : side with { Saved = saved };
    }

    private int Rows(Side[] sides)
    {
        var (rows, by) = ((long)Model.VocabularySize, (StoredTensor?)null);
        foreach (var entry in sides.Select(side => side.Start).OfType<StoredTensor>())
        {
            if (entry.Shape.Count != 2 || (by is not null && entry.Shape[0] != rows) || entry.Shape[0] is < 1 or > int.MaxValue)
                throw Unfit(entry, [rows, sides[0].Module.Shape[1]]);
            (rows, by) = (entry.Shape[0], entry);
        }
        // New rows that are in no file would be anybody's guess; PEFT takes whatever the user's resizing put there.
        if (rows > Model.VocabularySize && sides.FirstOrDefault(side => side.Start is null) is { } lacking)
            throw Fault(by!.Name, $"found {rows} tokens where the base model has {Model.VocabularySize}, "
                + $"but nothing for {lacking.Module.Name}; expected its rows too");
        return (int)rows;
    }

    private AdaptedTensor? Change(Side side, string from, int rows)
    {
        long[] shape = [rows, side.Module.Shape[1]];
        var product = IsTarget(side.Module) ? Product(side.Module, shape, isOnBase: side.Source is null) : null;
        if (side.Start is null && product is null && side.Tokens is null)
            return rows == side.Module.Shape[0] ? null : new AdaptedTensor(from, shape);
        return new AdaptedTensor(from, shape)
        {
            Stored = side.Start is null ? null : Fit(side.Start, shape),
            Product = product,
            Tokens = side.Tokens is null ? null : (TokenRows(side.Tokens, shape), side.Tokens.Rows),
        };
    }

    private StoredTensor TokenRows(AdaptedTokens tokens, long[] shape)
    {
        if (tokens.Rows.FirstOrDefault(row => row >= shape[0], -1) is >= 0 and var absent)
            throw new KalmException($"{configPath}: trainable_token_indices: found {absent}, expected tokens below {shape[0]}");
        var module = TokenModule(tokens);
        return Required(
            tensors.Take(module.Core, AdapterPart.TokenRows),
            $"{module.Name}.token_adapter.trainable_tokens_delta", [tokens.Rows.Count, shape[1]]);
    }

    private Dictionary<string, AdaptedTokens> TokensByWeight()
    {
        var tokens = new Dictionary<string, AdaptedTokens>();
        foreach (var each in config.Tokens)
            if (!tokens.TryAdd(TokenModule(each).Weight, each))
                throw new KalmException(
                    $"{configPath}: trainable_token_indices: found {FileFault.Quote(each.Module ?? "")} twice, under two names");
        return tokens;
    }

    private AdapterModule TokenModule(AdaptedTokens tokens) =>
        modules.FirstOrDefault(module => module.IsEmbedding
            && (tokens.Module is null || module.Name.EndsWith(tokens.Module, StringComparison.Ordinal)))
        ?? modules.FirstOrDefault(module => module.IsHead && module.Name.EndsWith(tokens.Module!, StringComparison.Ordinal))
        ?? throw new KalmException(
            $"{configPath}: trainable_token_indices: found {FileFault.Quote(tokens.Module!)}, expected the embedding or the output layer");

    // Both saved, and the same: they stay one.
    private bool IsSame(AdaptedTensor? first, AdaptedTensor? second) =>
        first is { Stored: { } one, Product: null, Tokens: null } && second is { Stored: { } other, Product: null, Tokens: null }
        && weights.AreEqual(one, other);
}
