using System.IO.Compression;
using System.Text;
using Kalm.Graph;

namespace Kalm.Tests.Graph.Readers;

/// <summary>Whatever happens to a file, it is read or refused: nothing hangs, and nothing but a fault with a message comes out.</summary>
public sealed class DamagedFilesTests : IDisposable
{
    private const int Damages = 250;
    private static readonly byte[] Telling = "\t,;|\"\n\r#0 \0\u00FF-"u8.ToArray();
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("g.csv", ",")]
    [InlineData("g.csv", ";")]
    [InlineData("g.tsv", "\t")]
    [InlineData("g.txt", "|")]
    [InlineData("g.csv.gz", ",")]
    [InlineData("g.csv.zst", ",")]
    public void A_damaged_table_is_read_or_refused(string name, string separator)
    {
        static string Quoted(string text) => $"\"{text}\"";
        var text = string.Join(separator, "head", "relation", "tail", "note") + "\n" + People.Lines(fact => string.Join(
            separator, separator == "\t" ? fact.Head : Quoted(fact.Head), fact.Relation, fact.Tail, "x"));
        var whole = Packed(name, Encoding.UTF8.GetBytes(text));
        File.WriteAllBytes(folder.File(name), whole);
        People.AssertRead(KnowledgeGraph.Load(folder.File(name)));
        Damage(name, whole);
    }

    [Theory]
    [InlineData("train.txt", "a\tr\tb\nb\tr\tc\n")]
    [InlineData("entity2id.txt", "3\na\t0\nb\t1\nc\t2\n")]
    [InlineData("train2id.txt", "2\n0 1 0\n1 2 0\n")]
    [InlineData("entity2text.txt", "a\tAlpha\nb\tBeta\nc\tGamma\n")]
    public void A_damaged_file_of_a_folder_is_read_or_refused(string name, string content)
    {
        folder.Write("train.txt", "a\tr\tb\nb\tr\tc\n");
        if (name.Contains("2id", StringComparison.Ordinal))
        {
            File.Delete(folder.File("train.txt"));
            folder.Write("entity2id.txt", "3\na\t0\nb\t1\nc\t2\n");
            folder.Write("relation2id.txt", "1\nr\t0\n");
            folder.Write("train2id.txt", "2\n0 1 0\n1 2 0\n");
        }
        var whole = Encoding.UTF8.GetBytes(content);
        File.WriteAllBytes(folder.File(name), whole);
        Assert.Equal((3, 1, 2), Counts(KnowledgeGraph.Load(folder.Path)));
        Damage(name, whole, folder.Path);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_damaged_file_of_the_older_layouts_is_read_or_refused(bool isKalm)
    {
        using var files = isKalm ? SmallGraph.Kalm() : SmallGraph.KgBert();
        var random = new Random(7);
        foreach (var path in Directory.GetFiles(files.Path))
        {
            var whole = File.ReadAllBytes(path);
            for (var number = 0; number < Damages / 5; number++)
            {
                File.WriteAllBytes(path, Damaged(whole, random));
                Read(files.Path);
            }
            File.WriteAllBytes(path, whole);
        }
        Assert.Equal((4, 2, 3), Counts(files.Load()));
    }

    private void Damage(string name, byte[] whole, string? graph = null)
    {
        var random = new Random(11);
        for (var number = 0; number < Damages; number++)
        {
            File.WriteAllBytes(folder.File(name), Damaged(whole, random));
            Read(graph ?? folder.File(name));
        }
    }

    private static void Read(string path)
    {
        try
        {
            var graph = KnowledgeGraph.Load(path, new GraphOptions { SkipBad = 3 });
            Assert.All(graph.Train, triple => Assert.True(
                triple.Head < graph.Entities.Count && triple.Tail < graph.Entities.Count && triple.Relation < graph.RelationCount));
        }
        catch (KalmException fault)
        {
            Assert.NotEqual("", fault.Message);
        }
    }

    private static byte[] Damaged(byte[] whole, Random random)
    {
        var bytes = random.Next(4) == 0 ? whole[..random.Next(whole.Length + 1)] : whole.ToArray();
        for (var change = random.Next(4); change > 0 && bytes.Length > 0; change--)
            bytes[random.Next(bytes.Length)] = random.Next(2) == 0 ? Telling[random.Next(Telling.Length)] : (byte)random.Next(256);
        return bytes;
    }

    private static byte[] Packed(string name, byte[] content)
    {
        using var packed = new MemoryStream();
        using (Stream stream = name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(packed, CompressionLevel.Fastest, true)
            : name.EndsWith(".zst", StringComparison.Ordinal) ? new ZstdSharp.CompressionStream(packed, leaveOpen: true)
            : new BufferedStream(packed))
        {
            stream.Write(content);
            stream.Flush();
            if (stream is BufferedStream)
                return packed.ToArray();
        }
        return packed.ToArray();
    }

    private static (int Entities, int Relations, int Train) Counts(KnowledgeGraph graph) =>
        (graph.Entities.Count, graph.RelationCount, graph.Train.Count);

    public void Dispose() => folder.Dispose();
}
