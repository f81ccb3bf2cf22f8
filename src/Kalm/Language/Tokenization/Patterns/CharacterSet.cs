using System.Globalization;
using System.Text;

namespace Kalm.Language.Tokenization.Patterns;

/// <summary>A set of code points: general categories, ranges and other sets. Unlike the classes of .NET's regular expressions, which match
/// UTF-16 units, it holds the letters and digits beyond U+FFFF too.</summary>
internal sealed class CharacterSet
{
    private const int PageSize = 256;

    private readonly uint _categories;
    private readonly (int First, int Last)[] _ranges;
    private readonly CharacterSet[] _parts;
    private readonly CharacterSet? _narrower;
    private readonly bool _negated;
    private readonly bool _ignoresCase;
    private readonly ulong _low, _high;
    // What has been decided of the characters up to U+FFFF, a page at a time.
    private readonly ulong[]?[] _pages = new ulong[]?[0x10000 / PageSize];

    private CharacterSet(Builder content, CharacterSet? narrower, bool negated, bool ignoresCase)
    {
        (_categories, _ranges, _parts) = (content.Categories, [.. content.Ranges], [.. content.Parts]);
        (_narrower, _negated, _ignoresCase) = (narrower, negated, ignoresCase);
        for (var value = 0; value < 128; value++)
            if (Decide(new Rune(value)))
                (_low, _high) = value < 64 ? (_low | (1ul << value), _high) : (_low, _high | (1ul << (value - 64)));
    }

    /// <summary>Whether the set holds <paramref name="rune"/>.</summary>
    public bool Contains(Rune rune) => rune.Value > 0xFFFF ? Decide(rune) : Contains((char)rune.Value);

    /// <summary>Whether the set holds a character up to U+FFFF, which is no half of a surrogate pair.</summary>
    public bool Contains(char unit)
    {
        if (unit < 128)
            return (((unit < 64 ? _low : _high) >> (unit & 63)) & 1) != 0;
        var page = _pages[unit / PageSize] ??= DecidePage(unit / PageSize);
        return ((page[unit % PageSize / 64] >> (unit % 64)) & 1) != 0;
    }

    private ulong[] DecidePage(int number)
    {
        var page = new ulong[PageSize / 64];
        for (var offset = 0; offset < PageSize; offset++)
            if (Rune.TryCreate((number * PageSize) + offset, out var rune) && Decide(rune))
                page[offset / 64] |= 1ul << (offset % 64);
        return page;
    }

    private bool Decide(Rune rune) =>
        _negated != ((Holds(rune) || (_ignoresCase && HoldsOtherCase(rune))) && _narrower?.Contains(rune) != false);

    private bool HoldsOtherCase(Rune rune)
    {
        // The long s and the Kelvin sign are the only letters outside ASCII whose other case is within it.
        var letter = rune.Value switch { 0x17F => new Rune('s'), 0x212A => new Rune('k'), _ => rune };
        return Holds(Rune.ToLowerInvariant(letter)) || Holds(Rune.ToUpperInvariant(letter)) || rune.Value switch
        {
            's' or 'S' => Holds(new Rune(0x17F)),
            'k' or 'K' => Holds(new Rune(0x212A)),
            _ => false,
        };
    }

    private bool Holds(Rune rune)
    {
        foreach (var (first, last) in _ranges)
            if (rune.Value >= first && rune.Value <= last)
                return true;
        if (_categories != 0 && ((_categories >> (int)Rune.GetUnicodeCategory(rune)) & 1) != 0)
            return true;
        foreach (var part in _parts)
            if (part.Contains(rune))
                return true;
        return false;
    }

    /// <summary>Gathers what a class such as <c>[^\s\p{L}]</c> names.</summary>
    internal sealed class Builder
    {
        /// <summary>The general categories, a bit each in the order of <see cref="UnicodeCategory"/>.</summary>
        public uint Categories { get; private set; }

        /// <summary>The ranges of code points.</summary>
        public List<(int First, int Last)> Ranges { get; } = [];

        /// <summary>The sets within the set.</summary>
        public List<CharacterSet> Parts { get; } = [];

        /// <summary>Adds the code points from <paramref name="first"/> to <paramref name="last"/>.</summary>
        public void Add(int first, int last) => Ranges.Add((first, last));

        /// <summary>Adds what another set holds.</summary>
        public void Add(CharacterSet set) => Parts.Add(set);

        /// <summary>Adds general categories.</summary>
        public void AddCategories(uint mask) => Categories |= mask;

        /// <summary>The set.</summary>
        /// <param name="negated">Whether it holds what is not named.</param>
        /// <param name="ignoresCase">Whether it holds the other case of what is named too.</param>
        /// <param name="narrower">Another set that has to hold a character as well, or null.</param>
        public CharacterSet Build(bool negated = false, bool ignoresCase = false, CharacterSet? narrower = null) =>
            new(this, narrower, negated, ignoresCase);
    }
}
