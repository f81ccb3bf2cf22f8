using System.Globalization;
using System.Text.Json.Nodes;

namespace Kalm.Language.Generation.Grammar;

/// <summary>Makes a grammar of a JSON Schema (2020-12, and what of draft 7 and OpenAPI 3.0 clients send).</summary>
internal sealed class JsonSchemaGrammar
{
    private const int Deepest = 200;
    private const int MostWays = 1000;
    private static readonly string[] Types = ["object", "array", "string", "number", "integer", "boolean", "null"];
    private readonly JsonNode? root;
    private readonly Dictionary<string, ReferenceNode> references = [];
    private int depth;

    private JsonSchemaGrammar(JsonNode? root) => this.root = root;

    /// <summary>The grammar of a schema.</summary>
    /// <exception cref="KalmException">The schema asks for what is not supported, or allows nothing; the message names the
    /// place.</exception>
    public static GrammarNode Compile(JsonNode? schema)
    {
        var compiler = new JsonSchemaGrammar(schema);
        var start = compiler.Value(schema, "#");
        GrammarChecks.RequireEnd(start, compiler.references);
        return start;
    }

    private GrammarNode Value(JsonNode? schema, string place)
    {
        if (++depth > Deepest)
            throw new KalmException($"{place}: found schemas within schemas, {Deepest} deep; expected fewer, none within itself");
        var node = ValueAt(schema, place);
        depth--;
        return node;
    }

    private GrammarNode ValueAt(JsonNode? schema, string place)
    {
        if (schema is JsonValue whole && whole.TryGetValue<bool>(out var isAny))
            return isAny ? JsonGrammar.AnyValue : throw new KalmException($"{place}: found false; expected a schema that allows a value");
        if (schema is not JsonObject words)
            throw new KalmException($"{place}: found {JsonGrammar.Spell(schema)}; expected a schema, an object");
        SchemaWords.RequireKnown(words, place);
        if (words["$ref"] is { } reference)
            return SchemaWords.HasRules(words, "$ref")
                ? Value(SchemaWords.Merged(words, "$ref", Target(reference, place), place), place) : Reference(reference, place);
        foreach (var word in (string[])["anyOf", "oneOf", "allOf"])
            if (words[word] is { } listed)
                return Alternatives(words, word, listed, place);
        if (words.ContainsKey("const"))
            return OneOf(Matching([words["const"]], words, place), $"{place}/const");
        var types = TypesOf(words, place);
        if (words["enum"] is { } values)
            return OneOf(Matching(SchemaWords.List(values, $"{place}/enum").Where(value => types.Contains(SchemaWords.TypeOf(value))
                || (SchemaWords.TypeOf(value) == "integer" && types.Contains("number"))), words, place), $"{place}/enum");
        return types.Count == Types.Length ? JsonGrammar.AnyValue : OneOf(types.Select(type => OfType(type, words, place)), place);
    }

    private GrammarNode Alternatives(JsonObject words, string word, JsonNode listed, string place)
    {
        var alternatives = SchemaWords.List(listed, $"{place}/{word}");
        if (word == "allOf" && alternatives.Count != 1)
            throw new KalmException($"{place}/allOf: found {alternatives.Count} schemas; expected one, or their rules in one schema");
        var resolved = alternatives.Select(Resolved).ToList();
        if (word == "oneOf")
            SchemaWords.RequireApart(resolved, $"{place}/oneOf");
        return OneOf(alternatives.Select((alternative, index) => SchemaWords.HasRules(words, word)
            ? Value(SchemaWords.Merged(words, word, resolved[index], place), $"{place}/{word}/{index}")
            : Value(alternative, $"{place}/{word}/{index}")), $"{place}/{word}");

        JsonNode? Resolved(JsonNode? alternative) => alternative is JsonObject own && own["$ref"] is { } reference
            && !SchemaWords.HasRules(own, "$ref") ? Target(reference, place) : alternative;
    }

    private static GrammarNode OneOf(IEnumerable<GrammarNode> ways, string place)
    {
        var all = ways.ToArray();
        return all.Length switch
        {
            0 => throw new KalmException($"{place}: found nothing that is allowed; expected a value or more"),
            > MostWays => throw new KalmException($"{place}: found {all.Length} ways; expected at most {MostWays}"),
            1 => all[0],
            _ => new ChoiceNode(all),
        };
    }

