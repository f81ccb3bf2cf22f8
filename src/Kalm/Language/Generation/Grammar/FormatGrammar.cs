namespace Kalm.Language.Generation.Grammar;

/// <summary>Strings of the formats that JSON Schema names, some of each: days up to the 28th, times in UTC, plain addresses.</summary>
internal static class FormatGrammar
{
    private static readonly GrammarNode Digit = ByteNode.Between('0', '9');
    private static readonly GrammarNode Hex = ByteNode.Of(value => value is >= '0' and <= '9' or >= 'a' and <= 'f');
    private static readonly GrammarNode Letter = ByteNode.Between('a', 'z');
    private static readonly GrammarNode LetterOrDigit = ByteNode.Of(value => value is >= '0' and <= '9' or >= 'a' and <= 'z');
    private static readonly GrammarNode Date = All(
        ByteNode.Between('1', '2'), Times(Digit, 3), "-",
        Any(All("0", ByteNode.Between('1', '9')), All("1", ByteNode.Between('0', '2'))), "-",
        Any(All("0", ByteNode.Between('1', '9')), All("1", Digit), All("2", ByteNode.Between('0', '8'))));
    private static readonly GrammarNode Time = All(
        Any(All(ByteNode.Between('0', '1'), Digit), All("2", ByteNode.Between('0', '3'))), ":", Sixty(), ":", Sixty(), "Z");
    private static readonly GrammarNode Host = All(
        Letter, new RepeatNode(LetterOrDigit, 0, 30), ".", new RepeatNode(Letter, 2, 6));
    private static readonly Dictionary<string, GrammarNode> Known = new()
    {
        ["date"] = Date, ["time"] = Time, ["date-time"] = All(Date, "T", Time),
        ["duration"] = All("P", new RepeatNode(Digit, 1, 4), "D"),
        ["uuid"] = All(Times(Hex, 8), "-", Times(Hex, 4), "-", Times(Hex, 4), "-", Times(Hex, 4), "-", Times(Hex, 12)),
        ["email"] = All(Letter, new RepeatNode(LetterOrDigit, 0, 30), "@", Host),
        ["hostname"] = Host,
        ["ipv4"] = All(Octet(), ".", Octet(), ".", Octet(), ".", Octet()),
        ["uri"] = All("https://", Host, new RepeatNode(All("/", new RepeatNode(LetterOrDigit, 1, 30)), 0, 8)),
    };

    /// <summary>The names of the formats.</summary>
    public static IEnumerable<string> Names => Known.Keys;

    /// <summary>A string of a format, without its quotes; null when it is not known.</summary>
    public static GrammarNode? Of(string format) => Known.GetValueOrDefault(format);

    private static SequenceNode Sixty() => All(ByteNode.Between('0', '5'), Digit);

    private static ChoiceNode Octet() => Any(
        Digit, All(ByteNode.Between('1', '9'), Digit), All("1", Times(Digit, 2)), All("2", ByteNode.Between('0', '4'), Digit),
        All("25", ByteNode.Between('0', '5')));

    private static RepeatNode Times(GrammarNode node, int count) => new(node, count, count);

    private static ChoiceNode Any(params GrammarNode[] ways) => new(ways);

    private static SequenceNode All(params object[] parts) =>
        new([.. parts.Select(part => part as GrammarNode ?? LiteralNode.Of((string)part))]);
}
