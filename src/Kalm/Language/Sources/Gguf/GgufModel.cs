using Kalm.Files;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;
using Kalm.Language.Tokenization;

namespace Kalm.Language.Sources.Gguf;

/// <summary>A tensor of a model in GGUF.</summary>
/// <param name="Name">Its name in a Hugging Face checkpoint, as <see cref="ModelConfig.TensorShapes"/> has it.</param>
/// <param name="Shape">[outputs, inputs], or [width].</param>
/// <param name="Stored">How the file stores it.</param>
public sealed record GgufModelTensor(string Name, IReadOnlyList<long> Shape, GgufTensor Stored);

/// <summary>A language model in one GGUF file or several parts, open for reading. Tensors have the names, the shapes and the order of
/// rows of
/// the Hugging Face checkpoint that the file was made from. Nothing of the weights has been read when <see cref="Open"/>
/// returns.</summary>
public sealed class GgufModel : IDisposable
{
    private const int NamesInWarning = 5;

    private readonly GgufShards shards;
    private readonly GgufNames names;
    private readonly Dictionary<string, (GgufFile File, GgufModelTensor Tensor,
        GgufArrangement Arrangement)> tensors = new(StringComparer.Ordinal);

    private GgufModel(GgufShards shards)
    {
        this.shards = shards;
        names = GgufConfig.Names(shards.Metadata);
        var warnings = new List<string>();
        Vocabulary = GgufVocabularyReader.Read(shards.Metadata);
        Config = GgufConfig.Read(shards, names, Vocabulary.EndIds, warnings);
        Collect(warnings);
        Generation = GgufGeneration.Read(shards.Metadata);
        Warnings = warnings;
    }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>The keys of the first file, for example <c>general.license</c>, <c>general.name</c>, <c>general.author</c>.</summary>
    public GgufMetadata Metadata => shards.Metadata;

    /// <summary>What the file says of sampling; all null where it says nothing.</summary>
    public GgufGeneration Generation { get; }

    /// <summary>The tokens that end a text: of the sequence, of a turn, of a message.</summary>
    public IReadOnlyList<int> EndTokenIds => Vocabulary.EndIds;

    /// <summary>The chat template; null when the file has none.</summary>
    public string? ChatTemplate => shards.Metadata.Text("tokenizer.chat_template");

    /// <summary>The tokens that a chat template may name, by transformers' names, and their texts.</summary>
    public IReadOnlyList<(string Name, string Text)> SpecialTokens => GgufTokenizerConfig.TextsOf(Vocabulary);

    /// <summary>Chat templates for other purposes by their names, such as <c>tool_use</c>.</summary>
    public IReadOnlyDictionary<string, string> NamedChatTemplates { get; private init; } = new Dictionary<string, string>();

    /// <summary>What is odd about the file without being wrong, in sentences for the user.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>The paths of the files, in order.</summary>
    public IReadOnlyList<string> Files => [.. shards.Files.Select(file => file.Path)];

    /// <summary>The vocabulary with what belongs to it.</summary>
    internal GgufVocabularyReader Vocabulary { get; }

    /// <summary>Opens a model.</summary>
    /// <param name="path">The file, or any of its parts.</param>
    /// <exception cref="KalmException">A file is missing or not sound, the model is not supported, or a tensor is missing or has another
    /// shape than the keys ask for.</exception>
    public static GgufModel Open(string path)
    {
        var shards = GgufShards.Open(path);
        try
        {
            const string Prefix = "tokenizer.chat_template.";
            return new GgufModel(shards)
            {
                NamedChatTemplates = shards.Metadata.Keys.Where(key => key.StartsWith(Prefix, StringComparison.Ordinal))
                    .ToDictionary(key => key[Prefix.Length..], key => shards.Metadata.Text(key)!),
            };
        }
        catch
        {
            shards.Dispose();
            throw;
        }
    }

    /// <summary>The tensor of a name; null when the model has none.</summary>
    public GgufModelTensor? TryFind(string name) => tensors.TryGetValue(name, out var found) ? found.Tensor : null;

    /// <summary>Makes the tokenizer of what the file says of its vocabulary.</summary>
    /// <exception cref="KalmException">It is of a kind that is not supported.</exception>
    public Tokenizer Tokenizer() => new(GgufTokenizerReader.Read(Vocabulary));