    // A schema that says nothing of types means the one that its rules are of, or all.
    private static List<string> TypesOf(JsonObject words, string place)
    {
        List<string> types = words["type"] switch
        {
            null => words.ContainsKey("enum") || SchemaWords.ImpliedType(words) is not { } implied ? [.. Types] : [implied],
            JsonArray several => [.. several.Select(type => SchemaWords.Text(type, $"{place}/type"))],
            var one => [SchemaWords.Text(one, $"{place}/type")],
        };
        if (types.Find(type => !Types.Contains(type)) is { } unknown)
            throw new KalmException($"{place}/type: found '{unknown}'; expected one of {string.Join(", ", Types)}");
        if (words["nullable"] is JsonValue nullable && nullable.TryGetValue<bool>(out var isNullable) && isNullable
            && !types.Contains("null"))
            types.Add("null");
        return types;
    }

    private GrammarNode OfType(string type, JsonObject words, string place) => type switch
    {
        "object" => Object(words, place),
        "array" => Array(words, place),
        "string" => Text(words, place),
        "number" or "integer" => Number(words, type == "integer", place),
        "boolean" => new ChoiceNode(LiteralNode.Of("true"), LiteralNode.Of("false")),
        _ => LiteralNode.Of("null"),
    };

    private GrammarNode Object(JsonObject words, string place)
    {
        var properties = words["properties"] switch
        {
            null => [],
            JsonObject declared => declared.ToList(),
            var other => throw new KalmException($"{place}/properties: found {JsonGrammar.Spell(other)}; expected an object"),
        };
        var required = words["required"] is { } names
            ? SchemaWords.List(names, $"{place}/required").Select(name => SchemaWords.Text(name, $"{place}/required")).ToHashSet() : [];
        var others = words["additionalProperties"];
        foreach (var name in required.Where(name => !properties.Exists(property => property.Key == name)))
            properties.Add(KeyValuePair.Create<string, JsonNode?>(name, others ?? JsonValue.Create(true)));
        if (properties.Count > MostWays)
            throw new KalmException($"{place}/properties: found {properties.Count}; expected at most {MostWays}");
        if (properties.Count == 0)
            return others is JsonValue closed && closed.TryGetValue<bool>(out var isOpen) && !isOpen
                ? LiteralNode.Of("{}")
                : others is null ? JsonGrammar.AnyObject : JsonGrammar.MapOf(Value(others, $"{place}/additionalProperties"));

        // What may stand behind the first so many properties: after another one with a comma, or as the first one.
        GrammarNode afterAnother = LiteralNode.Of("");
        GrammarNode? asFirst = null;
        for (var index = properties.Count - 1; index >= 0; index--)
        {
            var (name, schema) = properties[index];
            var member = new SequenceNode(
                LiteralNode.Of(JsonGrammar.Spell(name)), JsonGrammar.Colon, Value(schema, $"{place}/properties/{name}"));
            GrammarNode first = new SequenceNode(member, afterAnother);
            GrammarNode other = new SequenceNode(JsonGrammar.Comma, member, afterAnother);
            (asFirst, afterAnother) = required.Contains(name) ? (first, other)
                : (asFirst is null ? first : new ChoiceNode(first, asFirst), new ChoiceNode(other, afterAnother));
        }
        return JsonGrammar.Enclosed("{", asFirst!, "}", mayBeEmpty: required.Count == 0);
    }

