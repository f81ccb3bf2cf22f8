using Kalm.Graph;
using Kalm.Language.Pretraining;
using Kalm.Representation;

namespace Kalm.Tests;

/// <summary>A base model of a few thousand parameters over a graph's texts, made in a fraction of a second.</summary>
internal static class TinyModel
{
    public static string Make(TemporaryFolder folder, KnowledgeGraph graph, string name = "base", int vocabulary = 300)
    {
        var path = folder.File(name);
        Pretrainer.Run(graph.Entities.Select(Wording.Answer), path, new PretrainingOptions
        {
            Preset = new ModelPreset("test", 32, 2, 4, 48, vocabulary, 256),
            Steps = 2,
            BatchTokens = 256,
            Threads = 2,
        });
        return path;
    }
}
