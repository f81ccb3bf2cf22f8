using System.Text.Json.Nodes;
using Kalm.Files;
using Kalm.Language.Chat;
using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Gguf;
using Kalm.Language.Tokenization;

namespace Kalm.Language.Sources;

/// <summary>A model in one GGUF file or its parts: all that a folder holds stands in the file's keys.</summary>
public sealed class GgufSource : IModelSource
{
    private readonly GgufModel model;

    private GgufSource(string place, GgufModel model)
    {
        (Place, Given, Reference, this.model) = (place, place, Path.GetFullPath(place), model);
        var sampling = model.Generation;
        Generation = new GenerationDefaults
        {
            EndTokenIds = model.EndTokenIds,
            Samples = sampling is { Temperature: not (null or 0) } or { TopK: not null } or { TopP: not null },
            Temperature = sampling.Temperature,
            TopK = sampling.TopK,
            TopP = sampling.TopP,
            RepetitionPenalty = sampling.RepetitionPenalty,
            Warnings = sampling.MinP is { } least and not 0 ? [$"{place}: general.sampling.min_p is {least}, which is not done"] : [],
        };
    }

    /// <inheritdoc/>
    public string Given { get; init; }

    /// <inheritdoc/>
    public string Place { get; }

    /// <inheritdoc/>
    public string Reference { get; init; }

    /// <inheritdoc/>
    public ModelConfig Config => model.Config;

    /// <inheritdoc/>
    public GenerationDefaults Generation { get; }

    /// <inheritdoc/>
    public AdapterFolder? Adapter => null;

    /// <inheritdoc/>
    public IModelSource Base => this;

    /// <inheritdoc/>
    public IReadOnlyList<string> Warnings => [.. model.Warnings, .. Generation.Warnings];

    /// <inheritdoc/>
    public IReadOnlyList<string> Files => model.Files;

    /// <summary>Opens a model.</summary>
    /// <param name="file">The file, or any of its parts.</param>
    /// <param name="given">How the user named it; the file when null.</param>
    /// <param name="reference">How it is found again; its full path when null.</param>
    /// <exception cref="KalmException">A file is missing or not sound, or the model is not supported.</exception>
    public static GgufSource Open(string file, string? given = null, string? reference = null) =>
        new(file, GgufModel.Open(file)) { Given = given ?? file, Reference = reference ?? Path.GetFullPath(file) };

    /// <inheritdoc/>
    public StoredTensor? TryFind(string name) => model.TryFind(name) is { } found
        ? new StoredTensor(name, found.Shape, found.Stored.Type.FormatName(), found.Stored.ByteCount) : null;

    /// <inheritdoc/>
    public void ReadSingles(string name, long offset, Span<float> destination) =>
        model.ReadSingles(model.TryFind(name)!, offset, destination);

    /// <inheritdoc/>
    public void Release(string name, long offset, long count) => model.Release(model.TryFind(name)!);

    /// <summary>Whether matrices are stored in blocks of fewer bits than 16.</summary>
    public bool IsQuantized => Config.TensorShapes().Any(tensor => BlocksOf(tensor.Name) is not null);

    /// <summary>The storage type of a matrix that is stored in blocks of fewer bits than 16; null of others.</summary>
    public GgufTensorType? BlocksOf(string name) =>
        model.TryFind(name) is { Shape.Count: 2, Stored.Type: var type } && type.BlockSize() > 1 ? type : null;

    /// <summary>Copies the blocks of a whole matrix, in the order of its rows.</summary>
    /// <param name="name">A tensor of <see cref="BlocksOf"/>.</param>
    /// <param name="destination">Takes its bytes.</param>
    public void ReadBlocks(string name, Span<byte> destination) => model.ReadRows(model.TryFind(name)!, 0, destination);

    /// <inheritdoc/>
    public Tokenizer ReadTokenizer() => model.Tokenizer();

    /// <inheritdoc/>
    public ChatTemplate? ReadChatTemplate() => model.ChatTemplate is { } template
        ? ChatTemplate.Parse(template, "tokenizer.chat_template", model.SpecialTokens) : null;

    /// <inheritdoc/>
    public JsonObject? ReadConfig() => null;

    /// <inheritdoc/>
    public void WriteCompanions(string folder)
    {
        ReadTokenizer().Save(folder);
        AtomicFile.WriteAllText(
            Path.Combine(folder, GenerationDefaults.FileName), model.Generation.ToJson(Config.BeginTokenId, model.EndTokenIds));
    }

    /// <summary>Closes the files.</summary>
    public void Dispose() => model.Dispose();
}