    private GrammarNode Array(JsonObject words, string place)
    {
        var (least, most) = SchemaWords.Counts(words, "minItems", "maxItems", place);
        var first = words["prefixItems"] is { } prefix ? SchemaWords.List(prefix, $"{place}/prefixItems") : [];
        var isClosed = words["items"] is JsonValue items && items.TryGetValue<bool>(out var isOpen) && !isOpen;
        if (isClosed)
            most = Math.Min(most, first.Count);
        if (least > most)
            throw new KalmException($"{place}: found {least} items or more, at most {most}; expected a number that can be");
        if (most == 0)
            return LiteralNode.Of("[]");
        var item = isClosed ? null : words["items"] is { } schema ? Value(schema, $"{place}/items") : JsonGrammar.AnyValue;
        if (first.Count == 0)
            return JsonGrammar.Enclosed("[", JsonGrammar.Listed(item!, Math.Max(1, least), most), "]", mayBeEmpty: least == 0);

        var count = Math.Min(first.Count, most);
        GrammarNode rest = item is null || most <= first.Count ? LiteralNode.Of("") : new RepeatNode(
            new SequenceNode(JsonGrammar.Comma, item), Math.Max(0, least - first.Count),
            most == RepeatNode.Unbounded ? most : most - first.Count);
        for (var index = count - 1; index >= 0; index--)
        {
            var own = Value(first[index], $"{place}/prefixItems/{index}");
            rest = index == 0 ? new SequenceNode(own, rest) : new SequenceNode(JsonGrammar.Comma, own, rest);
            if (index >= least && index > 0)
                rest = new ChoiceNode(rest, LiteralNode.Of(""));
        }
        return JsonGrammar.Enclosed("[", rest, "]", mayBeEmpty: least == 0);
    }

    // Those of the values that are no texts, or match the pattern.
    private static IEnumerable<GrammarNode> Matching(IEnumerable<JsonNode?> values, JsonObject words, string place)
    {
        var pattern = words["pattern"] is null ? null : Text(words, place);
        return values
            .Where(value => pattern is null || SchemaWords.TypeOf(value) != "string" || PatternGrammar.Takes(pattern, (string)value!))
            .Select(value => LiteralNode.Of(JsonGrammar.Spell(value)));
    }

    private static GrammarNode Text(JsonObject words, string place)
    {
        var (least, most) = SchemaWords.Counts(words, "minLength", "maxLength", place);
        if (least > most)
            throw new KalmException($"{place}: found {least} characters or more, at most {most}; expected a length that can be");
        if (words["pattern"] is { } pattern)
            return words["format"] is null
                ? PatternGrammar.Of(SchemaWords.Text(pattern, $"{place}/pattern"), least, most, $"{place}/pattern")
                : throw new KalmException($"{place}/pattern: found 'format' beside it; expected one of them");
        if (words["format"] is not { } format)
            return JsonGrammar.TextOf(least, most);
        var name = SchemaWords.Text(format, $"{place}/format");
        if (least > 0 || most != RepeatNode.Unbounded)
            throw new KalmException($"{place}/format: found '{name}' beside a length; expected one of them");
        return FormatGrammar.Of(name) is { } known ? new SequenceNode(LiteralNode.Of("\""), known, LiteralNode.Of("\""))
            : throw new KalmException($"{place}/format: found '{name}'; expected one of {string.Join(", ", FormatGrammar.Names)}");
    }

    private static GrammarNode Number(JsonObject words, bool isWhole, string place)
    {
        var (least, most) = (SchemaWords.Bound(words, "minimum", "exclusiveMinimum", isLower: true, place),
            SchemaWords.Bound(words, "maximum", "exclusiveMaximum", isLower: false, place));
        return (isWhole ? NumberGrammar.Whole(least, most) : NumberGrammar.Decimal(least, most)) ?? throw new KalmException(
            $"{place}: found bounds with no number between them; expected a minimum that is no more than the maximum");
    }

    private ReferenceNode Reference(JsonNode reference, string place)
    {
        var pointer = SchemaWords.Text(reference, $"{place}/$ref");
        if (references.TryGetValue(pointer, out var known))
            return known;
        var node = new ReferenceNode();
        references.Add(pointer, node);
        node.Target = Value(Target(reference, place), pointer);
        return node;
    }

    private JsonNode? Target(JsonNode reference, string place)
    {
        var pointer = SchemaWords.Text(reference, $"{place}/$ref");
        var target = root;
        if (!pointer.StartsWith('#'))
            throw new KalmException($"{place}/$ref: found '{pointer}'; expected a place in this schema, such as #/$defs/name");
        foreach (var part in Uri.UnescapeDataString(pointer[1..]).Split('/').Skip(1))
        {
            var name = part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            target = target switch
            {
                JsonObject words => words[name],
                JsonArray list when int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at < list.Count =>
                    list[at],
                _ => null,
            };
        }
        return target ?? throw new KalmException($"{place}/$ref: found '{pointer}', which is not there; expected a place in this schema");
    }
}
