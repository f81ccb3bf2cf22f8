using Kalm.Graph.Readers.Rdf;

namespace Kalm.Tests.Graph.Readers.Rdf;

/// <summary>The W3C's test suites: what is to be read gives the statements that the suite says, what is not is refused.</summary>
public sealed class RdfSuiteTests(ITestOutputHelper output)
{
    private const string Manifest = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#";
    private const string Root = "http://suite.example/";

    [Theory]
    [InlineData("ntriples", "ntriples", "", 41, 0, 27)]
    [InlineData("nquads", "nquads", "", 53, 0, 32)]
    [InlineData("turtle", "turtle", "http://www.w3.org/2013/TurtleTests/", 77, 132, 82)]
    [InlineData("rdf-xml", "rdf-xml", "http://www.w3.org/2013/RDFXMLTests/", 0, 122, 40)]
    public void Every_case_is_read_or_refused_as_the_suite_says(
        string folder, string format, string baseIri, int readable, int evaluated, int negative)
    {
        var path = DataFolder.Require(Path.Combine("w3c-rdf", folder));
        var (positives, evaluations, refusals) = (0, 0, 0);
        var failures = new List<string>();
        foreach (var (name, type, action, result) in Cases(Path.Combine(path, "manifest.ttl")))
        {
            if (type.Contains("Negative", StringComparison.Ordinal))
            {
                refusals++;
                try
                {
                    Read(action);
                    failures.Add($"{name}: is read; expected a fault");
                }
                catch (KalmException problem)
                {
                    Assert.Matches(@"^\S+(\(\d+\))?: .*; expected .", problem.Message);
                }
                continue;
            }
            try
            {
                var found = Read(action);
                if (result is null)
                {
                    positives++;
                    continue;
                }
                evaluations++;
                var expected = RdfReading.Read("ntriples", result, File.ReadAllBytes(Path.Combine(path, result)));
                if (RdfIsomorphism.Difference(expected, found) is { } difference)
                    failures.Add($"{name}: {difference}");
            }
            catch (KalmException problem)
            {
                failures.Add($"{name}: {problem.Message}");
            }
        }
        output.WriteLine($"{folder}: {positives} read, {evaluations} equal, {refusals} refused, {failures.Count} otherwise");
        Assert.Empty(failures);
        Assert.Equal((readable, evaluated, negative), (positives, evaluations, refusals));

        IReadOnlyList<StoredStatement> Read(string action) =>
            RdfReading.Read(format, action, File.ReadAllBytes(Path.Combine(path, action)), baseIri.Length > 0 ? baseIri + action : "");
    }

    [Fact]
    public void RDF_XML_beside_its_statements_is_read_also_where_the_suite_leaves_it_out()
    {
        var path = DataFolder.Require(Path.Combine("w3c-rdf", "rdf-xml"));
        var files = Directory.GetFiles(path, "*.rdf", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        foreach (var file in files)
        {
            var name = Path.GetRelativePath(path, file).Replace('\\', '/');
            if (File.Exists(Path.ChangeExtension(file, ".nt")))
                Assert.Null(RdfIsomorphism.Difference(
                    RdfReading.Read("ntriples", name, File.ReadAllBytes(Path.ChangeExtension(file, ".nt"))), Read(name, file)));
            else
                Assert.Throws<KalmException>(() => Read(name, file));
        }
        output.WriteLine($"{files.Count} files");
        Assert.Equal(169, files.Count);

        static IReadOnlyList<StoredStatement> Read(string name, string file) =>
            RdfReading.Read("rdf-xml", name, File.ReadAllBytes(file), "http://www.w3.org/2013/RDFXMLTests/" + name);
    }

    [Fact]
    public void Turtle_and_TriG_read_what_NTriples_does_and_NQuads_too()
    {
        var path = DataFolder.Require(Path.Combine("w3c-rdf", "ntriples"));
        var files = 0;
        foreach (var (name, type, action, _) in Cases(Path.Combine(path, "manifest.ttl")))
        {
            // Turtle has no colons in the labels of blank nodes.
            if (type.Contains("Negative", StringComparison.Ordinal))
                continue;
            files++;
            var bytes = File.ReadAllBytes(Path.Combine(path, action));
            var expected = RdfReading.Read("ntriples", action, bytes);
            foreach (var format in new[] { "nquads", "turtle", "trig" })
                Assert.True(RdfIsomorphism.Difference(expected, RdfReading.Read(format, action, bytes)) is null, $"{name} as {format}");
        }
        Assert.Equal(41, files);
    }

    [Fact]
    public void TriG_reads_what_Turtle_does()
    {
        var path = DataFolder.Require(Path.Combine("w3c-rdf", "turtle"));
        foreach (var (name, type, action, _) in Cases(Path.Combine(path, "manifest.ttl")))
        {
            var bytes = File.ReadAllBytes(Path.Combine(path, action));
            if (!type.Contains("Negative", StringComparison.Ordinal))
                Assert.True(RdfIsomorphism.Difference(
                    RdfReading.Read("turtle", action, bytes), RdfReading.Read("trig", action, bytes)) is null, name);
        }
    }

    // The manifest is Turtle as well.
    private static IEnumerable<(string Name, string Type, string Action, string? Result)> Cases(string manifest)
    {
        var statements = RdfReading.Read("turtle", "manifest.ttl", File.ReadAllBytes(manifest), Root);
        foreach (var test in statements.GroupBy(statement => statement.Subject).Where(test => Of(test, Manifest + "action") is not null))
            yield return (Of(test, Manifest + "name")!, Of(test, RdfNames.Type)!, Of(test, Manifest + "action")![Root.Length..],
                Of(test, Manifest + "result")?[Root.Length..]);
    }

    private static string? Of(IEnumerable<StoredStatement> test, string predicate) =>
        test.FirstOrDefault(statement => statement.Predicate == predicate)?.Object.Value;
}
