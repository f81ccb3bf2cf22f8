using System.Globalization;
using System.Text;

namespace Kalm.Language.Tokenization.Patterns;

/// <summary>A set of code points: general categories and ranges. Unlike the classes of .NET's regular expressions, which match UTF-16
/// units, it holds the letters and digits beyond U+FFFF too.</summary>
internal sealed class CharacterSet
{
    private readonly uint _categories;
    private readonly (int First, int Last)[] _ranges;
    private readonly bool _negated;
    private readonly bool _ignoresCase;
    private readonly UInt128 _ascii;

    private CharacterSet(uint categories, (int First, int Last)[] ranges, bool negated, bool ignoresCase)
    {
        (_categories, _ranges, _negated, _ignoresCase) = (categories, ranges, negated, ignoresCase);
        for (var value = 0; value < 128; value++)
            if (Decide(new Rune(value)))
                _ascii |= UInt128.One << value;
    }

    /// <summary>Whether the set holds <paramref name="rune"/>.</summary>
    public bool Contains(Rune rune) => rune.Value < 128 ? ((_ascii >> rune.Value) & 1) != 0 : Decide(rune);

    private bool Decide(Rune rune) => _negated != (Holds(rune) || (_ignoresCase && HoldsOtherCase(rune)));

    private bool HoldsOtherCase(Rune rune)
    {
        // The long s and the Kelvin sign are the only letters outside ASCII whose other case is within it.
        var letter = rune.Value switch { 0x17F => new Rune('s'), 0x212A => new Rune('k'), _ => rune };
        return Holds(Rune.ToLowerInvariant(letter)) || Holds(Rune.ToUpperInvariant(letter));
    }

    private bool Holds(Rune rune)
    {
        foreach (var (first, last) in _ranges)
            if (rune.Value >= first && rune.Value <= last)
                return true;
        return _categories != 0 && ((_categories >> (int)Rune.GetUnicodeCategory(rune)) & 1) != 0;
    }

    /// <summary>Gathers what a class such as <c>[^\s\p{L}]</c> names.</summary>
    internal sealed class Builder
    {
        private const uint All = (1u << 30) - 1;
        private const uint Separators = (1u << (int)UnicodeCategory.SpaceSeparator) | (1u << (int)UnicodeCategory.LineSeparator)
            | (1u << (int)UnicodeCategory.ParagraphSeparator);
        private const uint Controls = 1u << (int)UnicodeCategory.Control;

        private static readonly string[] CategoryNames =
        [
            "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe",
            "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
        ];

        private readonly List<(int First, int Last)> _ranges = [];
        private uint _categories;

        /// <summary>Adds the code points from <paramref name="first"/> to <paramref name="last"/>.</summary>
        public void Add(int first, int last) => _ranges.Add((first, last));

        /// <summary>Adds a general category such as <c>L</c> or <c>Lu</c>, or all others; false when there is none of that name.</summary>
        public bool TryAddCategory(string name, bool others)
        {
            var mask = 0u;
            for (var category = 0; category < CategoryNames.Length; category++)
                if (CategoryNames[category] == name || (name.Length == 1 && CategoryNames[category][0] == name[0]))
                    mask |= 1u << category;
            _categories |= others ? All & ~mask : mask;
            return mask != 0;
        }

        /// <summary>Adds Unicode's White_Space, or all others.</summary>
        public void AddBlanks(bool others)
        {
            _categories |= others ? All & ~Separators & ~Controls : Separators;
            (int, int)[] controls = others ? [(0, 8), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F)] : [(9, 0x0D), (0x85, 0x85)];
            _ranges.AddRange(controls);
        }

        /// <summary>The set.</summary>
        public CharacterSet Build(bool negated, bool ignoresCase) => new(_categories, [.. _ranges], negated, ignoresCase);
    }
}
