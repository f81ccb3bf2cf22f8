using System.Globalization;
using System.Numerics;

namespace Kalm.Language.Generation.Grammar;

/// <summary>Numbers of JSON within bounds, without leading zeros.</summary>
internal static class NumberGrammar
{
    private const int MostDigits = 15;
    private const int MostDecimals = 12;
    private static readonly BigInteger Largest = BigInteger.Pow(10, MostDigits) - 1;
    private static readonly GrammarNode Digit = ByteNode.Between('0', '9');

    /// <summary>Any whole number of at most 15 digits.</summary>
    public static GrammarNode AnyWhole { get; } = new SequenceNode(
        Optional(LiteralNode.Of("-")),
        new ChoiceNode(LiteralNode.Of("0"), new SequenceNode(ByteNode.Between('1', '9'), new RepeatNode(Digit, 0, MostDigits - 1))));

    /// <summary>Any number of at most 15 digits before the point and behind it, and two of an exponent.</summary>
    public static GrammarNode Any { get; } = new SequenceNode(
        AnyWhole, Optional(new SequenceNode(LiteralNode.Of("."), new RepeatNode(Digit, 1, MostDigits))),
        Optional(new SequenceNode(
            ByteNode.Of(value => value is 'e' or 'E'), Optional(ByteNode.Of(value => value is '+' or '-')), new RepeatNode(Digit, 1, 2))));

    /// <summary>A whole number within bounds; null when there is none.</summary>
    public static GrammarNode? Whole(NumberBound? least, NumberBound? most)
    {
        if (least is null && most is null)
            return AnyWhole;
        var (low, high) = (Low(least, 0), High(most, 0));
        var ways = new List<GrammarNode>();
        if (low < 0 && low <= high)
            ways.Add(new SequenceNode(LiteralNode.Of("-"), Natural(BigInteger.Max(1, -high), -low)));
        if (high >= 0 && low <= high)
            ways.Add(Natural(BigInteger.Max(0, low), high));
        return ways.Count == 0 ? null : new ChoiceNode([.. ways]);
    }

    /// <summary>A number within bounds, with a few more decimals than they have; null when there is none.</summary>
    public static GrammarNode? Decimal(NumberBound? least, NumberBound? most)
    {
        if (least is null && most is null)
            return Any;
        var decimals = Math.Min(Math.Max(least?.Value.Scale ?? 0, most?.Value.Scale ?? 0) + 2, MostDecimals);
        var (low, high) = (Low(least, decimals), High(most, decimals));
        var ways = new List<GrammarNode>();
        if (low < 0 && low <= high)
            ways.Add(new SequenceNode(LiteralNode.Of("-"), Fixed(BigInteger.Max(1, -high), -low, decimals)));
        if (high >= 0 && low <= high)
            ways.Add(Fixed(BigInteger.Max(0, low), high, decimals));
        return ways.Count == 0 ? null : new ChoiceNode([.. ways]);
    }

    private static ChoiceNode Optional(GrammarNode node) => new(LiteralNode.Of(""), node);

    // The least and the most number of units of 10^-decimals.
    private static BigInteger Low(NumberBound? bound, int decimals)
    {
        var scale = BigInteger.Pow(10, decimals);
        if (bound is not { } given)
            return -Largest * scale;
        var (whole, isExact) = Units(given, scale);
        return BigInteger.Max(-Largest * scale, isExact && !given.IsExclusive ? whole : whole + 1);
    }

    private static BigInteger High(NumberBound? bound, int decimals)
    {
        var scale = BigInteger.Pow(10, decimals);
        if (bound is not { } given)
            return Largest * scale;
        var (whole, isExact) = Units(given, scale);
        return BigInteger.Min(Largest * scale, isExact && given.IsExclusive ? whole - 1 : whole);
    }

    // Rounded down, and whether nothing was lost.
    private static (BigInteger Whole, bool IsExact) Units(NumberBound bound, BigInteger scale)
    {
        var digits = BigInteger.Parse(
            bound.Value.ToString(CultureInfo.InvariantCulture).Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        var whole = BigInteger.DivRem(digits * scale, BigInteger.Pow(10, bound.Value.Scale), out var rest);
        return (rest.Sign < 0 ? whole - 1 : whole, rest.IsZero);
    }

    private static ChoiceNode Natural(BigInteger low, BigInteger high)
    {
        var ways = new List<GrammarNode>();
        for (var digits = Text(low).Length; digits <= Text(high).Length; digits++)
        {
            var first = digits == 1 ? BigInteger.Zero : BigInteger.Pow(10, digits - 1);
            ways.Add(Digits(Text(BigInteger.Max(low, first)), Text(BigInteger.Min(high, BigInteger.Pow(10, digits) - 1))));
        }
        return new ChoiceNode([.. ways]);
    }

    // Numbers of units from low to high, the point before their last digits.
    private static ChoiceNode Fixed(BigInteger low, BigInteger high, int decimals)
    {
        var scale = BigInteger.Pow(10, decimals);
        var (first, last) = (BigInteger.DivRem(low, scale, out var from), BigInteger.DivRem(high, scale, out var to));
        var (zeros, nines) = (new string('0', decimals), new string('9', decimals));
        if (first == last)
            return new ChoiceNode([
                Behind(first, Pad(from), Pad(to)),
                .. from.IsZero ? (GrammarNode[])[LiteralNode.Of(Text(first))] : [],
            ]);
        List<GrammarNode> ways = [LiteralNode.Of(Text(last)), Behind(last, zeros, Pad(to))];
        var whole = from.IsZero ? first : first + 1;
        if (!from.IsZero)
            ways.Add(Behind(first, Pad(from), nines));
        if (whole < last)
            ways.Add(new SequenceNode(Natural(whole, last - 1),
                Optional(new SequenceNode(LiteralNode.Of("."), new RepeatNode(Digit, 1, decimals)))));
        return new ChoiceNode([.. ways]);

        string Pad(BigInteger rest) => Text(rest).PadLeft(decimals, '0');

        static SequenceNode Behind(BigInteger whole, string low, string high) =>
            new(LiteralNode.Of($"{Text(whole)}."), Digits(low, high));
    }

    // Digits of one length, from low to high.
    private static GrammarNode Digits(string low, string high)
    {
        if (low.Length == 0)
            return LiteralNode.Of("");
        var rest = low.Length - 1;
        if (low[0] == high[0])
            return new SequenceNode(LiteralNode.Of(low[..1]), Digits(low[1..], high[1..]));
        List<GrammarNode> ways =
        [
            new SequenceNode(LiteralNode.Of(low[..1]), Digits(low[1..], new string('9', rest))),
            new SequenceNode(LiteralNode.Of(high[..1]), Digits(new string('0', rest), high[1..])),
        ];
        if (high[0] - low[0] > 1)
            ways.Add(new SequenceNode(ByteNode.Between(low[0] + 1, high[0] - 1), new RepeatNode(Digit, rest, rest)));
        return new ChoiceNode([.. ways]);
    }

    private static string Text(BigInteger number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A bound of numbers.</summary>
/// <param name="Value">The bound.</param>
/// <param name="IsExclusive">Whether it is itself out of bounds.</param>
internal readonly record struct NumberBound(decimal Value, bool IsExclusive);
