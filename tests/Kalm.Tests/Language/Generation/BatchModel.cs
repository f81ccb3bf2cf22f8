using Kalm.Alignment;
using Kalm.Language.Generation;
using Kalm.Language.Pretraining;
using Kalm.Language.Sources.Gguf;
using Kalm.Representation;

namespace Kalm.Tests.Language.Generation;

/// <summary>A tiny model whose matrices and heads fill registers, and prompts for it.</summary>
internal sealed class BatchModel : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly LoadedModel loaded;
    private readonly Random random = new(8);

    /// <param name="form">How its matrices are stored; null for single precision.</param>
    public BatchModel(GgufTensorType? form = null)
    {
        var path = folder.File("model");
        Pretrainer.Run(["a fish swims", "the bird sings on a tree", "who knows the frog"], path, new PretrainingOptions
        {
            Preset = new ModelPreset("test", 64, 2, 4, 96, 300, 1024), Steps = 2, BatchTokens = 256, Threads = 2,
        });
        if (form is { } type)
            using (var made = OpenedModel.Open(path))
                ModelExport.ToGguf(made, path += ".gguf", type, null, TestContext.Current.CancellationToken);
        loaded = new LoadedModel(OpenedModel.Open(path), threads: 2);
        Generator = new Generator(loaded.Decoder, loaded.Model.Tokenizer);
    }

    public Generator Generator { get; }

    /// <summary>A batch that keeps so many bytes of sequences that have ended.</summary>
    public GenerationBatch Batch(long prefixBytes = 0) => new(loaded.Decoder, prefixBytes);

    public int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(3, 250))];

    /// <summary>What is written, and how likely each token was, to the last bit.</summary>
    public List<(int Sequence, int Token, double LogProbability)> Write(
        GenerationBatch batch, int[] prompt, GenerationOptions options, int count = 1, Action<OpenGeneration>? look = null)
    {
        using var generation = Generator.Open(prompt, count, options with { LogProbabilities = 2 });
        var told = new List<(int, int, double)>();
        while (!generation.IsFinished)
        {
            batch.Step([generation]);
            if (generation.Fault is { } fault)
                throw fault;
            told.AddRange(Told(generation));
        }
        look?.Invoke(generation);
        return [.. told.OrderBy(token => token.Item1)];
    }

    public static IEnumerable<(int Sequence, int Token, double LogProbability)> Told(OpenGeneration generation) =>
        generation.Pieces.Where(piece => piece.Token is not null)
            .Select(piece => (piece.Sequence, piece.Token!.Chosen.Token, piece.Token.Chosen.LogProbability));

    public void Dispose()
    {
        loaded.Dispose();
        folder.Dispose();
    }
}
