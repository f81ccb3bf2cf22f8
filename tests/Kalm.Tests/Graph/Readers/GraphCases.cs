namespace Kalm.Tests.Graph.Readers;

/// <summary>The graph of <see cref="People"/> as other programs write it; tests that ask for a file that is absent are skipped.</summary>
internal static class GraphCases
{
    public static string Require(string name) => DataFolder.Require(Path.Combine("..", "cases", "graphs", name));
}
