namespace Kalm.Language.Tokenization;

/// <summary>Reads the TemplateProcessing part of tokenizer.json: the tokens around a text.</summary>
internal static class TemplateReader
{
    /// <summary>The definition with the token before a text, and with the one after it as the end token. Encoding adds neither.</summary>
    /// <exception cref="KalmException">The template has more than that.</exception>
    public static TokenizerDefinition Apply(JsonPart template, TokenizerDefinition definition)
    {
        int? begin = null;
        int? end = null;
        var seesText = false;
        foreach (var item in template.Require("single").Items())
        {
            if (item.FindObject("Sequence") is not null && !seesText)
                seesText = true;
            else if (item.FindObject("SpecialToken") is { } special && (seesText ? end : begin) is null)
            {
                var id = ReadToken(template, special.Require("id").Text(), definition);
                if (seesText)
                    end = id;
                else
                    begin = id;
            }
            else
                throw item.Fault($"found {item.Shown}; supported: at most one token before the text and one after it");
        }
        return seesText ? definition with { BeginId = begin, EndId = end }
            : throw template.Fault("single has no text in it; expected a Sequence");
    }

    private static int ReadToken(JsonPart template, string name, TokenizerDefinition definition)
    {
        var token = template.FindObject("special_tokens")?.FindObject(name) ?? throw template.Fault($"special_tokens lacks '{name}'");
        var ids = token.Require("ids").Items().ToList();
        if (ids.Count != 1)
            throw token.Fault($"has {ids.Count} ids; supported: one");
        var id = ids[0].IdOf(ids[0].Value, name);
        var exists = definition.AddedTokens.Any(added => added.Id == id)
            || (id < definition.Pieces.Count && definition.Pieces[id] is not null);
        return exists ? id : throw token.Fault($"no token has the id {id}");
    }
}
