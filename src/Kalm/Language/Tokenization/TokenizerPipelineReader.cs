namespace Kalm.Language.Tokenization;

/// <summary>Reads what tokenizer.json does around the model: normalizer, pre-tokenizer, post-processor and decoder. Each may be a Sequence
/// of supported parts.</summary>
internal static class TokenizerPipelineReader
{
    /// <summary>The definition with the steps of <paramref name="root"/>.</summary>
    /// <exception cref="KalmException">A step is not supported.</exception>
    public static TokenizerDefinition Apply(JsonPart root, TokenizerDefinition definition)
    {
        foreach (var (type, part) in Steps(root, "normalizer", "normalizers"))
        {
            if (type != "NFC")
                throw Unsupported(part, type, "null, NFC");
            definition = definition with { ComposesCharacters = true };
        }

        definition = ReadSplitting(root, definition);

        foreach (var (type, part) in Steps(root, "post_processor", "processors"))
        {
            if (type == "TemplateProcessing")
                definition = definition with { BeginId = ReadTemplate(part, definition) };
            else if (type != "ByteLevel") // ByteLevel only moves the offsets of tokens, which we do not give.
                throw Unsupported(part, type, "null, ByteLevel, TemplateProcessing");
        }

        var decoders = Steps(root, "decoder", "decoders");
        if (decoders.Count != 1 || decoders[0].Type != "ByteLevel")
            throw Unsupported(root with { Place = "decoder" }, TypesOf(decoders), "one ByteLevel");
        return definition;
    }

    private static TokenizerDefinition ReadSplitting(JsonPart root, TokenizerDefinition definition)
    {
        var steps = Steps(root, "pre_tokenizer", "pretokenizers");
        foreach (var (type, part) in steps)
            if (type != "ByteLevel")
                throw Unsupported(part, type, "ByteLevel");
        // Applied twice, ByteLevel would spell the bytes of its own letters.
        if (steps.Count != 1)
            throw Unsupported(root with { Place = "pre_tokenizer" }, TypesOf(steps), "one ByteLevel");
        var byteLevel = steps[0].Part;
        return definition with
        {
            AddsPrefixSpace = byteLevel.FindFlag("add_prefix_space") ?? throw byteLevel.Fault("'add_prefix_space' is missing"),
            FirstWordLength = byteLevel.FindFlag("use_regex") ?? true ? WordSplitter.Gpt2 : WordSplitter.WholeText,
        };
    }

    /// <summary>The token that a template puts before a text; anything else in a template is refused.</summary>
    private static int? ReadTemplate(JsonPart template, TokenizerDefinition definition)
    {
        int? begin = null;
        var seesText = false;
        foreach (var item in template.Require("single").Items())
        {
            if (item.FindObject("Sequence") is not null && !seesText)
                seesText = true;
            else if (item.FindObject("SpecialToken") is { } special && !seesText && begin is null)
                begin = ReadTemplateToken(template, special.Require("id").Text(), definition);
            else
                throw item.Fault($"found {item.Shown}; supported: one token before the text and none after it");
        }
        return seesText ? begin : throw template.Fault("single has no text in it; expected a Sequence");
    }

    private static int ReadTemplateToken(JsonPart template, string name, TokenizerDefinition definition)
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

    private static List<(string Type, JsonPart Part)> Steps(JsonPart root, string name, string listName)
    {
        var steps = new List<(string, JsonPart)>();
        if (root.FindObject(name) is { } part)
            Collect(part);
        return steps;

        // The JSON parser bounds the depth.
        void Collect(JsonPart step)
        {
            var type = step.Require("type").Text();
            if (type != "Sequence")
            {
                steps.Add((type, step));
                return;
            }
            foreach (var inner in step.Require(listName).Items())
                Collect(inner);
        }
    }

    private static string TypesOf(List<(string Type, JsonPart Part)> steps) =>
        steps.Count == 0 ? "none" : string.Join(" + ", steps.Select(step => step.Type));

    private static KalmException Unsupported(JsonPart part, string found, string supported) =>
        part.Fault($"found {found}; supported: {supported}");
}
