using Kalm.Tests.Graph;

namespace Kalm.Tests.Cli;

/// <summary>A graph of four entities and a base model made from its texts in two steps, shared by the tests of a class.</summary>
public sealed class TinyModel : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly SmallGraph graph = SmallGraph.Kalm();

    public TinyModel()
    {
        Model = folder.File("base");
        Pretrained = CommandLine.Run(
            "pretrain", "--graph", Graph, "--out", Model, "--steps", "2", "--vocabulary", "300", "--context", "32", "--threads", "1")
            .IsSuccess();
    }

    public string Model { get; }

    public string Graph => graph.Path;

    internal CommandLine Pretrained { get; }

    public string File(string name) => folder.File(name);

    public string Write(string name, string content) => folder.Write(name, content);

    public void Dispose()
    {
        graph.Dispose();
        folder.Dispose();
    }
}
