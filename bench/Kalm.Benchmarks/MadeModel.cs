using Kalm.Graph;
using Kalm.Language.Model;
using Kalm.Language.Pretraining;
using Kalm.Representation;

namespace Kalm.Benchmarks;

/// <summary>A model over the words of a graph, practically random: what is measured is time, and that does not depend on the
/// weights.</summary>
internal static class MadeModel
{
    /// <summary>Makes it, by way of a folder that is gone afterwards.</summary>
    /// <param name="graph">The tokenizer is trained on its texts.</param>
    /// <param name="preset">The size.</param>
    /// <param name="seed">Decides the weights.</param>
    public static CausalModel Make(KnowledgeGraph graph, ModelPreset preset, long seed)
    {
        var folder = Directory.CreateTempSubdirectory("kalm-benchmark-");
        try
        {
            var path = Path.Combine(folder.FullName, "model");
            Pretrainer.Run(graph.Entities.Select(Wording.Answer), path,
                new PretrainingOptions { Preset = preset, Steps = 1, BatchTokens = 64, Seed = seed });
            return CausalModel.Load(path);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
