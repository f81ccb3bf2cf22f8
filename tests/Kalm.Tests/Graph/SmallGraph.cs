using Kalm.Graph;

namespace Kalm.Tests.Graph;

/// <summary>A graph of four entities and two relations in a temporary folder, to be changed by a test before it is read.</summary>
internal sealed class SmallGraph : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public string Path => folder.Path;

    /// <summary>The KaLM layout: whole (symmetric: no) and similar (symmetric: yes).</summary>
    public static SmallGraph Kalm() => new SmallGraph()
        .With("entities.dict", "0\tcar\n1\twheel\n2\tspoke\n3\ttruck\n")
        .With("entityId2text.dict", "0\tcar, a road vehicle\n1\twheel, a round part\n2\tspoke, a rod\n3\ttruck, a big vehicle\n")
        .With("relations.dict", "0\t_has_part\n1\t_similar_to\n")
        .With("relationId2text.dict", "0\thas part\n1\tsimilar to\n")
        .With("relationId2text_inverse.dict", "0\tpart of\n1\tsimilar to\n")
        .With("train.txt", "car\t_has_part\twheel\nwheel\t_has_part\tspoke\ncar\t_similar_to\ttruck\n")
        .With("valid.txt", "truck\t_has_part\twheel\n")
        .With("test.txt", "truck\t_similar_to\tcar\n");

    /// <summary>The KG-BERT layout of the same graph, without the optional files.</summary>
    public static SmallGraph KgBert() => new SmallGraph()
        .With("entity2text.txt", "car\tcar\nwheel\twheel\nspoke\tspoke\ntruck\ttruck\n")
        .With("relation2text.txt", "_has_part\thas part\n_similar_to\tsimilar to\n")
        .With("train.tsv", "car\t_has_part\twheel\nwheel\t_has_part\tspoke\ncar\t_similar_to\ttruck\n")
        .With("dev.tsv", "truck\t_has_part\twheel\n")
        .With("test.tsv", "truck\t_similar_to\tcar\n");

    public SmallGraph With(string name, string content)
    {
        folder.Write(name, content);
        return this;
    }

    public SmallGraph With(string name, byte[] content)
    {
        File.WriteAllBytes(folder.File(name), content);
        return this;
    }

    public SmallGraph Without(string name)
    {
        File.Delete(folder.File(name));
        return this;
    }

    public KnowledgeGraph Load() => KnowledgeGraph.Load(Path);

    /// <summary>The message with which reading fails.</summary>
    public string Fault()
    {
        var message = Assert.Throws<KalmException>(() => Load()).Message;
        Assert.True(message.Split('\n').Length <= 5, message);
        return message;
    }

    public void Dispose() => folder.Dispose();
}
