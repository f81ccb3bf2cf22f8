using System.Text;

namespace Kalm.Language.Generation.Grammar;

/// <summary>A set of Unicode characters, none of them half of a surrogate pair. Immutable.</summary>
internal sealed class CharacterSet
{
    private const int Last = 0x10FFFF;
    private const string Short = "\b\f\n\r\t\"\\";
    private const string ShortNames = "bfnrt\"\\";

    // No byte to three that go on, whichever they are.
    private static readonly GrammarNode[] AnyTail = MakeAnyTail();
    private readonly List<(int First, int Last)> ranges = [];

    private CharacterSet(IEnumerable<(int First, int Last)> parts)
    {
        foreach (var (first, last) in parts.SelectMany(WithoutSurrogates).Order())
            if (ranges.Count > 0 && first <= ranges[^1].Last + 1)
                ranges[^1] = (ranges[^1].First, Math.Max(ranges[^1].Last, last));
            else
                ranges.Add((first, last));
    }

    /// <summary>Every character.</summary>
    public static CharacterSet All { get; } = Of((0, Last));

    /// <summary>Whether it holds none.</summary>
    public bool IsEmpty => ranges.Count == 0;

    /// <summary>Its one character; null when it holds none or more.</summary>
    public int? Single => ranges.Count == 1 && ranges[0].First == ranges[0].Last ? ranges[0].First : null;

    /// <summary>The characters from a first to a last, both included, of each range.</summary>
    public static CharacterSet Of(params (int First, int Last)[] ranges) => new(ranges);

    /// <summary>The characters of several sets.</summary>
    public static CharacterSet Union(IEnumerable<CharacterSet> sets) => new(sets.SelectMany(set => set.ranges));

    /// <summary>The characters that it does not hold.</summary>
    public CharacterSet Negated()
    {
        var ends = ranges.Select(range => range.First - 1).Append(Last);
        return new(ranges.Select(range => range.Last + 1).Prepend(0).Zip(ends).Where(range => range.First <= range.Second));
    }

    /// <summary>A character as it is written within the quotes of a JSON string: in the shortest way.</summary>
    public static string Spell(int character) =>
        character < 0x80 && Short.IndexOf((char)character, StringComparison.Ordinal) is var at and >= 0 ? $"\\{ShortNames[at]}"
        : IsControl(character) ? $"\\u{character:x4}" : char.ConvertFromUtf32(character);

    /// <summary>One of its characters, spelled as <see cref="Spell"/> does; the set holds one or more.</summary>
    public GrammarNode ToGrammar()
    {
        if (Single is { } single)
            return LiteralNode.Of(Spell(single));
        var next = new GrammarNode?[256];
        for (var character = 0; character < 0x80; character++)
            if (Holds(character))
                Add(next, Encoding.UTF8.GetBytes(Spell(character)));
        Within(0x80, 0x7FF).AddLeads(next, 0xC0, 32, 0, 6);
        Within(0x800, 0xFFFF).AddLeads(next, 0xE0, 16, 0, 12);
        Within(0x10000, Last).AddLeads(next, 0xF0, 8, 0, 18);
        return new BranchNode(next);
    }

    private static bool IsControl(int character) => character is < 0x20 or 0x7F;

    private static IEnumerable<(int First, int Last)> WithoutSurrogates((int First, int Last) range) =>
        new[] { (range.First, Last: Math.Min(range.Last, 0xD7FF)), (First: Math.Max(range.First, 0xE000), range.Last) }
            .Where(part => part.First <= part.Last);

    private static void Add(GrammarNode?[] next, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == 1)
        {
            next[bytes[0]] = BranchNode.Nothing;
            return;
        }
        var branch = next[bytes[0]] as BranchNode ?? new BranchNode(new GrammarNode?[256]);
        next[bytes[0]] = branch;
        Add(branch.Next, bytes[1..]);
    }

    private static GrammarNode[] MakeAnyTail()
    {
        var tail = ByteNode.Between(0x80, 0xBF);
        return [BranchNode.Nothing, tail, new SequenceNode(tail, tail), new SequenceNode(tail, tail, tail)];
    }

    // Bytes of a mark and more bits, and those that go on behind them, six bits each.
    private void AddLeads(GrammarNode?[] next, int mark, int count, int first, int bits)
    {
        for (var index = 0; index < count; index++)
            next[mark + index] ??= Tail(first + (index << bits), bits);
    }

    private GrammarNode? Tail(int first, int bits)
    {
        var held = ranges.Sum(range => Math.Max(0, Math.Min(range.Last, first + (1 << bits) - 1) - Math.Max(range.First, first) + 1));
        if (held == 0 || held == 1 << bits)
            return held == 0 ? null : AnyTail[bits / 6];
        var next = new GrammarNode?[256];
        AddLeads(next, 0x80, 64, first, bits - 6);
        return new BranchNode(next);
    }

    private CharacterSet Within(int first, int last) => new(ranges.Select(range =>
        (First: Math.Max(range.First, first), Last: Math.Min(range.Last, last))).Where(range => range.First <= range.Last));

    private bool Holds(int character) => ranges.Exists(range => range.First <= character && character <= range.Last);
}
