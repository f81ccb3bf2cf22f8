using System.Diagnostics;
using System.Globalization;
using System.Text;
using Kalm.Graph;

namespace Kalm.Tests.Graph.Readers.Rdf;

/// <summary>Damaged documents are read or refused with a <see cref="KalmException"/>: no other exception, no more than a second, no more
/// memory than 64 MB. KALM_FUZZ sets how many of each format (2,000 otherwise), KALM_FUZZ_SEED repeats one.</summary>
public sealed class RdfFuzzTests(ITestOutputHelper output) : IDisposable
{
    private const int DefaultCount = 2_000;
    private const long MostBytes = 64L << 20;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string, string, int> Documents { get; } = new()
    {
        {
            "ntriples", "# c\n<http://e/a> <http://e/p> <http://e/b> .\n"
                + "_:x <http://e/p> \"a \\\"b\\\" \\u65E5\\U0001F600 \u65E5\"@en-GB .\n"
                + "<< <http://e/a> <http://e/p> _:x.y >> <http://e/q> \"1\"^^<http://e/int> .\n<http://e/a><http://e/p>_:x.\n", 4
        },
        { "nquads", "<http://e/a> <http://e/p> <http://e/b> <http://e/g> .\n_:x <http://e/p> \"t\"@de _:g .\n_:x <http://e/p> _:y .\n", 3 },
        { "turtle", Turtle + "<< :a :p :b >> :q 1 . :c :p :d ~ :r {| :q \"x\" ; :q 'y' |} .\n", 24 },
        { "trig", Turtle + ":g { :a :p :b . [] :q ( 1 ) }\nGRAPH <h> { :a a :T } { :x :y '''z''' . }\n", 25 },
        {
            "rdf-xml", "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE rdf:RDF [<!ENTITY e \"http://e/\"><!ENTITY f \"&e;f\">]>\n"
                + "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns:e=\"&e;\" xml:base=\"http://e/\">\n"
                + "<rdf:Description rdf:about=\"&f;\" e:n=\"\u65E5\"><e:p rdf:resource=\"b\"/><e:p xml:lang=\"de\">t &amp; u</e:p>\n"
                + "<e:p rdf:parseType=\"Collection\"><e:T rdf:ID=\"i\"/><rdf:Description rdf:nodeID=\"x\"/></e:p>\n"
                + "<e:p rdf:parseType=\"Literal\"><e:m a=\"1\">x</e:m><!--c--></e:p><e:p rdf:parseType=\"Resource\"><e:q>1</e:q></e:p>\n"
                + "<e:p rdf:ID=\"s\" rdf:datatype=\"http://e/int\">1</e:p></rdf:Description>\n"
                + "<rdf:Seq><rdf:li>1</rdf:li><rdf:li rdf:nodeID=\"x\"/></rdf:Seq></rdf:RDF>\n", 20
        },
        {
            "json-ld", """
                {"@context": {"e": "http://e/", "@vocab": "http://v/", "@language": "en", "id": "@id",
                 "d": {"@id": "e:d", "@type": "e:date"}, "l": {"@id": "e:l", "@container": "@list"},
                 "m": {"@id": "e:m", "@container": "@language"}, "r": {"@reverse": "e:r"}},
                 "@graph": [{"id": "e:a", "@type": "e:T", "name": "Ann \u65E5", "d": "2000-01-01", "l": [1, 2.5, {"id": "e:b"}],
                  "m": {"de": "x"}, "r": {"id": "e:c"}, "e:k": {"@id": "_:x", "e:k": {"@value": "v", "@language": "fr"}}},
                 {"@id": "e:b", "@graph": [{"@id": "e:d", "p": true}], "@reverse": {"p": {"@id": "e:f"}}}]}
                """, 16
        },
    };

