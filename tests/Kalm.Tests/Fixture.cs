using System.Text.Json;
using static TorchSharp.torch;

namespace Kalm.Tests;

/// <summary>Reads the numbers that the Python scripts in Fixtures/ computed.</summary>
internal static class Fixture
{
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Fixtures");

    public static JsonElement Load(string name) => JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, name))).RootElement;

    public static double[] Doubles(this JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetDouble())];

    public static int[] Integers(this JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetInt32())];

    public static double[][] Matrix(this JsonElement array) => [.. array.EnumerateArray().Select(Doubles)];

    public static Tensor Tensor(this JsonElement array, ScalarType type = ScalarType.Float64)
    {
        var rows = array.Matrix();
        return tensor(rows.SelectMany(row => row).ToArray(), [rows.Length, rows[0].Length]).to(type);
    }

    /// <summary>Fails unless every number is within the tolerance of the expected one, relative to max(1, |expected|).</summary>
    public static void AssertClose(double[][] expected, Tensor actual, double tolerance) =>
        AssertClose([.. expected.SelectMany(row => row)], actual, tolerance);

    public static void AssertClose(double[] expected, Tensor actual, double tolerance)
    {
        using var flat = actual.detach().cpu().to(ScalarType.Float64).flatten().contiguous();
        var found = flat.data<double>().ToArray();
        Assert.Equal(expected.Length, found.Length);
        for (var index = 0; index < found.Length; index++)
            Assert.True(
                Math.Abs(found[index] - expected[index]) <= tolerance * Math.Max(1, Math.Abs(expected[index])),
                $"element {index}: found {found[index]:R}, expected {expected[index]:R}");
    }
}
