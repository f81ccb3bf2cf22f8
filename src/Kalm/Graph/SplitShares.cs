using System.Globalization;

namespace Kalm.Graph;

/// <summary>The shares of the triples that go to each split.</summary>
/// <param name="Train">Above 0.</param>
/// <param name="Valid">0 or more.</param>
/// <param name="Test">0 or more.</param>
public sealed record SplitShares(double Train, double Valid, double Test)
{
    /// <summary>What valid shares are, in words.</summary>
    public const string Expected = "three shares that sum to 1, the first above 0, such as 0.8,0.1,0.1, with inductive before them or "
        + "alone for unseen test entities, or none";

    private const string Inductive = "inductive";
    private const string Nothing = "none";
    private const double UsualShare = 0.1;
    // So many tell two models apart to half a hundredth of MRR; more would cost time and facts.
    private const int MostByDefault = 10_000;

    /// <summary>Holds nothing out: all triples of a graph that has only train stay there.</summary>
    public static SplitShares None { get; } = new(1, 0, 0);

    /// <summary>What learning and evaluation hold out where nothing else is said: of a graph that has only train a tenth for valid and a
    /// tenth for test, at most 10,000 triples each; of any other graph nothing.</summary>
    public static SplitShares Default { get; } = new(1 - (2 * UsualShare), UsualShare, UsualShare) { IsDefault = true };

    /// <summary>Whether the entities of valid and test are kept out of train.</summary>
    public bool IsInductive { get; init; }

    /// <summary>Whether these are <see cref="Default"/>, which are decided when the graph has been read.</summary>
    internal bool IsDefault { get; private init; }

    /// <summary>Whether something is held out.</summary>
    internal bool HoldsOut => Valid + Test > 0;

    // Decimal fractions do not sum to exactly 1 in binary.
    private const double Tolerance = 1e-6;

    private bool IsValid => Train > 0 && Valid >= 0 && Test >= 0 && Math.Abs(Train + Valid + Test - 1) <= Tolerance;

    /// <summary>Reads the shares of train, valid and test, separated by commas; null when they are not <see cref="Expected"/>.</summary>
    public static SplitShares? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text == Nothing)
            return None;
        var words = text.Split(',');
        var isInductive = words[0] == Inductive;
        if (isInductive && words.Length == 1)
            return Default with { IsDefault = false, IsInductive = true };
        if (isInductive)
            words = words[1..];
        var shares = new double[3];
        if (words.Length != shares.Length)
            return null;
        for (var index = 0; index < shares.Length; index++)
            if (!double.TryParse(words[index], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out shares[index]))
                return null;
        var parsed = new SplitShares(shares[0], shares[1], shares[2]) { IsInductive = isInductive };
        return parsed.IsValid ? parsed : null;
    }

    /// <summary>Checks the shares against each other.</summary>
    /// <exception cref="KalmException">They are not <see cref="Expected"/>.</exception>
    public SplitShares Validated() => IsValid ? this : throw new KalmException($"split: found {this}; expected {Expected}");

    /// <summary>The shares that the default comes to for a number of triples.</summary>
    internal static SplitShares DefaultOf(int triples)
    {
        var share = Math.Min(UsualShare, Math.Round((double)MostByDefault / triples, 6));
        return new SplitShares(Math.Round(1 - (2 * share), 6), share, share);
    }

    /// <summary>The shares as <see cref="Parse"/> reads them.</summary>
    public override string ToString() => this == None ? Nothing : string.Create(
        CultureInfo.InvariantCulture, $"{(IsInductive ? Inductive + "," : "")}{Train},{Valid},{Test}");
}
