using System.Globalization;
using Kalm.Alignment;
using Kalm.Alignment.Options;

namespace Kalm.Benchmarks;

/// <summary>Pairs of an option and its value.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> values = [];

    /// <summary>Reads the words.</summary>
    /// <exception cref="KalmException">An option is unknown or has no value.</exception>
    public Arguments(string[] words, IReadOnlyList<string> known)
    {
        for (var index = 0; index < words.Length; index += 2)
        {
            if (!known.Contains(words[index]))
                throw new KalmException($"found '{words[index]}'; expected one of {string.Join(", ", known)}");
            if (index + 1 == words.Length)
                throw new KalmException($"{words[index]}: found nothing behind it; expected a value");
            values[words[index]] = words[index + 1];
        }
    }

    /// <summary>A value that may be missing.</summary>
    public string? Find(string option) => values.GetValueOrDefault(option);

    /// <summary>A value that must be given.</summary>
    public string Text(string option) => Find(option) ?? throw new KalmException($"{option}: not given; expected a value");

    /// <summary>A whole number above zero.</summary>
    public int Whole(string option, int fallback) => Find(option) is not { } text ? fallback
        : int.TryParse(text, out var value) && value > 0
        ? value : throw new KalmException($"{option}: found '{text}'; expected a whole number above 0");

    /// <summary>A number above zero.</summary>
    public double Number(string option, double fallback) => Find(option) is not { } text ? fallback
        : double.TryParse(text, CultureInfo.InvariantCulture, out var value) && value > 0
        ? value : throw new KalmException($"{option}: found '{text}'; expected a number above 0");

    /// <summary>The options of the file behind <c>--recipe</c>, or the default ones, learning every weight.</summary>
    public AlignmentOptions Recipe(int threads, int seed) =>
        ((Find("--recipe") is { } file ? RecipeFile.Read(file) : new AlignmentOptions()) with
        {
            Method = AlignmentMethod.Full, Threads = threads, Seed = seed,
        }).Validated();
}
