namespace Kalm.Tests;

/// <summary>Files and lines of the sources stay short enough to be read.</summary>
public class SourceSizeTests
{
    private const int MostLines = 300;
    private const int LongestLine = 140;

    [Fact]
    public void No_file_is_longer_than_300_lines_and_no_line_than_140_characters()
    {
        var sources = Path.Combine(LayeringTests.RepositoryRoot(), "src");
        var files = Directory.EnumerateFiles(sources, "*.cs", SearchOption.AllDirectories)
            .Select(path => (Name: Path.GetRelativePath(sources, path).Replace('\\', '/'), Lines: File.ReadAllLines(path))).ToList();
        Assert.NotEmpty(files);
        Assert.Empty(files.SelectMany(file => Faults(file.Name, file.Lines)));
    }

    [Theory]
    [InlineData(300, 140, 0)]
    [InlineData(301, 140, 1)]
    [InlineData(300, 141, 300)]
    public void The_check_itself_tells_right_from_wrong(int lines, int length, int faults) =>
        Assert.Equal(faults, Faults("a.cs", [.. Enumerable.Repeat(new string('a', length), lines)]).Count());

    private static IEnumerable<string> Faults(string name, string[] lines)
    {
        if (lines.Length > MostLines)
            yield return $"{name}: {lines.Length} lines, expected at most {MostLines}";
        foreach (var (index, line) in lines.Index())
            if (line.Length > LongestLine)
                yield return $"{name}({index + 1}): {line.Length} characters, expected at most {LongestLine}";
    }
}
