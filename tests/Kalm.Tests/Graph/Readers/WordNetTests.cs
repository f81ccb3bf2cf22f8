using Kalm.Graph;

namespace Kalm.Tests.Graph.Readers;

/// <summary>Files of WordNet's form with words of our own, and the whole of it where it is at hand.</summary>
public sealed class WordNetTests : IDisposable
{
    private const string Licence = "  1 This is made up  \n  2 for tests.  \n";

    private readonly TemporaryFolder folder = new();

    public WordNetTests()
    {
        folder.Write("dict/data.noun", Licence + """
            00000100 05 n 01 beast 0 002 ~ 00000200 n 0000 + 00000100 v 0101 | a thing that breathes; "no beast is so fierce"
            00000200 05 n 02 night_owl 0 owl 1 003 @ 00000100 n 0000 %p 00000300 n 0000 ! 00000300 n 0102 | hoots by night; sees well; "an owl"
            00000300 08 n 01 feather 0 002 #p 00000200 n 0000 ! 00000200 n 0201 | keeps birds warm

            """.ReplaceLineEndings("\n"));
        folder.Write("dict/data.verb", Licence
            + "00000100 29 v 01 breathe 0 001 + 00000100 n 0101 01 + 02 00 | take in air\n");
        folder.Write("dict/data.adj", Licence
            + "00000500 00 s 01 nocturnal(p) 0 002 & 00000600 a 0000 ;c 00000200 n 0000 | of the night\n"
            + "00000600 00 a 01 dark 0 001 & 00000500 s 0000 |\n");
        folder.Write("dict/index.noun", "beast n 1 0 1 0 00000100\n");
    }

    [Fact]
    public void Synsets_are_entities_and_of_two_pointers_that_say_the_same_one_is_a_fact()
    {
        var graph = KnowledgeGraph.Load(folder.File("dict"));
        Assert.Equal(["n00000100", "n00000200", "n00000300", "v00000100", "a00000500", "a00000600"],
            graph.Entities.Select(entity => entity.Id));
        Assert.Equal(["beast", "night owl", "feather", "breathe", "nocturnal", "dark"], graph.Entities.Select(entity => entity.Name));
        Assert.Equal("night owl, owl, hoots by night; sees well", graph.Entities[1].Description);
        Assert.Equal(("dark", "adj.all"), (graph.Entities[5].Description, Assert.Single(graph.Entities[5].Types)));
        Assert.Equal("noun.animal", Assert.Single(graph.Entities[0].Types));
        Assert.Equal(
            [
                "beast is derivationally related to breathe", "dark is similar to nocturnal", "night owl has the part feather",
                "night owl is a kind of beast", "night owl is the opposite of feather", "nocturnal belongs to the topic night owl",
            ],
            graph.Train.Select(fact => $"{graph.Entities[fact.Head].Name} {graph.Relations[fact.Relation].Text} "
                + graph.Entities[fact.Tail].Name).Select(Turned).Order(StringComparer.Ordinal));
        Assert.Empty(graph.Warnings);
        Assert.Empty(graph.Reading.Unread);

        // Which end of a symmetric fact comes first does not matter.
        static string Turned(string fact) => fact == "nocturnal is similar to dark" ? "dark is similar to nocturnal" : fact;
    }

    [Fact]
    public void A_file_alone_tells_how_many_pointers_lead_out_of_it()
    {
        var graph = KnowledgeGraph.Load(folder.File("dict/data.noun"));
        Assert.Equal(3, graph.Train.Count);
        Assert.Contains("left out: 1", Assert.Single(graph.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("00000700 05 n 02 bat 0 000 | short of a word", "field 8", "a word's sense")]
    [InlineData("00000700 05 n 01 bat 0 001 ? 00000100 n 0000 | odd", "pointer '?'", "expected one of")]
    [InlineData("00000700 05 v 01 bat 0 000 | of another file", "'v'", "part of speech n")]
    [InlineData("00000700 88 n 01 bat 0 000 | of no kind", "'88'", "lexicographer file")]
    [InlineData("00000100 05 n 01 bat 0 000 | twice", "n00000100 again", "line 3")]
    [InlineData("00000700 05 n 01 bat 0 002 @ 00000100 n 0000 | cut", "end of the line", "a pointer")]
    public void A_malformed_line_is_named(string line, string found, string expected)
    {
        File.AppendAllText(folder.File("dict/data.noun"), line + "\n");
        var fault = Assert.Throws<KalmException>(() => KnowledgeGraph.Load(folder.File("dict")));
        Assert.Contains("data.noun(6)", fault.Message, StringComparison.Ordinal);
        Assert.Contains(found, fault.Message, StringComparison.Ordinal);
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
        Assert.Equal(6, KnowledgeGraph.Load(folder.File("dict"), new GraphOptions { SkipBad = 1 }).Entities.Count);
    }

    [Theory]
    [InlineData("data.noun")]
    [InlineData("data.adj")]
    public async Task Damaged_files_end_in_a_message(string name)
    {
        const int Copies = 250;
        var (read, refused) = await MangledFile.ReadAll(
            folder.File("dict"), folder.File($"dict/{name}"), new GraphOptions { Format = "wordnet" }, Copies, 1);
        Assert.Equal(Copies, read + refused);
        Assert.True(refused > 0);
    }

    public void Dispose() => folder.Dispose();
}
