namespace Kalm.Language.Tokenization;

/// <summary>Reads the TemplateProcessing part of tokenizer.json: the tokens around a text.</summary>
internal static class TemplateReader
{
    /// <summary>The definition with the tokens before a text, and with the last one after it as the end token. Encoding adds
    /// neither.</summary>
    /// <exception cref="KalmException">The template is no sequence of tokens and one text.</exception>
    public static TokenizerDefinition Apply(JsonPart template, TokenizerDefinition definition)
    {
        var begin = new List<int>();
        int? end = null;
        var seesText = false;
        foreach (var item in template.Require("single").Items())
        {
            if (item.FindObject("Sequence") is not null && !seesText)
                seesText = true;
            else if (item.FindObject("SpecialToken") is not { } special)
                throw item.Fault($"found {item.Shown}; supported: tokens and one text");
            else if (seesText)
                end = ReadTokens(template, special.Require("id").Text(), definition)[^1];
            else
                begin.AddRange(ReadTokens(template, special.Require("id").Text(), definition));
        }
        return seesText ? definition with { BeginIds = begin, EndId = end }
            : throw template.Fault("single has no text in it; expected a Sequence");
    }

    /// <summary>The definition with the tokens that BERT's and RoBERTa's processors put around a text: <c>cls</c> and <c>sep</c>.</summary>
    public static TokenizerDefinition ApplyPair(JsonPart part, TokenizerDefinition definition)
    {
        return definition with { BeginId = Read("cls"), EndId = Read("sep") };

        int Read(string name)
        {
            var pair = part.Require(name).Items().ToList();
            if (pair.Count != 2)
                throw part.Fault($"{name} has {pair.Count} items; expected a token and its id");
            return CheckedId(pair[1], pair[0].Text(), definition);
        }
    }

    private static List<int> ReadTokens(JsonPart template, string name, TokenizerDefinition definition)
    {
        var token = template.FindObject("special_tokens")?.FindObject(name) ?? throw template.Fault($"special_tokens lacks '{name}'");
        var ids = token.Require("ids").Items().Select(id => CheckedId(id, name, definition)).ToList();
        return ids.Count > 0 ? ids : throw token.Fault("has no ids");
    }

    private static int CheckedId(JsonPart part, string name, TokenizerDefinition definition)
    {
        var id = part.IdOf(part.Value, name);
        var exists = definition.AddedTokens.Any(added => added.Id == id)
            || (id < definition.Pieces.Count && definition.Pieces[id] is not null);
        return exists ? id : throw part.Fault($"no token has the id {id}");
    }
}