    /// <summary>Reads numbers of a tensor, from its element <paramref name="elementOffset"/> on, as many as
    /// <paramref name="destination"/> holds.</summary>
    public void ReadSingles(GgufModelTensor tensor, long elementOffset, Span<float> destination)
    {
        var (file, arrangement) = Place(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(elementOffset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(destination.Length, tensor.Stored.ElementCount - elementOffset);
        if (!arrangement.MovesRows)
            file.ReadSingles(tensor.Stored, elementOffset, destination);
        else
        {
            // A bias has a number for a row.
            var width = tensor.Shape.Count < 2 ? 1 : tensor.Shape[^1];
            for (var rest = destination; !rest.IsEmpty;)
            {
                var (row, column) = Math.DivRem(elementOffset, width);
                var count = (int)Math.Min(rest.Length, width - column);
                file.ReadSingles(tensor.Stored, (arrangement.RowInFile(row) * width) + column, rest[..count]);
                rest = rest[count..];
                elementOffset += count;
            }
        }
        if (arrangement.Offset != 0)
            foreach (ref var value in destination)
                value -= arrangement.Offset;
    }

    /// <summary>Copies whole rows of a matrix as the file stores them, for <see cref="GgufBlocks.Dequantize"/>. Its numbers are those of
    /// <see cref="ReadSingles"/>, since no matrix has an offset.</summary>
    /// <param name="tensor">A matrix.</param>
    /// <param name="row">The first row.</param>
    /// <param name="destination">Takes the bytes of as many rows as it holds.</param>
    public void ReadRows(GgufModelTensor tensor, long row, Span<byte> destination)
    {
        var (file, arrangement) = Place(tensor);
        var bytes = checked((int)tensor.Stored.Type.ByteCount(tensor.Stored.RowLength));
        ArgumentOutOfRangeException.ThrowIfNotEqual(tensor.Shape.Count, 2, nameof(tensor));
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length % bytes, 0, nameof(destination));
        for (var rest = destination; !rest.IsEmpty; rest = rest[bytes..])
            file.Bytes(tensor.Stored, arrangement.RowInFile(row++) * bytes, bytes).CopyTo(rest);
    }

    /// <summary>Tells the system that a tensor will not be read again soon, so that its pages do not count as this process's memory. It
    /// can still be read.</summary>
    public void Release(GgufModelTensor tensor) => Place(tensor).File.Release(tensor.Stored, 0, tensor.Stored.ByteCount);

    /// <summary>Closes the files.</summary>
    public void Dispose() => shards.Dispose();

    private (GgufFile File, GgufArrangement Arrangement) Place(GgufModelTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return tensors.TryGetValue(tensor.Name, out var found) && ReferenceEquals(found.Tensor, tensor) ? (found.File, found.Arrangement)
            : throw new ArgumentException($"the tensor {tensor.Name} is not one of this model", nameof(tensor));
    }

    private void Collect(List<string> warnings)
    {
        var used = new HashSet<string>(StringComparer.Ordinal) { GgufRope.Divisors, GgufRope.LongDivisors, GgufRope.ShortDivisors };
        foreach (var (name, shape) in Config.TensorShapes())
        {
            var fileName = names.ToFile(name)
                ?? throw new KalmException($"{shards.Files[0].Path}: {names.Architecture} has no tensor for {name}");
            var (file, tensor) = shards.TryFind(fileName)
                ?? throw GgufHeader.Fault(shards.Files[0].Path, fileName,
                    $"missing; the keys ask for it with the shape {TensorEntry.Describe(shape)}");
            if (!tensor.Shape.SequenceEqual(shape))
                throw GgufHeader.Fault(file.Path, fileName,
                    $"found the shape {TensorEntry.Describe(tensor.Shape)}, expected {TensorEntry.Describe(shape)} by the keys");
            if (!tensor.Type.IsWeight())
                throw GgufHeader.Fault(file.Path, fileName, $"found the type {tensor.Type.FormatName()}, expected real numbers");
            used.Add(fileName);
            tensors.Add(name, (file, new(name, shape, tensor), GgufArrangement.Of(names, Config, name)));
        }
        var unused = shards.Tensors.Select(place => place.Tensor.Name).Where(name =>
            !used.Contains(name)).Order(StringComparer.Ordinal).ToList();
        if (unused.Count > 0)
            warnings.Add($"{shards.Files[0].Path}: {unused.Count} {(unused.Count == 1 ? "tensor is" : "tensors are")} not part of the "
                + "model and ignored: "
                + string.Join(", ", unused.Take(NamesInWarning).Select(FileFault.Quote)) + (unused.Count > NamesInWarning ? ", ..." : ""));
    }
}
