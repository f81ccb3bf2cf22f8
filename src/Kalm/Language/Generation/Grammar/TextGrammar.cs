using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kalm.Language.Generation.Grammar;

/// <summary>What a written text must be, whole or cut short: a grammar over its bytes, run as a machine with a stack. Immutable.</summary>
public sealed class TextGrammar
{
    private TextGrammar(GrammarNode start) => Start = start;

    /// <summary>A JSON object of any kind; between values stand at most a line break and twenty spaces.</summary>
    public static TextGrammar AnyObject { get; } = new(JsonGrammar.AnyObject);

    /// <summary>Where it starts.</summary>
    internal GrammarNode Start { get; }

    /// <summary>The JSON values that a JSON Schema allows, or some of them: of an object with declared properties those alone are
    /// written, in the order of the schema; strings hold no <c>\u</c> escapes of surrogates, those with a pattern none that could be
    /// spared; numbers have at most 15 digits before the point.</summary>
    /// <param name="schema">The schema: types, enum, const, properties, required, additionalProperties, items, prefixItems, their bounds,
    /// anyOf, oneOf of alternatives that exclude each other, allOf of one, $ref within the schema, common formats, patterns without
    /// look-around and back-references.</param>
    /// <exception cref="KalmException">It asks for something else, allows nothing, or is no schema; the message names the
    /// place.</exception>
    public static TextGrammar OfSchema(JsonElement schema)
    {
        try
        {
            return new(JsonSchemaGrammar.Compile(JsonNode.Parse(schema.GetRawText())));
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or JsonException)
        {
            throw new KalmException($"the schema is none: {error.Message}", error);
        }
    }

    /// <summary>One of several calls: <c>{"name": NAME, "arguments": ARGUMENTS}</c>.</summary>
    /// <param name="functions">The names, and the schema of each one's arguments; null for any object.</param>
    /// <exception cref="KalmException">As for <see cref="OfSchema"/>.</exception>
    public static TextGrammar OfCalls(IEnumerable<(string Name, JsonElement? Arguments)> functions) => new(new ChoiceNode([
        .. functions.Select(function => (GrammarNode)new SequenceNode(
            LiteralNode.Of($"{{\"name\": {JsonGrammar.Spell(function.Name)}, \"arguments\": "),
            function.Arguments is { } schema ? OfSchema(schema).Start : JsonGrammar.AnyObject, LiteralNode.Of("}")))]));
}
