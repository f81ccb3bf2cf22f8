using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kalm.Language.Generation.Grammar;

/// <summary>The parts that JSON is made of (RFC 8259).</summary>
internal static class JsonGrammar
{
    private const int DeepestIndent = 20;
    private static readonly JsonSerializerOptions Spelling = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Nothing, a space, or a new line.</summary>
    public static GrammarNode Space { get; } = new ChoiceNode(
        LiteralNode.Of(""), LiteralNode.Of(" "),
        new SequenceNode(LiteralNode.Of("\n"), new RepeatNode(LiteralNode.Of(" "), 0, DeepestIndent)));

    /// <summary>One character of a string.</summary>
    public static GrammarNode Character { get; } = MakeCharacter();

    /// <summary>A string of any length.</summary>
    public static GrammarNode Text { get; } = TextOf(0, RepeatNode.Unbounded);

    /// <summary>Any value.</summary>
    public static GrammarNode AnyValue { get; } = MakeAny();

    /// <summary>Any object.</summary>
    public static GrammarNode AnyObject { get; } = MapOf(AnyValue);

    /// <summary>A value as it is written.</summary>
    public static string Spell(JsonNode? value) => value?.ToJsonString(Spelling) ?? "null";

    /// <summary>A string of so many characters, counted as code points.</summary>
    public static GrammarNode TextOf(int least, int most) =>
        new SequenceNode(LiteralNode.Of("\""), new RepeatNode(Character, least, most), LiteralNode.Of("\""));

    /// <summary>An object with any keys.</summary>
    public static GrammarNode MapOf(GrammarNode value) => Enclosed("{", Listed(new SequenceNode(Text, Colon, value), 1,
        RepeatNode.Unbounded), "}", mayBeEmpty: true);

    /// <summary>Items with commas between them.</summary>
    public static GrammarNode Listed(GrammarNode item, int least, int most) => new SequenceNode(
        item, new RepeatNode(new SequenceNode(Comma, item), least - 1, most == RepeatNode.Unbounded ? most : most - 1));

    /// <summary>What stands between two brackets.</summary>
    public static GrammarNode Enclosed(string open, GrammarNode inner, string close, bool mayBeEmpty)
    {
        var filled = new SequenceNode(Space, inner, Space, LiteralNode.Of(close));
        return new SequenceNode(LiteralNode.Of(open), mayBeEmpty ? new ChoiceNode(filled, LiteralNode.Of(close)) : filled);
    }

    /// <summary>A comma and what may follow it.</summary>
    public static GrammarNode Comma => Separators.Comma;

    /// <summary>A colon and what may follow it.</summary>
    public static GrammarNode Colon => Separators.Colon;

    private static ReferenceNode MakeAny()
    {
        var any = new ReferenceNode();
        any.Target = new ChoiceNode(
            MapOf(any), Enclosed("[", Listed(any, 1, RepeatNode.Unbounded), "]", mayBeEmpty: true), Text, NumberGrammar.Any,
            LiteralNode.Of("true"), LiteralNode.Of("false"), LiteralNode.Of("null"));
        return any;
    }

    private static ChoiceNode MakeCharacter()
    {
        var tail = ByteNode.Between(0x80, 0xBF);
        return new ChoiceNode(
            ByteNode.Of(value => value is >= 0x20 and < 0x7F and not '"' and not '\\'),
            new SequenceNode(LiteralNode.Of("\\"), ByteNode.Of(value => value < 0x80 && "\"\\/bfnrt".Contains((char)value))),
            // No half of a surrogate pair begins otherwise than with d.
            new SequenceNode(LiteralNode.Of("\\u"), Hex(withD: false), Hex(), Hex(), Hex()),
            new SequenceNode(ByteNode.Between(0xC2, 0xDF), tail),
            new SequenceNode(LiteralByte(0xE0), ByteNode.Between(0xA0, 0xBF), tail),
            new SequenceNode(ByteNode.Of(value => value is >= 0xE1 and <= 0xEF and not 0xED), tail, tail),
            new SequenceNode(LiteralByte(0xED), ByteNode.Between(0x80, 0x9F), tail),
            new SequenceNode(LiteralByte(0xF0), ByteNode.Between(0x90, 0xBF), tail, tail),
            new SequenceNode(ByteNode.Between(0xF1, 0xF3), tail, tail, tail),
            new SequenceNode(LiteralByte(0xF4), ByteNode.Between(0x80, 0x8F), tail, tail));

        static LiteralNode LiteralByte(byte value) => new([value]);
    }

    private static ByteNode Hex(bool withD = true) =>
        ByteNode.Of(value => value < 0x80 && char.IsAsciiHexDigit((char)value) && (withD || (char)value is not ('d' or 'D')));

    private static class Separators
    {
        public static readonly GrammarNode Comma = new SequenceNode(LiteralNode.Of(","), Space);
        public static readonly GrammarNode Colon = new SequenceNode(LiteralNode.Of(":"), new RepeatNode(LiteralNode.Of(" "), 0, 1));
    }
}
