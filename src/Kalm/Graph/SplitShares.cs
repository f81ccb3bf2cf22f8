using System.Globalization;

namespace Kalm.Graph;

/// <summary>The shares of the triples that go to each split.</summary>
/// <param name="Train">Above 0.</param>
/// <param name="Valid">0 or more.</param>
/// <param name="Test">0 or more.</param>
public sealed record SplitShares(double Train, double Valid, double Test)
{
    /// <summary>What valid shares are, in words.</summary>
    public const string Expected = "three shares that sum to 1, the first above 0, such as 0.8,0.1,0.1, with inductive before them or alone for unseen test entities";

    private const string Inductive = "inductive";
    private static readonly SplitShares Usual = new(0.8, 0.1, 0.1);

    /// <summary>Whether the entities of valid and test are kept out of train.</summary>
    public bool IsInductive { get; init; }

    // Decimal fractions do not sum to exactly 1 in binary.
    private const double Tolerance = 1e-6;

    private bool IsValid => Train > 0 && Valid >= 0 && Test >= 0 && Math.Abs(Train + Valid + Test - 1) <= Tolerance;

    /// <summary>Reads the shares of train, valid and test, separated by commas; null when they are not <see cref="Expected"/>.</summary>
    public static SplitShares? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var words = text.Split(',');
        var isInductive = words[0] == Inductive;
        if (isInductive && words.Length == 1)
            return Usual with { IsInductive = true };
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

    /// <summary>The shares as <see cref="Parse"/> reads them.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{(IsInductive ? Inductive + "," : "")}{Train},{Valid},{Test}");
}