    private const string Turtle = "@prefix : <http://e/> .\n@base <http://b/> .\n"
        + "PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>\n"
        + ":a a :T ; :p <b> , _:x , [ :q -1.5e3 , +2 , .5 , true ] , ( 1 \"two\" ( :c ) ) ; .\n"
        + ":a\\-b%20c :p \"\"\"long \"text\"\nof \\u65E5 lines\"\"\"@en , 'x'^^rdf:HTML . # c\n";

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Documents))]
    public void Damaged_documents_are_read_or_refused(string format, string text, int statements)
    {
        var sound = Encoding.UTF8.GetBytes(text);
        Assert.Equal(statements, RdfReading.Read(format, "sound", sound).Count);
        var (read, refused) = (0, 0);
        foreach (var seed in Seeds())
        {
            var bytes = Damaged(new Random(seed), sound);
            Check(seed, format, () => RdfReading.Read(format, "file", bytes), ref read, ref refused);
            // Passing over every fault ends as well.
            Check(seed, format, () => RdfReading.Read(format, "file", bytes, bad: (_, _) => { }), ref read, ref refused);
        }
        output.WriteLine($"{format}: {read:N0} read, {refused:N0} refused");
        Assert.Equal(statements, RdfReading.Read(format, "sound", sound).Count);
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Damaged_graphs_are_read_or_refused(string format, string text, int statements)
    {
        Assert.True(statements > 0);
        var sound = Encoding.UTF8.GetBytes(text);
        var expected = Load(sound, format, 0);
        var (read, refused) = (0, 0);
        foreach (var seed in Seeds().Take(200))
        {
            var bytes = Damaged(new Random(seed), sound);
            Check(seed, format, () => Load(bytes, format, seed % 3), ref read, ref refused);
            Check(seed, format, () => Load(bytes, null, 0), ref read, ref refused);
        }
        var again = Load(sound, format, 0);
        Assert.Equal(expected.Entities, again.Entities);
        Assert.Equal(expected.Train, again.Train);
        Assert.Equal(expected.Fingerprint(), again.Fingerprint());
    }

    private KnowledgeGraph Load(byte[] bytes, string? format, int skipBad)
    {
        var path = folder.File("graph.data");
        File.WriteAllBytes(path, bytes);
        return KnowledgeGraph.Load(path, new GraphOptions { Format = format, SkipBad = skipBad });
    }

    private static void Check(int seed, string format, Action read, ref int good, ref int refused)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        try
        {
            read();
            good++;
        }
        catch (KalmException problem)
        {
            refused++;
            Assert.True(problem.Message.Length < 1000 && !problem.Message.Any(letter => char.IsControl(letter) && letter != '\n'),
                $"{format}, seed {seed}: the message is long or unprintable: {problem.Message}");
        }
        catch (Exception problem)
        {
            Assert.Fail($"{format}, seed {seed}: {problem}");
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(watch.Elapsed < Longest, $"{format}, seed {seed}: took {watch.Elapsed.TotalSeconds:F1} s");
        Assert.True(allocated < MostBytes, $"{format}, seed {seed}: allocated {allocated:N0} bytes");
    }

    // A few bytes changed, left out, doubled or cut off; often by what the formats have a meaning for.
    private static byte[] Damaged(Random random, byte[] sound)
    {
        const string Meaningful = "<>\"'\\[](){}.;,:@^#%_&|~ \n\r\t\0/?=-+eE0";
        var bytes = sound.ToList();
        for (var change = random.Next(1, 5); change > 0 && bytes.Count > 0; change--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] = (byte)Meaningful[random.Next(Meaningful.Length)];
                    break;
                case 2:
                    bytes.Insert(at, (byte)Meaningful[random.Next(Meaningful.Length)]);
                    break;
                case 3:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 12), bytes.Count - at));
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.Skip(random.Next(bytes.Count)).Take(random.Next(1, 40)).ToArray());
                    break;
                default:
                    if (random.Next(4) == 0)
                        bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }
        }
        return [.. bytes];
    }

    private static IEnumerable<int> Seeds()
    {
        if (Environment.GetEnvironmentVariable("KALM_FUZZ_SEED") is { Length: > 0 } only)
            return [int.Parse(only, CultureInfo.InvariantCulture)];
        var count = Environment.GetEnvironmentVariable("KALM_FUZZ") is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture) / 5 : DefaultCount;
        return Enumerable.Range(1, count);
    }
}
